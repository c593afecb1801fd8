/*
 * What Prisma's client takes for a driver adapter, in its own words. Structural, so that who uses it needs
 * no package of Prisma's but the client.
 */

/** What Prisma knows of an argument. */
export interface ArgType {
  /** Prisma's type: `string`, `int`, `bigint`, `datetime`, `bytes`, `json` and so on. */
  readonly scalarType: string;
  /** The type of the database that the schema names, such as `TIMETZ`. */
  readonly dbType?: string;
  /** Whether it is a list. */
  readonly arity: 'scalar' | 'list';
}

/** A query of Prisma's. */
export interface SqlQuery {
  /** One statement with `$1`…`$n`. */
  readonly sql: string;
  /** The values of `$1`…`$n`. */
  readonly args: readonly unknown[];
  /** What each of them is. */
  readonly argTypes: readonly ArgType[];
}

/** What a query has returned. */
export interface SqlResultSet {
  /** What the columns are, by the numbers of Prisma's ColumnTypeEnum. */
  columnTypes: ColumnType[];
  /** What they are called. */
  columnNames: string[];
  /** The values of each row, in the order of the columns. */
  rows: unknown[][];
}

/** The isolation levels that Prisma knows. PostgreSQL has no `SNAPSHOT`. */
export type IsolationLevel =
  | 'READ UNCOMMITTED'
  | 'READ COMMITTED'
  | 'REPEATABLE READ'
  | 'SNAPSHOT'
  | 'SERIALIZABLE';

/** What Prisma asks before it compiles a query. */
export interface ConnectionInfo {
  /** The schema that queries name. */
  schemaName?: string;
  /** How many values a statement may have. */
  maxBindValues?: number;
  /** Whether relations may be loaded by joins. */
  supportsRelationJoins: boolean;
}

/** What a database and a transaction in it have in common. */
export interface SqlQueryable {
  /** Prisma's name for PostgreSQL. */
  readonly provider: 'postgres';
  /** This adapter's name. */
  readonly adapterName: string;
  /** Executes a query and resolves to its rows. */
  queryRaw(query: SqlQuery): Promise<SqlResultSet>;
  /** Executes a query and resolves to the number of rows that it has changed. */
  executeRaw(query: SqlQuery): Promise<number>;
}

/** A database, as Prisma's client sees it. */
export interface SqlDriverAdapter extends SqlQueryable {
  /** Executes several statements, separated by semicolons, all of which are undone if one fails. */
  executeScript(script: string): Promise<void>;
  /** Takes a connection of the pool for a transaction. BEGIN travels with its first statement. */
  startTransaction(isolationLevel?: IsolationLevel): Promise<SqlTransaction>;
  /** What Prisma asks before it compiles a query. */
  getConnectionInfo(): ConnectionInfo;
  /** Closes the pool, unless somebody else does. */
  dispose(): Promise<void>;
}

/** A transaction, as Prisma's client sees it. */
export interface SqlTransaction extends SqlQueryable {
  /** How it is ended. */
  readonly options: {
    /** True: by `commit` and `rollback`, and by no query of the client's. */
    usePhantomQuery: boolean;
  };
  /** Commits and gives the connection back. */
  commit(): Promise<void>;
  /** Rolls back and gives the connection back. */
  rollback(): Promise<void>;
  /** Sets a savepoint. */
  createSavepoint(name: string): Promise<void>;
  /** Undoes what was done since the savepoint. */
  rollbackToSavepoint(name: string): Promise<void>;
  /** Forgets the savepoint. */
  releaseSavepoint(name: string): Promise<void>;
}

/** Prisma's types of columns, by the numbers that it has given them. */
export const COLUMN = {
  int32: 0,
  int64: 1,
  float: 2,
  double: 3,
  numeric: 4,
  boolean: 5,
  character: 6,
  text: 7,
  date: 8,
  time: 9,
  dateTime: 10,
  json: 11,
  bytes: 13,
  uuid: 15,
  int32List: 64,
  int64List: 65,
  floatList: 66,
  doubleList: 67,
  numericList: 68,
  booleanList: 69,
  characterList: 70,
  textList: 71,
  dateList: 72,
  timeList: 73,
  dateTimeList: 74,
  jsonList: 75,
  bytesList: 77,
  uuidList: 78,
} as const satisfies Record<string, ColumnType>;

/** A column's type, one of the numbers of Prisma's ColumnTypeEnum. */
export type ColumnType =
  | 0
  | 1
  | 2
  | 3
  | 4
  | 5
  | 6
  | 7
  | 8
  | 9
  | 10
  | 11
  | 13
  | 15
  | 64
  | 65
  | 66
  | 67
  | 68
  | 69
  | 70
  | 71
  | 72
  | 73
  | 74
  | 75
  | 77
  | 78;

type Constraint = { fields: string[] } | { index: string };

/** The failures that Prisma tells apart; it makes its own codes, P2002 and so on, of them. */
export type MappedError =
  | { kind: 'AuthenticationFailed'; user?: string }
  | { kind: 'ColumnNotFound'; column?: string }
  | { kind: 'ConnectionClosed' }
  | { kind: 'DatabaseAccessDenied'; db?: string }
  | { kind: 'DatabaseAlreadyExists'; db?: string }
  | { kind: 'DatabaseDoesNotExist'; db?: string }
  | { kind: 'DatabaseNotReachable'; host?: string; port?: number }
  | { kind: 'ForeignKeyConstraintViolation'; constraint?: Constraint }
  | { kind: 'InvalidInputValue'; message: string }
  | { kind: 'InvalidIsolationLevel'; level: string }
  | { kind: 'LengthMismatch'; column?: string }
  | { kind: 'NullConstraintViolation'; constraint?: Constraint }
  | { kind: 'RestrictViolation'; constraint?: Constraint }
  | { kind: 'SocketTimeout' }
  | { kind: 'TableDoesNotExist'; table?: string }
  | { kind: 'TlsConnectionError'; reason: string }
  | { kind: 'TooManyConnections'; cause: string }
  | { kind: 'TransactionWriteConflict' }
  | { kind: 'UniqueConstraintViolation'; constraint?: Constraint; table?: string }
  | { kind: 'UnsupportedNativeDataType'; type: string }
  | { kind: 'ValueOutOfRange'; cause: string }
  | {
      kind: 'postgres';
      code: string;
      severity: string;
      message: string;
      detail: string | undefined;
      column: string | undefined;
      hint: string | undefined;
    };
