import { type Attribute, type Connection, connect, type PgType, PostgresError } from 'asyncpg';
import { Catalog } from './inference/catalog.ts';
import { Nullability } from './inference/nullability.ts';
import { type Parameter, parametersOf } from './inference/parameters.ts';
import { isTrue, nodesOf } from './tree/nodes.ts';
import { parseTree, TreeSyntaxError, type TreeValue } from './tree/parse-tree.ts';

/** What the server says of one query. */
export interface Description {
  readonly parameters: readonly (Parameter & { readonly type: PgType })[];
  readonly columns: readonly (Attribute & { readonly isNullable: boolean })[];
}

/** What the server objects to. */
export interface Objection {
  /** The SQLSTATE. */
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  /** Where in the text, in UTF-16 units from 0; null if it has no place. */
  readonly position: number | null;
}

/**
 * Asks a server what it makes of queries: each is prepared and never executed, in a transaction that is
 * rolled back. `debug_print_parse` has the server send the tree that it has made of the query.
 */
export class Describer implements AsyncDisposable {
  readonly catalog: Catalog;
  readonly #connection: Connection;
  readonly #trees: string[] = [];

  private constructor(connection: Connection, catalogs: Connection) {
    this.#connection = connection;
    this.catalog = new Catalog(catalogs);
    connection.addLogListener(({ message, detail }) => {
      if (message === 'parse tree:' && detail) this.#trees.push(detail);
    });
  }

  /** @param catalogs a connection to the same database, for questions to its catalogs */
  static async open(dsn: string, catalogs: Connection): Promise<Describer> {
    const connection = await connect(dsn);
    await connection.execute(
      'SET client_min_messages = log; SET debug_pretty_print = off; ' +
        'SET debug_print_parse = on; SET default_transaction_read_only = on',
    );
    return new Describer(connection, catalogs);
  }

  async describe(text: string): Promise<Description | Objection> {
    this.#trees.length = 0;
    try {
      const statement = await this.#connection.prepare(text);
      const { parameters: types, attributes } = statement;
      // Its answer comes behind the tree.
      await statement.close();
      const [tree] = this.#trees;
      const known = tree === undefined ? [] : parseTree(unwrapped(tree));
      await this.catalog.load(known);
      const parameters = parametersOf(known, this.catalog);
      const nulls = this.#nulls(known, parameters);
      return {
        parameters: types.map((type, index) => ({
          ...(parameters.get(index + 1) ?? UNKNOWN_PARAMETER),
          type,
        })),
        columns: attributes.map((each, index) => ({ ...each, isNullable: nulls[index] ?? true })),
      };
    } catch (error) {
      return objectionOf(error, text);
    }
  }

  #nulls(tree: TreeValue, parameters: ReadonlyMap<number, Parameter>): readonly boolean[] {
    const queries = nodesOf(tree).filter((each) => each.tag === 'QUERY');
    const query = queries.find(
      (each) => each['canSetTag'] === undefined || isTrue(each['canSetTag']),
    );
    return query === undefined ? [] : new Nullability(this.catalog, parameters).columns(query);
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

const UNKNOWN_PARAMETER: Parameter = { isNullable: false, hasNullableElements: false, name: null };

export function isObjection(answer: Description | Objection): answer is Objection {
  return 'code' in answer;
}

/**
 * The server breaks a tree into lines of 78 bytes, at a space if there is one, which it leaves out.
 *
 * PostgreSQL: format_node_dump() in src/backend/nodes/print.c.
 */
export function unwrapped(text: string): string {
  return text
    .split('\n')
    .map((line) => (line.length >= 78 && !line.includes(' ') ? line : `${line} `))
    .join('');
}

function objectionOf(error: unknown, text: string): Objection {
  if (error instanceof PostgresError) {
    const { position } = error;
    return {
      code: error.sqlstate ?? 'XX000',
      message: error.message,
      hint: error.hint,
      position: position === null ? null : utf16Offset(text, position - 1),
    };
  }
  if (error instanceof TreeSyntaxError) {
    return { code: 'tree', message: error.message, hint: null, position: null };
  }
  throw error;
}

/** The server counts characters, a string counts UTF-16 units. */
export function utf16Offset(text: string, characters: number): number {
  return [...text].slice(0, characters).join('').length;
}
