import { Command, Join, nodeOf, nodesOf, numberOf } from '../tree/nodes.ts';
import type { TreeNode, TreeValue } from '../tree/parse-tree.ts';
import type { Catalog } from './catalog.ts';
import { isTrueConstant } from './constants.ts';
import { Facts, isInnerJoin, type Variable } from './facts.ts';
import { itemHasOneRow } from './one-row.ts';

/** What holds inside of one query, for the rows that come out of it. */
export interface Scope {
  readonly query: TreeNode;
  /** The query around it, whose variables it may use. */
  readonly outer: Scope | null;
  readonly facts: Facts;
  /** Variables that are not NULL, as WHERE, HAVING and the ON of inner joins say. */
  readonly notNull: ReadonlySet<Variable>;
  /** For each relation the outer joins that may put NULLs in its place. */
  readonly nulledBy: ReadonlyMap<number, ReadonlySet<number>>;
  /** Outer joins that are inner ones in effect, as the rows that they make up are thrown away. */
  readonly reduced: ReadonlySet<number>;
  /**
   * Expressions of grouping sets, in whose place NULL is where they are in none. From 18 on the server has
   * variables in their place; before, they stand as they were written, whole or within others.
   */
  readonly groupedBySets: readonly TreeNode[];
  /** Where this scope is of a branch of CASE or the like, which not every row comes to: that of all rows. */
  readonly ofAllRows: Scope | null;
  /** What a round of working out its recursive CTEs takes for granted of their columns. */
  readonly recursive: ReadonlyMap<TreeNode, readonly boolean[]>;
}

/** What was worked out of queries, in the scope around each: more or less is known in another one. */
export class ByScope<T> {
  /** Of queries that no other is around, such as those of views. */
  readonly #outermost = new Map<TreeNode, T>();
  readonly #inner = new WeakMap<Scope, Map<TreeNode, T>>();

  get(outer: Scope | null, query: TreeNode, workOut: () => T): T {
    const known = this.#within(outer);
    let found = known.get(query);
    if (found === undefined) {
      found = workOut();
      known.set(query, found);
    }
    return found;
  }

  #within(outer: Scope | null): Map<TreeNode, T> {
    if (outer === null) return this.#outermost;
    const known = this.#inner.get(outer) ?? new Map<TreeNode, T>();
    this.#inner.set(outer, known);
    return known;
  }
}

/** The same scope where more variables are known to be not NULL. */
export function narrowed(scope: Scope, more: ReadonlySet<Variable>): Scope {
  if (more.size === 0) return scope;
  return {
    ...scope,
    notNull: new Set([...scope.notNull, ...more]),
    ofAllRows: scope.ofAllRows ?? scope,
  };
}

/** The scope of a query some levels further out, as `varlevelsup` counts. */
export function scopeAbove(scope: Scope, levels: number): Scope | null {
  let at: Scope | null = scope;
  for (let level = 0; level < levels; level += 1) at = at?.outer ?? null;
  return at;
}

/** Works out the scope of a query. */
export function scopeOf(query: TreeNode, outer: Scope | null, catalog: Catalog): Scope {
  const facts = new Facts(catalog, query);
  const joins = joinsOf(query['jointree']);
  const nulledBy = new Map<number, Set<number>>();
  for (const join of joins) {
    for (const relation of nulledRelations(join)) {
      const nullers = nulledBy.get(relation) ?? new Set();
      nulledBy.set(relation, nullers.add(numberOf(join['rtindex'])));
    }
  }
  const notNull = new Set<Variable>();
  const reduced = new Set(
    joins.filter((each) => findsRow(each, query, catalog)).map((each) => numberOf(each['rtindex'])),
  );
  // What is found makes outer joins inner ones, whose ON clauses say more: until nothing is added.
  for (let before = -1; before < notNull.size + reduced.size; ) {
    before = notNull.size + reduced.size;
    for (const condition of conditions(query['jointree'], reduced)) {
      for (const variable of facts.whenTrue(condition)) notNull.add(variable);
    }
    const needed = new Set([...notNull].map((variable) => Number(variable.split('.')[0])));
    for (const join of joins) {
      if (join['jointype'] === Join.full) continue;
      if (nulledRelations(join).some((relation) => needed.has(relation))) {
        reduced.add(numberOf(join['rtindex']));
      }
    }
  }
  forgetOldRow(query, notNull);
  for (const variable of facts.whenTrue(query['havingQual'])) notNull.add(variable);
  const groupedBySets = groupingSetsOf(query);
  return {
    ...{ query, outer, facts, notNull, nulledBy, reduced, groupedBySets },
    ...{ ofAllRows: null, recursive: new Map() },
  };
}

/** Whether an outer join finds a row for every one: `LEFT JOIN LATERAL (SELECT count(*) …) ON true`. */
function findsRow(join: TreeNode, query: TreeNode, catalog: Catalog): boolean {
  if (!isTrueConstant(join['quals'])) return false;
  const other = { [Join.left]: join['rarg'], [Join.right]: join['larg'] }[String(join['jointype'])];
  const item = nodeOf(other);
  return item !== null && itemHasOneRow(item, query, catalog);
}

function groupingSetsOf(query: TreeNode): TreeNode[] {
  if (nodesOf(query['groupingSets']).length === 0) return [];
  const groups = new Set(
    nodesOf(query['groupClause']).map((each) => String(each['tleSortGroupRef'])),
  );
  return nodesOf(query['targetList'])
    .filter((target) => groups.has(String(target['ressortgroupref'])))
    .flatMap((target) => nodesOf(target['expr']));
}

/** Whether two trees are the same but for their places in the text. */
export function isSameTree(one: TreeValue | undefined, other: TreeValue | undefined): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) {
    return false;
  }
  const places = (field: string): boolean => field === 'location' || field.endsWith('location');
  const fields = Object.entries(one).filter(([field]) => !places(field));
  const others = new Map(Object.entries(other).filter(([field]) => !places(field)));
  return (
    fields.length === others.size &&
    fields.every(([field, value]) => others.has(field) && isSameTree(value, others.get(field)))
  );
}

/** WHERE has seen the row of before, RETURNING sees the one of after. */
function forgetOldRow(query: TreeNode, notNull: Set<Variable>): void {
  const command = query['commandType'];
  if (command === Command.select || command === Command.delete) return;
  for (const variable of notNull) {
    if (variable.startsWith(`${String(query['resultRelation'])}.`)) notNull.delete(variable);
  }
}

function joinsOf(value: TreeValue | undefined): TreeNode[] {
  const node = nodeOf(value);
  if (node?.tag === 'FROMEXPR') return nodesOf(node['fromlist']).flatMap(joinsOf);
  if (node?.tag !== 'JOINEXPR') return [];
  return [node, ...joinsOf(node['larg']), ...joinsOf(node['rarg'])];
}

/** The relations, joins among them, for which an outer join makes up rows of NULLs. */
function nulledRelations(join: TreeNode): number[] {
  const type = join['jointype'];
  const left = type === Join.right || type === Join.full ? relationsOf(join['larg']) : [];
  const right = type === Join.left || type === Join.full ? relationsOf(join['rarg']) : [];
  return [...left, ...right];
}

function relationsOf(value: TreeValue | undefined): number[] {
  const node = nodeOf(value);
  if (node === null) return [];
  if (node.tag === 'RANGETBLREF') return [numberOf(node['rtindex'])];
  if (node.tag === 'FROMEXPR') return nodesOf(node['fromlist']).flatMap(relationsOf);
  return [numberOf(node['rtindex']), ...relationsOf(node['larg']), ...relationsOf(node['rarg'])];
}

/** The conditions that hold for every row that comes out of a join tree. */
function conditions(value: TreeValue | undefined, reduced: ReadonlySet<number>): TreeValue[] {
  const node = nodeOf(value);
  if (node?.tag === 'FROMEXPR') {
    const inner = nodesOf(node['fromlist']).flatMap((each) => conditions(each, reduced));
    return [...inner, node['quals'] ?? null];
  }
  if (node?.tag !== 'JOINEXPR') return [];
  if (isInnerJoin(node) || reduced.has(numberOf(node['rtindex']))) {
    const sides = [node['larg'], node['rarg']].flatMap((each) => conditions(each, reduced));
    return [...sides, node['quals'] ?? null];
  }
  if (node['jointype'] === Join.left) return conditions(node['larg'], reduced);
  if (node['jointype'] === Join.right) return conditions(node['rarg'], reduced);
  return [];
}
