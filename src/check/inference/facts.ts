import { isTrue, Join, listOf, nodeOf, nodesOf, numberOf, Rte } from '../tree/nodes.ts';
import type { TreeNode, TreeValue } from '../tree/parse-tree.ts';
import type { Catalog, KnownFunction } from './catalog.ts';

/** A variable of one query by the numbers of its relation and its attribute: `2.1`. */
export type Variable = string;

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
        return this.whenNotNull(args[0]);
      case 'NULLTEST':
        return this.#isNotNullTest(node) ? this.whenNotNull(node['arg']) : new Set();
      case 'BOOLEANTEST':
        // IS TRUE, IS FALSE, IS NOT UNKNOWN.
        return ['0', '2', '5'].includes(String(node['booltesttype']))
          ? this.whenNotNull(node['arg'])
          : new Set();
      case 'SCALARARRAYOPEXPR': {
        // Of an empty array ALL is true, whatever is compared with it.
        const array = args[1];
        const hasElements = array?.tag === 'ARRAY' && listOf(array['elements']).length > 0;
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
      case 'BOOLEXPR':
        // `NULL AND false` is not NULL.
        return node['boolop'] === 'not'
          ? this.whenNotNull(args[0])
          : intersection(args.map((each) => this.whenNotNull(each)));
      default:
        return new Set();
    }
  }

  whenNotTrue(value: TreeValue | undefined): Set<Variable> {
    const node = nodeOf(value);
    if (node?.tag === 'NULLTEST' && node['nulltesttype'] === '0' && !isTrue(node['argisrow'])) {
      return this.whenNotNull(node['arg']);
    }
    if (node?.tag === 'BOOLEXPR' && node['boolop'] === 'or') {
      return union(nodesOf(node['args']).map((each) => this.whenNotTrue(each)));
    }
    return new Set();
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
