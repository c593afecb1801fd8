import type { Connection } from 'asyncpg';
import { isTrue, nodeOf, nodesOf, numberOf, walk } from '../tree/nodes.ts';
import { parseTree, type TreeNode, type TreeValue } from '../tree/parse-tree.ts';

/** What is known of a function from `pg_proc`. */
export interface KnownFunction {
  readonly name: string;
  readonly schema: string;
  readonly language: string;
  /** The name of the C function, of a function in the language `internal`. */
  readonly source: string;
  readonly isStrict: boolean;
  readonly returnsSet: boolean;
  readonly returnsComposite: boolean;
  readonly isAggregate: boolean;
  readonly argumentNames: readonly string[];
  /** The analyzed body of a function of the form `RETURN …`. */
  readonly body: TreeNode | null;
}

/** What is known of a table's column. */
export interface KnownColumn {
  readonly table: string;
  readonly name: string;
  readonly isNotNull: boolean;
}

/**
 * What the trees refer to by object id, asked of the server's catalogs once: functions, tables, and the
 * trees of views.
 */
export class Catalog {
  readonly #connection: Connection;
  readonly #functions = new Map<number, KnownFunction>();
  readonly #columns = new Map<number, Map<number, KnownColumn>>();
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

  /** The query of a view, or of a materialized one. */
  view(oid: number): TreeNode | undefined {
    return this.#views.get(oid);
  }

  /** Asks for all that is in these trees and not known yet, and for what is in the trees of that. */
  async load(tree: TreeValue): Promise<void> {
    const functions = new Set<number>();
    const relations = new Set<number>();
    walk(tree, (node) => {
      for (const field of ['opfuncid', 'funcid', 'aggfnoid', 'winfnoid']) {
        const oid = numberOf(node[field]);
        if (oid > 0 && !this.#functions.has(oid)) functions.add(oid);
      }
      const relation = numberOf(node['relid']);
      if (node.tag === 'RANGETBLENTRY' && relation > 0 && !this.#columns.has(relation)) {
        relations.add(relation);
      }
      return true;
    });
    if (functions.size > 0) await this.#loadFunctions([...functions]);
    if (relations.size > 0) await this.#loadRelations([...relations]);
  }

  async #loadFunctions(oids: readonly number[]): Promise<void> {
    const rows = await this.#connection.fetch(
      `SELECT p.oid::int8, p.proname AS name, n.nspname AS schema, l.lanname AS language,
         p.prosrc AS source, p.proisstrict AS strict, p.proretset AS returns_set,
         p.prokind = 'a' AS aggregate, p.proargnames AS argument_names, p.prosqlbody::text AS body,
         t.typtype = 'c' AS composite
       FROM pg_catalog.pg_proc p
       JOIN pg_catalog.pg_language l ON l.oid = p.prolang
       JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
       JOIN pg_catalog.pg_type t ON t.oid = p.prorettype
       WHERE p.oid = ANY ($1::int8[]::oid[])`,
      oids,
    );
    const bodies: TreeNode[] = [];
    for (const row of rows) {
      const body = row['body'] === null ? null : nodeOf(parseTree(row['body']));
      const returned = body !== null && isTrue(body['isReturn']) ? body : null;
      if (returned !== null) bodies.push(returned);
      this.#functions.set(Number(row['oid']), {
        name: row['name'],
        schema: row['schema'],
        language: row['language'],
        source: row['source'],
        isStrict: row['strict'],
        returnsSet: row['returns_set'],
        returnsComposite: row['composite'],
        isAggregate: row['aggregate'],
        argumentNames: row['argument_names'] ?? [],
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
    const columns = await this.#connection.fetch(
      `SELECT a.attrelid::int8 AS relation, a.attnum AS number, r.relname AS "table", a.attname AS name,
         (a.attnotnull ${holds} AND NOT EXISTS (
            WITH RECURSIVE children AS (
              SELECT inhrelid FROM pg_catalog.pg_inherits WHERE inhparent = a.attrelid
              UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN children ON inhparent = children.inhrelid
            )
            SELECT FROM children JOIN pg_catalog.pg_attribute b ON b.attrelid = children.inhrelid
            WHERE b.attname = a.attname AND NOT b.attnotnull)
         ) OR (t.typtype = 'd' AND t.typnotnull) AS not_null
       FROM pg_catalog.pg_attribute a
       JOIN pg_catalog.pg_class r ON r.oid = a.attrelid
       JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
       WHERE a.attrelid = ANY ($1::int8[]::oid[]) AND a.attnum > 0`,
      oids,
    );
    for (const row of columns) {
      this.#columns.get(Number(row['relation']))?.set(row['number'], {
        table: row['table'],
        name: row['name'],
        isNotNull: row['not_null'],
      });
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
