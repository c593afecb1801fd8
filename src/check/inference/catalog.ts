import type { Connection } from 'asyncpg';
import { isTrue, listOf, nodeOf, nodesOf, numberOf, outputsOf, walk } from '../tree/nodes.ts';
import { parseTree, type TreeNode, type TreeValue } from '../tree/parse-tree.ts';
import { typeOf } from './expression-type.ts';

/** What is known of a function from `pg_proc`. */
export interface KnownFunction {
  readonly name: string;
  readonly schema: string;
  readonly language: string;
  /** The name of the C function, of a function in the language `internal`. */
  readonly source: string;
  readonly isStrict: boolean;
  readonly returnsSet: boolean;
  readonly isAggregate: boolean;
  /** A C function that is an operator of an index's class. */
  readonly isIndexOperator: boolean;
  readonly argumentNames: readonly string[];
  /** How many arguments it takes, and what stands for the last of them where they are left out. */
  readonly argumentCount: number;
  readonly defaults: readonly TreeValue[];
  /** The analyzed body of a function of the form `RETURN …`. */
  readonly body: TreeNode | null;
}

/** What is known of a table's column. */
export interface KnownColumn {
  readonly schema: string;
  readonly table: string;
  readonly number: number;
  /** The object id of its type. */
  readonly type: number;
  readonly name: string;
  /** Whether its values are never NULL. */
  readonly isNotNull: boolean;
  /** Whether NULL cannot be assigned to it: also where values can be NULL all the same, as in a domain. */
  readonly refusesNull: boolean;
}

/** What is known of a table besides its columns. */
interface KnownRelation {
  /** Whether it has rules, which make something else of what is done with it. */
  readonly hasRules: boolean;
  /** A table, and nothing that may keep a row away without an error: no rules, no triggers. */
  readonly isPlain: boolean;
}

/** What is known of a type. */
interface KnownType {
  readonly isScalar: boolean;
  readonly isArray: boolean;
  readonly refusesNull: boolean;
}

/** The type that a node makes or is made of, where more of it matters than its number. */
function typeAskedFor(node: TreeNode): number {
  if (node.tag === 'FUNCEXPR') return numberOf(node['funcresulttype']);
  if (node.tag === 'COERCETODOMAIN') return numberOf(node['resulttype']);
  const query = node.tag === 'SUBLINK' ? nodeOf(node['subselect']) : null;
  return query === null ? 0 : typeOf(nodeOf(outputsOf(query)[0]?.['expr']));
}

/**
 * What the trees refer to by object id, asked of the server's catalogs once: functions, tables, and the
 * trees of views.
 */
export class Catalog {
  readonly #connection: Connection;
  readonly #functions = new Map<number, KnownFunction>();
  readonly #columns = new Map<number, Map<number, KnownColumn>>();
  readonly #relations = new Map<number, KnownRelation>();
  readonly #types = new Map<number, KnownType>();
  readonly #views = new Map<number, TreeNode>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  functionOf(oid: number): KnownFunction | undefined {
    return this.#functions.get(oid);
  }

  column(table: number, number: number): KnownColumn | undefined {
    return this.#columns.get(table)?.get(number);
  }

  /** The columns of a table that are there, in their order. */
  columns(table: number): readonly KnownColumn[] {
    return [...(this.#columns.get(table)?.values() ?? [])];
  }

  hasRules(table: number): boolean {
    return this.#relations.get(table)?.hasRules ?? true;
  }

  isPlainTarget(table: number): boolean {
    return this.#relations.get(table)?.isPlain ?? false;
  }

  /** Whether a type is known to be no row's, nor a domain of one. */
  isScalar(type: number): boolean {
    return this.#types.get(type)?.isScalar ?? false;
  }

  /** Whether this type is one of arrays, also of arrays of arrays. */
  isArray(type: number): boolean {
    return this.#types.get(type)?.isArray ?? false;
  }

  /** Whether a cast to this type fails for NULL. */
  refusesNull(type: number): boolean {
    return this.#types.get(type)?.refusesNull ?? false;
  }

  /** The query of a view, or of a materialized one. */
  view(oid: number): TreeNode | undefined {
    return this.#views.get(oid);
  }

  /** Asks for all that is in these trees and not known yet, and for what is in the trees of that. */
  async load(tree: TreeValue): Promise<void> {
    const functions = new Set<number>();
    const relations = new Set<number>();
    const types = new Set<number>();
    walk(tree, (node) => {
      for (const field of ['opfuncid', 'funcid', 'aggfnoid', 'winfnoid']) {
        const oid = numberOf(node[field]);
        if (oid > 0 && !this.#functions.has(oid)) functions.add(oid);
      }
      const type = typeAskedFor(node);
      if (type > 0 && !this.#types.has(type)) types.add(type);
      const relation = numberOf(node['relid']);
      if (node.tag === 'RANGETBLENTRY' && relation > 0 && !this.#columns.has(relation)) {
        relations.add(relation);
      }
      return true;
    });
    if (types.size > 0) await this.#loadTypes([...types]);
    if (functions.size > 0) await this.#loadFunctions([...functions]);
    if (relations.size > 0) await this.#loadRelations([...relations]);
  }

  async #loadTypes(oids: readonly number[]): Promise<void> {
    const rows = await this.#connection.fetch(
      `WITH RECURSIVE types AS (
         SELECT oid AS type, oid, typtype, typnotnull, typbasetype,
           typelem <> 0 AND typarray = 0 AS is_array FROM pg_catalog.pg_type
         WHERE oid = ANY ($1::int8[]::oid[])
         UNION ALL
         SELECT types.type, t.oid, t.typtype, t.typnotnull, t.typbasetype, false
         FROM types JOIN pg_catalog.pg_type t ON t.oid = types.typbasetype WHERE types.typtype = 'd'
       )
       SELECT type::int8, bool_or(typtype = 'd' AND typnotnull) AS refuses_null,
         bool_and(typtype IN ('b', 'd', 'e', 'm', 'r')) AS scalar, bool_or(is_array) AS is_array
       FROM types GROUP BY type`,
      oids,
    );
    for (const row of rows) {
      this.#types.set(Number(row['type']), {
        isScalar: row['scalar'],
        isArray: row['is_array'],
        refusesNull: row['refuses_null'],
      });
    }
  }

  async #loadFunctions(oids: readonly number[]): Promise<void> {
    const rows = await this.#connection.fetch(
      `SELECT p.oid::int8, p.proname AS name, n.nspname AS schema, l.lanname AS language,
         p.prosrc AS source, p.proisstrict AS strict, p.proretset AS returns_set,
         p.prokind = 'a' AS aggregate, p.proargnames AS argument_names, p.prosqlbody::text AS body,
         p.pronargs AS argument_count, p.proargdefaults::text AS defaults,
         l.lanname = 'c' AND EXISTS (
           SELECT FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_amop a ON a.amopopr = o.oid
           WHERE o.oprcode = p.oid) AS index_operator
       FROM pg_catalog.pg_proc p
       JOIN pg_catalog.pg_language l ON l.oid = p.prolang
       JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
       WHERE p.oid = ANY ($1::int8[]::oid[])`,
      oids,
    );
    const bodies: TreeValue[] = [];
    for (const row of rows) {
      const body = row['body'] === null ? null : nodeOf(parseTree(row['body']));
      const returned = body !== null && isTrue(body['isReturn']) ? body : null;
      const defaults = row['defaults'] === null ? [] : listOf(parseTree(row['defaults']));
      bodies.push(returned, defaults);
      this.#functions.set(Number(row['oid']), {
        name: row['name'],
        schema: row['schema'],
        language: row['language'],
        source: row['source'],
        isStrict: row['strict'],
        returnsSet: row['returns_set'],
        isAggregate: row['aggregate'],
        isIndexOperator: row['index_operator'],
        argumentNames: row['argument_names'] ?? [],
        argumentCount: row['argument_count'],
        defaults,
        body: returned,
      });
    }
    await this.load(bodies);
  }

  async #loadRelations(oids: readonly number[]): Promise<void> {
    for (const oid of oids) this.#columns.set(oid, new Map());
    // From 18 on, a constraint may be there and not hold: not for the rows of before, or not for children.
    const holds =
      this.#connection.serverVersion.major < 18
        ? ''
        : `AND NOT EXISTS (
             SELECT FROM pg_catalog.pg_constraint c
             WHERE c.conrelid = a.attrelid AND c.contype = 'n' AND c.conkey = ARRAY[a.attnum]
               AND (NOT c.convalidated OR c.connoinherit AND EXISTS (
                 SELECT FROM pg_catalog.pg_inherits WHERE inhparent = a.attrelid)))`;
    // What is said of a foreign table is not checked, and a table has the rows of its children, too. A
    // domain's NOT NULL is checked by casts alone: a subquery without a row gives NULL of its type.
    const columns = await this.#connection.fetch(
      `WITH RECURSIVE family AS (
         SELECT c.oid AS relation, c.oid AS member FROM pg_catalog.pg_class c
         WHERE c.oid = ANY ($1::int8[]::oid[])
         UNION
         SELECT family.relation, i.inhrelid
         FROM pg_catalog.pg_inherits i JOIN family ON i.inhparent = family.member
       ), never_null AS (
         SELECT family.relation, a.attname AS name,
           bool_and(a.attnotnull AND r.relkind <> 'f' ${holds}) AS holds
         FROM family
         JOIN pg_catalog.pg_class r ON r.oid = family.member
         JOIN pg_catalog.pg_attribute a ON a.attrelid = family.member AND a.attnum > 0
         GROUP BY family.relation, a.attname
       )
       SELECT a.attrelid::int8 AS relation, a.attnum AS number, r.relname AS "table", a.attname AS name,
         r.relnamespace::regnamespace::text AS schema, a.atttypid::int8 AS type,
         n.holds AS not_null, a.attnotnull OR t.typtype = 'd' AND t.typnotnull AS refuses_null
       FROM pg_catalog.pg_attribute a
       JOIN pg_catalog.pg_class r ON r.oid = a.attrelid
       JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
       JOIN never_null n ON n.relation = a.attrelid AND n.name = a.attname
       WHERE a.attrelid = ANY ($1::int8[]::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
       ORDER BY a.attrelid, a.attnum`,
      oids,
    );
    for (const row of columns) {
      this.#columns.get(Number(row['relation']))?.set(row['number'], {
        schema: row['schema'].replace(/^"(.*)"$/, '$1').replaceAll('""', '"'),
        table: row['table'],
        number: row['number'],
        type: Number(row['type']),
        name: row['name'],
        isNotNull: row['not_null'],
        refusesNull: row['refuses_null'],
      });
    }
    const relations = await this.#connection.fetch(
      `SELECT c.oid::int8, rules.there AS rules, c.relkind = 'r' AND NOT rules.there AND NOT EXISTS (
           SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal
         ) AS plain
       FROM pg_catalog.pg_class c, LATERAL (SELECT EXISTS (
         SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid AND r.rulename <> '_RETURN'
       ) AS there) rules
       WHERE c.oid = ANY ($1::int8[]::oid[])`,
      oids,
    );
    for (const row of relations) {
      const known = { hasRules: row['rules'], isPlain: row['plain'] };
      this.#relations.set(Number(row['oid']), known);
    }
    const views = await this.#connection.fetch(
      `SELECT c.oid::int8, r.ev_action::text AS action
       FROM pg_catalog.pg_class c
       JOIN pg_catalog.pg_rewrite r ON r.ev_class = c.oid AND r.rulename = '_RETURN'
       WHERE c.relkind IN ('m', 'v') AND c.oid = ANY ($1::int8[]::oid[])`,
      oids,
    );
    const queries: TreeNode[] = [];
    for (const row of views) {
      const query = nodesOf(parseTree(row['action']))[0];
      if (query === undefined) continue;
      this.#views.set(Number(row['oid']), query);
      queries.push(query);
    }
    await this.load(queries);
  }
}
