import { isTrue, Join, listOf, nodeOf, nodesOf, numberOf, Rte } from '../tree/nodes.ts';
import type { TreeNode, TreeValue } from '../tree/parse-tree.ts';
import type { Catalog, KnownFunction } from './catalog.ts';

/** A variable of one query by the numbers of its relation and its attribute: `2.1`. */
export type Variable = string;

/** `FirstNormalObjectId` of PostgreSQL. */
const FIRST_OBJECT_OF_USERS = 16384;

function variableOf(node: TreeNode): Variable {
  return `${String(node['varno'])}.${String(node['varattno'])}`;
}

export function union(sets: readonly ReadonlySet<Variable>[]): Set<Variable> {
  return new Set(sets.flatMap((set) => [...set]));
}

function intersection(sets: readonly ReadonlySet<Variable>[]): Set<Variable> {
  const [first = new Set<Variable>(), ...others] = sets;
  return new Set([...first].filter((variable) => others.every((set) => set.has(variable))));
}

/** The function that an operator or a call executes. */
export function functionOf(node: TreeNode, catalog: Catalog): KnownFunction | undefined {
  return catalog.functionOf(numberOf(node['opfuncid'] ?? node['funcid']));
}

/** What only passes on the value of its `arg`, as another type. */
export const CASTS = new Set([
  'RELABELTYPE',
  'COERCEVIAIO',
  'ARRAYCOERCEEXPR',
  'COERCETODOMAIN',
  'COLLATEEXPR',
]);

/**
 * What an expression says of the variables of its own query: which of them are not NULL when it is true,
 * when it is not NULL, or when it is not true. Always fewer than there are, never more.
 */
export class Facts {
  readonly #catalog: Catalog;
  readonly #query: TreeNode;

  constructor(catalog: Catalog, query: TreeNode) {
    this.#catalog = catalog;
    this.#query = query;
  }

  /** A list of expressions is their conjunction. */
  whenTrue(value: TreeValue | undefined): Set<Variable> {
    const node = nodeOf(value);
    if (node === null) return union(nodesOf(value).map((each) => this.whenTrue(each)));
    const args = nodesOf(node['args']);
    switch (node.tag) {
      case 'BOOLEXPR':
        if (node['boolop'] === 'and') return union(args.map((each) => this.whenTrue(each)));
        if (node['boolop'] === 'or') return intersection(args.map((each) => this.whenTrue(each)));
        return this.#whenFalse(args[0]);
      case 'NULLTEST':
        return this.#isNotNullTest(node) ? this.whenNotNull(node['arg']) : new Set();
      case 'BOOLEANTEST':
        return this.#whenTestIsTrue(node);
      case 'SCALARARRAYOPEXPR': {
        // Of an empty array ALL is true, whatever is compared with it. One made of arrays is empty if these are.
        const array = args[1];
        const hasElements =
          array?.tag === 'ARRAY' &&
          !isTrue(array['multidims']) &&
          listOf(array['elements']).length > 0;
        const needsLeft = isTrue(node['useOr']) || hasElements;
        return needsLeft && this.#isStrict(node) ? this.whenNotNull(args[0]) : new Set();
      }
      case 'SUBLINK':
        return node['subLinkType'] === '2' ? this.whenTrue(node['testexpr']) : new Set();
      default:
        return this.whenNotNull(node);
    }
  }

  whenNotNull(value: TreeValue | undefined): Set<Variable> {
    const node = nodeOf(value);
    if (node === null) return new Set();
    if (CASTS.has(node.tag)) return this.whenNotNull(node['arg']);
    const args = nodesOf(node['args']);
    switch (node.tag) {
      case 'VAR':
        return this.#variable(node);
      case 'OPEXPR':
      case 'FUNCEXPR':
        return this.#isStrict(node) ? union(args.map((each) => this.whenNotNull(each))) : new Set();
      case 'NULLIF':
        return this.whenNotNull(args[0]);
      case 'ROWCOMPAREEXPR':
        return this.#firstPair(node);
      case 'BOOLEXPR':
        // `NULL AND false` is not NULL.
        return node['boolop'] === 'not'
          ? this.whenNotNull(args[0])
          : intersection(args.map((each) => this.whenNotNull(each)));
      default:
        return new Set();
    }
  }

  /** Of `(a, b) < (c, d)`: the first pair decides, unless it is of equals. */
  #firstPair(comparison: TreeNode): Set<Variable> {
    // Who makes an operator class may have its function answer for NULL.
    const isOfServer = numberOf(listOf(comparison['opfamilies'])[0]) < FIRST_OBJECT_OF_USERS;
    const sides = isOfServer ? [comparison['largs'], comparison['rargs']] : [];
    return union(sides.map((side) => this.whenNotNull(listOf(side)[0])));
  }

  whenNotTrue(value: TreeValue | undefined): Set<Variable> {
    const node = nodeOf(value);
    if (node?.tag === 'NULLTEST' && node['nulltesttype'] === '0' && !isTrue(node['argisrow'])) {
      return this.whenNotNull(node['arg']);
    }
    if (node?.tag !== 'BOOLEXPR' || node['boolop'] === 'not') return new Set();
    const args = nodesOf(node['args']).map((each) => this.whenNotTrue(each));
    return node['boolop'] === 'or' ? union(args) : intersection(args);
  }

  #whenFalse(value: TreeValue | undefined): Set<Variable> {
    const node = nodeOf(value);
    if (node?.tag !== 'BOOLEXPR') return union([this.whenNotNull(value), this.whenNotTrue(value)]);
    const args = nodesOf(node['args']);
    if (node['boolop'] === 'not') return this.whenTrue(args[0]);
    const each = args.map((arg) => this.#whenFalse(arg));
    return node['boolop'] === 'or' ? union(each) : intersection(each);
  }

  #whenTestIsTrue(test: TreeNode): Set<Variable> {
    switch (test['booltesttype']) {
      case '0': // IS TRUE
        return this.whenTrue(test['arg']);
      case '1': // IS NOT TRUE
        return this.whenNotTrue(test['arg']);
      case '2': // IS FALSE
        return this.#whenFalse(test['arg']);
      case '5': // IS NOT UNKNOWN
        return this.whenNotNull(test['arg']);
      default:
        return new Set();
    }
  }

  /** A variable, and what it stands for where it is that of a join or of a group. */
  #variable(node: TreeNode): Set<Variable> {
    const attribute = numberOf(node['varattno']);
    if (numberOf(node['varlevelsup']) !== 0 || attribute === 0) return new Set();
    const itself = new Set([variableOf(node)]);
    const relation = nodesOf(this.#query['rtable'])[numberOf(node['varno']) - 1];
    if (relation === undefined || attribute < 0) return itself;
    if (relation['rtekind'] === Rte.join) {
      return union([itself, this.whenNotNull(listOf(relation['joinaliasvars'])[attribute - 1])]);
    }
    if (relation['rtekind'] === Rte.group) {
      return union([itself, this.whenNotNull(listOf(relation['groupexprs'])[attribute - 1])]);
    }
    return itself;
  }

  /** `IS NOT NULL` of a row asks for all of its fields, and is no help. */
  #isNotNullTest(node: TreeNode): boolean {
    return node['nulltesttype'] === '1' && !isTrue(node['argisrow']);
  }

  #isStrict(node: TreeNode): boolean {
    const known = functionOf(node, this.#catalog);
    return known?.isStrict === true && !known.returnsSet;
  }
}

/** Whether an ON clause holds for every row that comes out of a join. */
export function isInnerJoin(join: TreeNode): boolean {
  return join['jointype'] === Join.inner || join['jointype'] === Join.semi;
}
