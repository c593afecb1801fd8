import { Command, isTrue, listOf, nodeOf, nodesOf, numberOf, Rte } from '../tree/nodes.ts';
import type { TreeNode, TreeValue } from '../tree/parse-tree.ts';
import type { Catalog, KnownColumn, KnownFunction } from './catalog.ts';
import { CASTS } from './facts.ts';
import type { ArgumentNulls } from './inference.ts';

/** What a statement's tree tells of one of its parameters. */
export interface Parameter extends ArgumentNulls {
  /** What it is compared with or assigned to: a column, an argument of a function, `limit`. */
  readonly name: string | null;
  /** The column that it is assigned to or compared with. */
  readonly column: KnownColumn | null;
}

/** The parameters of a statement by their number, those that are used nowhere left out. */
export function parametersOf(tree: TreeValue, catalog: Catalog): ReadonlyMap<number, Parameter> {
  const finder = new ParameterFinder(catalog);
  for (const query of nodesOf(tree)) finder.query(query, null);
  return finder.found;
}

interface Found {
  isNullable: boolean;
  hasNullableElements: boolean;
  name: string | null;
  column: KnownColumn | null;
}

interface Level {
  readonly query: TreeNode;
  readonly outer: Level | null;
}

class ParameterFinder {
  readonly found = new Map<number, Found>();
  readonly #catalog: Catalog;

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  query(query: TreeNode, outer: Level | null): void {
    const level = { query, outer };
    const command = query['commandType'];
    if (command === Command.insert || command === Command.update || command === Command.merge) {
      const target = nodesOf(query['rtable'])[numberOf(query['resultRelation']) - 1];
      const table = numberOf(target?.['relid']);
      const assignments = [
        ...nodesOf(query['targetList']).filter((each) => !isTrue(each['resjunk'])),
        ...nodesOf(nodeOf(query['onConflict'])?.['onConflictSet']),
        ...nodesOf(query['mergeActionList']).flatMap((each) => nodesOf(each['targetList'])),
      ];
      for (const each of assignments) {
        const column = this.#catalog.column(table, numberOf(each['resno']));
        if (column !== undefined) this.#assign(each['expr'], column, query);
      }
    }
    for (const [field, name] of [
      ['limitCount', 'limit'],
      ['limitOffset', 'offset'],
    ] as const) {
      this.#note(query[field], { name });
    }
    for (const field of Object.values(query)) this.#walk(field, level);
  }

  /** What is assigned to a column takes its name, and NULL if the column does. */
  #assign(value: TreeValue | undefined, column: KnownColumn, query: TreeNode): void {
    const isNullable = !column.refusesNull;
    // An array in a column may have NULLs, as one that is read from it.
    const says = { name: column.name, isNullable, hasNullableElements: true, column };
    if (this.#note(value, says)) return;
    const node = withoutCasts(value);
    this.#assignParts(node, column, query);
    if (node?.tag !== 'VAR' || numberOf(node['varlevelsup']) !== 0) return;
    const relation = nodesOf(query['rtable'])[numberOf(node['varno']) - 1];
    const index = numberOf(node['varattno']) - 1;
    switch (relation?.['rtekind']) {
      case Rte.values:
        for (const row of listOf(relation['values_lists'])) {
          this.#assign(listOf(row)[index], column, query);
        }
        break;
      case Rte.subquery: {
        const subquery = nodeOf(relation['subquery']);
        const target = nodesOf(subquery?.['targetList'])[index];
        if (subquery !== null) this.#assign(target?.['expr'], column, subquery);
        break;
      }
      case Rte.function: {
        // unnest($1, $2): each array has what goes into a column.
        const functions = nodesOf(relation['functions']);
        const call = nodeOf((functions.length > 1 ? functions[index] : functions[0])?.['funcexpr']);
        const known = this.#catalog.functionOf(numberOf(call?.['funcid']));
        if (known?.schema !== 'pg_catalog' || known.name !== 'unnest') break;
        this.#note(listOf(call?.['args'])[0], {
          name: plural(column.name),
          hasNullableElements: isNullable,
        });
        break;
      }
      default:
    }
  }

  /** What is assigned by way of an expression that gives it, or NULL for NULL. */
  #assignParts(node: TreeNode | null, column: KnownColumn, query: TreeNode): void {
    const args = listOf(node?.['args']);
    switch (node?.tag) {
      case 'COALESCE':
        for (const each of args) {
          this.#note(each, { name: column.name, isNullable: true, hasNullableElements: true });
        }
        break;
      case 'CASE':
        for (const each of [...nodesOf(args).map(({ result }) => result), node['defresult']]) {
          this.#assign(each, column, query);
        }
        break;
      case 'NULLIF':
        this.#assign(args[0], column, query);
        break;
      case 'FUNCEXPR': {
        // `lower($1)`, `left($1, 80)`.
        const known = this.#catalog.functionOf(numberOf(node['funcid']));
        const isNullable = known?.isStrict === true && !column.refusesNull;
        if (known?.schema === 'pg_catalog') this.#note(args[0], { name: column.name, isNullable });
        break;
      }
      default:
    }
  }

  #walk(value: TreeValue | undefined, level: Level): void {
    const node = nodeOf(value);
    if (node === null) {
      if (typeof value === 'object') for (const each of listOf(value)) this.#walk(each, level);
      return;
    }
    if (node.tag === 'QUERY') {
      this.query(node, level);
      return;
    }
    this.#look(node, level);
    for (const field of Object.values(node)) this.#walk(field, level);
  }

  #look(node: TreeNode, level: Level): void {
    const args = listOf(node['args']);
    const [left, right] = args;
    switch (node.tag) {
      case 'PARAM':
        this.#note(node, {});
        break;
      case 'NULLTEST':
        this.#note(node['arg'], { isNullable: true });
        break;
      case 'DISTINCTEXPR':
      case 'OPEXPR':
        this.#compare([left, right], node.tag === 'DISTINCTEXPR', level);
        break;
      case 'ROWCOMPAREEXPR':
        listOf(node['largs']).forEach((each, index) => {
          this.#compare([each, listOf(node['rargs'])[index]], false, level);
        });
        break;
      case 'COALESCE': {
        const names = args.map((each) => this.#columnName(each, level));
        const name = names.find((each) => each !== null) ?? null;
        for (const each of args) {
          this.#note(each, { name, isNullable: true, hasNullableElements: true });
        }
        break;
      }
      case 'SCALARARRAYOPEXPR': {
        const name = this.#columnName(left, level);
        this.#note(right, { name: name === null ? null : plural(name) });
        const array = nodeOf(right);
        if (array?.tag === 'ARRAY') {
          for (const each of listOf(array['elements'])) this.#note(each, { name });
        }
        break;
      }
      case 'FUNCEXPR': {
        if (node['funcformat'] !== '0') break;
        const known = this.#catalog.functionOf(numberOf(node['funcid']));
        const isNullable = known !== undefined && takesNull(known);
        args.forEach((each, index) => {
          const name = known?.argumentNames[index];
          this.#note(each, { name: name === '' ? null : (name ?? null), isNullable });
        });
        break;
      }
      default:
    }
  }

  /** What a parameter is compared with gives it its name. */
  #compare(
    [left, right]: readonly (TreeValue | undefined)[],
    isNullable: boolean,
    level: Level,
  ): void {
    for (const [one, other] of [
      [left, right],
      [right, left],
    ]) {
      const name = this.#columnName(other, level);
      const column = this.#column(other, level);
      // A whole array is compared with others, which may have NULLs.
      this.#note(one, { name, isNullable, hasNullableElements: true, column });
    }
  }

  /** Notes what a place says of the parameter that is in it. False if there is none. */
  #note(value: TreeValue | undefined, says: Partial<Parameter>): boolean {
    const node = withoutCasts(value);
    if (node?.tag !== 'PARAM' || node['paramkind'] !== '0') return false;
    const number = numberOf(node['paramid']);
    const found = this.found.get(number) ?? {
      isNullable: false,
      hasNullableElements: false,
      name: null,
      column: null,
    };
    found.isNullable ||= says.isNullable ?? false;
    found.hasNullableElements ||= says.hasNullableElements ?? false;
    found.name ??= says.name ?? null;
    found.column ??= says.column ?? null;
    this.found.set(number, found);
    return true;
  }

  /** The column of a table that an expression is. */
  #column(value: TreeValue | undefined, level: Level): KnownColumn | null {
    const node = nodeOf(value);
    if (node?.tag !== 'VAR' || numberOf(node['varlevelsup']) !== 0) return null;
    const relation = nodesOf(level.query['rtable'])[numberOf(node['varno']) - 1];
    const table = numberOf(relation?.['relid']);
    if (relation?.['rtekind'] !== Rte.relation) return null;
    return this.#catalog.column(table, numberOf(node['varattno'])) ?? null;
  }

  /** The name of the column that an expression is, or is made of in the first place: `lower(email)`. */
  #columnName(value: TreeValue | undefined, level: Level): string | null {
    const node = withoutCasts(value);
    if (node?.tag === 'FUNCEXPR') return this.#columnName(listOf(node['args'])[0], level);
    if (node?.tag !== 'VAR') return null;
    let at: Level | null = level;
    for (let up = numberOf(node['varlevelsup']); up > 0; up -= 1) at = at?.outer ?? null;
    const relation = nodesOf(at?.query['rtable'])[numberOf(node['varno']) - 1];
    const names = listOf(nodeOf(relation?.['eref'])?.['colnames']);
    const name = names[numberOf(node['varattno']) - 1];
    return typeof name === 'string' && name !== '' ? name : null;
  }
}

function withoutCasts(value: TreeValue | undefined): TreeNode | null {
  const node = nodeOf(value);
  if (node === null) return null;
  if (CASTS.has(node.tag)) return withoutCasts(node['arg']);
  const isCast = node.tag === 'FUNCEXPR' && /^[12]$/.test(String(node['funcformat']));
  return isCast ? withoutCasts(listOf(node['args'])[0]) : node;
}

/**
 * Whether NULL is meant to be given to a function: to those of the user's own that are called for it. Of a
 * formula, `RETURN a + b`, it would make NULL.
 */
function takesNull({ isStrict, schema, name, body }: KnownFunction): boolean {
  if (isStrict) return false;
  if (schema !== 'pg_catalog') return body === null;
  return /^(jsonb?_build_|concat|format)/.test(name);
}

function plural(name: string): string {
  return name.endsWith('s') ? name : `${name}s`;
}
