import { Command, isTrue, listOf, nodeOf, nodesOf, numberOf, outputsOf } from '../tree/nodes.ts';
import type { TreeNode, TreeValue } from '../tree/parse-tree.ts';
import type { Catalog } from './catalog.ts';
import { typeOf } from './expression-type.ts';
import { CASTS, union } from './facts.ts';
import {
  isNullableAggregate,
  isNullableCall,
  isNullableOverWindow,
  isNullForNullOnly,
} from './function-calls.ts';
import type { ArgumentNulls, Inference } from './inference.ts';
import { hasOneRow } from './one-row.ts';
import { isNullableVariable } from './relations.ts';
import { ByScope, isSameTree, narrowed, type Scope, scopeOf } from './scope.ts';
import { columnsOfSetOperation, SetOperation } from './set-operations.ts';

/**
 * Tells which columns of a query's result may be NULL, from the tree that the server has made of it.
 * What is not known may be NULL: every node that is not named here, every function that is not in a list.
 */
export class Nullability implements Inference {
  readonly catalog: Catalog;
  readonly recursive = new ByScope<readonly boolean[]>();
  readonly #arguments: ReadonlyMap<number, ArgumentNulls>;
  readonly #columns = new ByScope<readonly boolean[]>();
  /** Bodies of functions that are being looked into: one may call itself. */
  readonly #bodies: ReadonlySet<TreeNode>;

  readonly #asserted: ReadonlyMap<TreeNode, boolean>;

  /** @param asserted entries of lists of columns of which the query itself says whether they may be NULL */
  constructor(
    catalog: Catalog,
    args: ReadonlyMap<number, ArgumentNulls> = new Map(),
    asserted: ReadonlyMap<TreeNode, boolean> = new Map(),
    bodies: ReadonlySet<TreeNode> = new Set(),
  ) {
    this.catalog = catalog;
    this.#arguments = args;
    this.#asserted = asserted;
    this.#bodies = bodies;
  }

  columns(query: TreeNode, outer: Scope | null = null): readonly boolean[] {
    return this.#columns.get(outer, query, () => this.#columnsOf(query, outer));
  }

  #columnsOf(query: TreeNode, outer: Scope | null): readonly boolean[] {
    const scope = scopeOf(query, outer, this.catalog);
    const operations = nodeOf(query['setOperations']);
    if (query['commandType'] === Command.select && operations !== null) {
      const columns = (subquery: TreeNode): readonly boolean[] => this.columns(subquery, scope);
      return columnsOfSetOperation(operations, query, columns, (left, right = true, operation) => {
        if (operation === SetOperation.union) return left || right;
        // What INTERSECT leaves is in both, what EXCEPT leaves is of the left.
        return operation === SetOperation.intersect ? left && right : left;
      });
    }
    return outputsOf(query).map(
      (target) => this.#asserted.get(target) ?? this.isNullable(target['expr'], scope),
    );
  }

  body(query: TreeNode, args: readonly boolean[]): boolean {
    if (this.#bodies.has(query) || !hasOneRow(query, this.catalog)) return true;
    const nulls = args.map((isNullable, index): [number, ArgumentNulls] => [
      index + 1,
      { isNullable, hasNullableElements: true },
    ]);
    const bodies = new Set(this.#bodies).add(query);
    return (
      new Nullability(this.catalog, new Map(nulls), new Map(), bodies).columns(query)[0] ?? true
    );
  }

  isNullable(value: TreeValue | undefined, scope: Scope): boolean {
    const node = nodeOf(value);
    if (node === null) return true;
    if (scope.groupedBySets.some((each) => isSameTree(each, node))) return true;
    const any = (list: TreeValue | undefined): boolean =>
      listOf(list).some((each) => this.isNullable(each, scope));
    if (node.tag === 'COERCETODOMAIN' && this.catalog.refusesNull(numberOf(node['resulttype']))) {
      return false;
    }
    if (CASTS.has(node.tag)) return this.isNullable(node['arg'], scope);
    switch (node.tag) {
      case 'VAR':
        return isNullableVariable(node, scope, this);
      case 'CONST':
        return node['constisnull'] !== 'false';
      case 'PARAM':
        return this.#parameter(node)?.isNullable ?? true;
      case 'OPEXPR':
      case 'FUNCEXPR':
        return isNullableCall(node, scope, this);
      case 'DISTINCTEXPR':
        // Not of NULLs, but of an operator that answers with it.
        return !isNullForNullOnly(node, this.catalog);
      case 'ARRAY':
      case 'BOOLEANTEST':
      case 'GROUPINGFUNC':
      case 'MERGESUPPORTFUNC':
      case 'NEXTVALUEEXPR':
      case 'NULLTEST':
      case 'ROW':
        return false;
      case 'SQLVALUEFUNCTION':
        // current_schema is NULL where the search path leads nowhere.
        return numberOf(node['op']) >= 14;
      case 'JSONISPREDICATE':
        return this.isNullable(node['expr'], scope);
      case 'NAMEDARGEXPR':
      case 'CONVERTROWTYPEEXPR':
        return this.isNullable(node['arg'], scope);
      case 'COALESCE':
      case 'MINMAX':
        return listOf(node['args']).every((each) => this.isNullable(each, scope));
      case 'BOOLEXPR':
        return this.#boolean(node, scope);
      case 'CASE':
        return this.#case(node, scope);
      case 'SCALARARRAYOPEXPR': {
        const array = listOf(node['args'])[1];
        return (
          any(node['args']) ||
          this.hasNullableElements(array, scope) ||
          !isNullForNullOnly(node, this.catalog)
        );
      }
      case 'SUBLINK':
        return this.#sublink(node, scope);
      case 'AGGREF':
        return isNullableAggregate(node, numberOf(node['aggfnoid']), scope, this);
      case 'WINDOWFUNC':
        return isNullableOverWindow(node, scope, this);
      case 'JSONCONSTRUCTOREXPR':
        if (node['func'] !== null) return this.isNullable(node['func'], scope);
        // JSON_OBJECT and JSON_ARRAY are there whatever is in them; JSON_SCALAR and its like of what they are of.
        return !/^[12]$/.test(String(node['type'])) && any(node['args']);
      default:
        return true;
    }
  }

  #parameter(node: TreeNode): ArgumentNulls | undefined {
    return node['paramkind'] === '0' ? this.#arguments.get(numberOf(node['paramid'])) : undefined;
  }

  /** In `a AND b`, `b` counts only for rows in which `a` is true: what is false decides alone. */
  #boolean(node: TreeNode, scope: Scope): boolean {
    const args = nodesOf(node['args']);
    const nullable = args.filter((each) => this.isNullable(each, scope));
    if (node['boolop'] === 'not' || nullable.length === 0) return nullable.length > 0;
    const known = args
      .filter((each) => !nullable.includes(each))
      .map((each) =>
        node['boolop'] === 'and' ? scope.facts.whenTrue(each) : scope.facts.whenNotTrue(each),
      );
    const rest = narrowed(scope, union(known));
    return rest === scope || nullable.some((each) => this.isNullable(each, rest));
  }

  #case(node: TreeNode, scope: Scope): boolean {
    if (node['defresult'] === null) return true;
    let rest = scope;
    for (const branch of nodesOf(node['args'])) {
      // `CASE x WHEN y` compares a stand-in for x, of which nothing is known.
      const condition = node['arg'] === null ? branch['expr'] : null;
      const inside = narrowed(rest, scope.facts.whenTrue(condition));
      if (this.isNullable(branch['result'], inside)) return true;
      rest = narrowed(rest, scope.facts.whenNotTrue(condition));
    }
    return this.isNullable(node['defresult'], rest);
  }

  #sublink(node: TreeNode, scope: Scope): boolean {
    const query = nodeOf(node['subselect']);
    if (query === null) return true;
    switch (node['subLinkType']) {
      case '0': // EXISTS
      case '6': // ARRAY(…)
        return false;
      case '1': // ALL
      case '2': {
        // ANY
        const test = nodeOf(node['testexpr']);
        const isSafe = test?.tag === 'OPEXPR' && isNullForNullOnly(test, this.catalog);
        if (test === null || !isSafe) return true;
        const left = nodesOf(test['args']).filter((each) => !isStandIn(each));
        return (
          left.some((each) => this.isNullable(each, scope)) ||
          this.columns(query, scope).some((isNullable) => isNullable)
        );
      }
      case '4': // a scalar
        return !hasOneRow(query, this.catalog) || (this.columns(query, scope)[0] ?? true);
      default:
        return true;
    }
  }

  hasNullableElements(value: TreeValue | undefined, scope: Scope): boolean {
    const node = nodeOf(value);
    switch (node?.tag) {
      case 'ARRAY':
        return listOf(node['elements']).some((each) =>
          isTrue(node['multidims'])
            ? this.hasNullableElements(each, scope)
            : this.isNullable(each, scope),
        );
      case 'PARAM':
        return this.#parameter(node)?.hasNullableElements ?? true;
      case 'SUBLINK': {
        const query = nodeOf(node['subselect']);
        if (node['subLinkType'] !== '6' || query === null) return true;
        // Of arrays it makes one array of more dimensions, whose elements are theirs.
        const type = typeOf(nodeOf(outputsOf(query)[0]?.['expr']));
        if (!this.catalog.isScalar(type) || this.catalog.isArray(type)) return true;
        return this.columns(query, scope)[0] ?? true;
      }
      case 'RELABELTYPE':
        return this.hasNullableElements(node['arg'], scope);
      case 'COALESCE':
        return listOf(node['args']).some((each) => this.hasNullableElements(each, scope));
      default:
        // The elements of a constant are bytes that are not read.
        return true;
    }
  }
}

/** What stands for a row's value in the comparison of `x = ANY (SELECT …)`. */
function isStandIn(node: TreeNode): boolean {
  if (CASTS.has(node.tag)) {
    const inner = nodeOf(node['arg']);
    return inner !== null && isStandIn(inner);
  }
  return node.tag === 'PARAM' && node['paramkind'] !== '0';
}
