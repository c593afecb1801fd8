import {
  type Attribute,
  type Connection,
  connect,
  InterfaceError,
  type PgType,
  PostgresError,
} from 'asyncpg';
import { utf16Offset } from '../migrations/script.ts';
import { CheckError } from './check-error.ts';
import { assertedNulls } from './inference/assertions.ts';
import { Catalog } from './inference/catalog.ts';
import { typeOf } from './inference/expression-type.ts';
import { Nullability } from './inference/nullability.ts';
import { hasOneRow } from './inference/one-row.ts';
import { type Parameter, parametersOf } from './inference/parameters.ts';
import { type Declared, type Shape, Shapes } from './inference/shapes.ts';
import { isTrue, nodeOf, nodesOf, numberOf, outputsOf } from './tree/nodes.ts';
import { parseTree, type TreeNode, TreeSyntaxError, type TreeValue } from './tree/parse-tree.ts';

/** What the server says of one query. */
export interface Description {
  readonly parameters: readonly (Parameter & {
    readonly type: PgType;
    readonly shape: Shape | null;
  })[];
  readonly columns: readonly (Attribute & {
    /** The object id of its type where that may be a domain: `type` is what the domain is made of. Else 0. */
    readonly domain: number;
    readonly isNullable: boolean;
    readonly shape: Shape | null;
  })[];
  /** Whether it has at least one row for certain. */
  readonly hasOneRow: boolean;
  /** The tree that the server has made of it. */
  readonly tree: TreeNode | null;
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

/** What has the server send the trees of queries. */
const TREES = {
  client_min_messages: 'log',
  debug_pretty_print: 'off',
  debug_print_parse: 'on',
};

function withoutTrees(why: string, cause?: unknown): CheckError {
  return new CheckError(
    `the database cannot be asked for the trees of queries: ${why}\n` +
      '--database takes the server itself, and not a pooler in front of it',
    { cause },
  );
}

/**
 * Asks a server what it makes of queries: each is prepared and never executed, in a transaction that is
 * rolled back. `debug_print_parse` has the server send the tree that it has made of the query.
 */
export class Describer implements AsyncDisposable {
  readonly #connection: Connection;
  readonly #catalogs: Connection;
  readonly #declared: Declared;
  readonly #trees: string[] = [];
  #catalog: Catalog;

  /** @param connection one on which trees are printed: see `open` */
  constructor(connection: Connection, catalogs: Connection, declared: Declared = () => undefined) {
    this.#connection = connection;
    this.#catalogs = catalogs;
    this.#declared = declared;
    this.#catalog = new Catalog(catalogs);
    connection.addLogListener(({ message, detail }) => {
      if (message === 'parse tree:' && detail) this.#trees.push(detail);
    });
  }

  /**
   * @param catalogs a connection to the same database, for questions to its catalogs
   * @param declared the types that columns were declared with
   */
  static async open(dsn: string, catalogs: Connection, declared?: Declared): Promise<Describer> {
    // With the start-up, where a pooler refuses them: what SET sets, it would give to its other clients.
    const connection = await connect(dsn, { serverSettings: TREES }).catch((error: unknown) => {
      throw withoutTrees((error as Error).message, error);
    });
    const describer = new Describer(connection, catalogs, declared);
    try {
      const answer = await describer.describe('SELECT 1');
      if (isObjection(answer) || answer.tree === null) throw withoutTrees('it sends none');
      await connection.execute('SET default_transaction_read_only = on');
      return describer;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  /** Forgets what it knows of the catalogs, which have changed. */
  forget(): void {
    this.#catalog = new Catalog(this.#catalogs);
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
      await this.#catalog.load(known);
      const parameters = parametersOf(known, this.#catalog);
      const query = mainQuery(known);
      const inference = new Nullability(this.#catalog, parameters, assertedNulls(known, text));
      const nulls = query === null ? [] : inference.columns(query);
      const shapes = query === null ? [] : new Shapes(inference, this.#declared).columns(query);
      const outputs = query === null ? [] : outputsOf(query);
      return {
        parameters: types.map((type, index) => {
          const parameter = parameters.get(index + 1) ?? UNKNOWN_PARAMETER;
          return { ...parameter, type, shape: this.#shapeOf(parameter) };
        }),
        columns: attributes.map((each, index) => ({
          ...each,
          domain: this.#domainOf(outputs[index], each.type),
          isNullable: nulls[index] ?? true,
          shape: shapes[index] ?? null,
        })),
        hasOneRow: query !== null && attributes.length > 0 && hasOneRow(query, this.#catalog),
        tree: query,
      };
    } catch (error) {
      if (error instanceof InterfaceError && !this.#connection.isClosed) {
        // What the driver does not take as a query, such as COPY.
        return { code: 'refused', message: error.message, hint: null, position: null };
      }
      return objectionOf(error, text);
    }
  }

  /** Before PostgreSQL 16 the driver can tell domains of columns of tables alone. */
  #domainOf(target: TreeNode | undefined, type: PgType): number {
    const isOfTable = numberOf(target?.['resorigtbl']) > 0;
    if (!isOfTable && this.#catalogs.serverVersion.major < 16) return 0;
    const oid = typeOf(nodeOf(target?.['expr']));
    return oid === type.oid ? 0 : oid;
  }

  #shapeOf({ column }: Parameter): Shape | null {
    const type = column && this.#declared(column.schema, column.table, column.name);
    return !type ? null : { kind: 'declared', type, isJson: false };
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** The query that the statement's rows are of: a rule may make more than one of a statement. */
function mainQuery(tree: TreeValue): TreeNode | null {
  const queries = nodesOf(tree).filter((each) => each.tag === 'QUERY');
  const isMain = (each: TreeNode): boolean =>
    each['canSetTag'] === undefined || isTrue(each['canSetTag']);
  return queries.find(isMain) ?? null;
}

const UNKNOWN_PARAMETER: Parameter = {
  isNullable: false,
  hasNullableElements: false,
  name: null,
  column: null,
};

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
