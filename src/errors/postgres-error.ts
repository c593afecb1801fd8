import { messageText } from './message-text.ts';
import { named } from './named.ts';

/**
 * The fields of an ErrorResponse or NoticeResponse; `null` where the server sent none.
 *
 * PostgreSQL manual: "Error and Notice Message Fields" (protocol-error-fields).
 */
export interface ServerMessageFields {
  /** ERROR, FATAL, PANIC, or WARNING, NOTICE, DEBUG, INFO, LOG; not localized if possible. */
  readonly severity: string | null;
  /** The five characters of the SQLSTATE code. */
  readonly sqlstate: string | null;
  /** The primary message, in the language of the server's `lc_messages`. */
  readonly message: string | null;
  /** More about what was wrong. */
  readonly detail: string | null;
  /** What might be done about it. */
  readonly hint: string | null;
  /** Where in the query the error is, in characters (not bytes or UTF-16 units), from 1. */
  readonly position: number | null;
  /** The same, within `internalQuery`. */
  readonly internalPosition: number | null;
  /** The text of a failed command that the server itself made, e.g. one inside a function. */
  readonly internalQuery: string | null;
  /** The call stack of PL functions and internal queries, one entry a line, newest first. */
  readonly context: string | null;
  /** The schema of the object that the error is about. */
  readonly schemaName: string | null;
  /** The table that the error is about. */
  readonly tableName: string | null;
  /** The column that the error is about. */
  readonly columnName: string | null;
  /** The data type that the error is about. */
  readonly dataTypeName: string | null;
  /** The constraint that was violated; a unique index counts as one. */
  readonly constraintName: string | null;
  /** The file of the server's source that reported it. */
  readonly serverSourceFilename: string | null;
  /** The line in that file. */
  readonly serverSourceLine: string | null;
  /** The function there. */
  readonly serverSourceFunction: string | null;
}

/** What a PostgresError may be given besides the server's fields. */
export interface PostgresErrorOptions {
  /** The error underneath, e.g. the system's. */
  cause?: unknown;
  /** Nothing of the failed call can have been executed by the server. */
  safeToRetry?: boolean;
  /** The whole transaction is worth running again; by default the SQLSTATE decides. */
  isTransient?: boolean;
}

/** All fields but the message, in the order in which they are shown. */
const FIELDS = [
  'severity',
  'sqlstate',
  'detail',
  'hint',
  'position',
  'internalPosition',
  'internalQuery',
  'context',
  'schemaName',
  'tableName',
  'columnName',
  'dataTypeName',
  'constraintName',
  'serverSourceFilename',
  'serverSourceLine',
  'serverSourceFunction',
] as const satisfies readonly (keyof ServerMessageFields)[];

/**
 * Failures of resources, locks, serialization and connections: another try may succeed. 25P03 and 25P04 end
 * the connection. Of class 55 those of objects that others use or have locked (55006, 55P03): what 55000 asks for
 * first, a value of a sequence, a view that is filled, a replica identity, does not come by itself.
 */
const TRANSIENT: ReadonlySet<string> = new Set(
  (
    '08000 08001 08003 08004 08006 08007 25P03 25P04 40001 40P01 53000 53100 53200 53300 ' +
    '53400 55006 55P03 57P01 57P02 57P03 57P05 58000 58030'
  ).split(' '),
);

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Absent fields are `null` by way of the prototype: a message owns the fields that the server
 * sent and no others, so a logged or inspected one is not buried under a dozen nulls.
 */
function absentFieldsAreNull(prototype: object): void {
  const absent = { value: null, writable: true, configurable: true };
  for (const field of FIELDS) Object.defineProperty(prototype, field, absent);
}

function assignFields(
  target: Writable<Omit<ServerMessageFields, 'message'>>,
  fields: Partial<ServerMessageFields> | undefined,
  sqlstate: string | null,
): void {
  if (sqlstate !== null) target.sqlstate = sqlstate;
  if (fields === undefined) return;
  for (const field of FIELDS) {
    const value = fields[field];
    if (value !== null && value !== undefined) (target[field] as string | number) = value;
  }
}

function presentFields(source: Omit<ServerMessageFields, 'message'>): Record<string, unknown> {
  const present: Record<string, unknown> = {};
  for (const field of FIELDS) {
    if (field !== 'internalQuery' && source[field] !== null) present[field] = source[field];
  }
  return present;
}

/**
 * An error that the server reported, or one of PostgreSQL's own conditions that the client
 * found first (a lost connection is a ConnectionDoesNotExistError, with the system's error as
 * its `cause`). Every SQLSTATE has a class, under the class of its section:
 *
 * @example
 * try {
 *   await connection.execute('INSERT INTO account (email) VALUES ($1)', email);
 * } catch (error) {
 *   if (error instanceof UniqueViolationError) return conflict(error.constraintName);
 *   if (error instanceof PostgresError && error.isTransient) return again();
 *   throw error;
 * }
 *
 * PostgreSQL manual: "PostgreSQL Error Codes" (errcodes-appendix).
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: its prototype has all fields
export class PostgresError extends Error {
  /** The SQLSTATE of the class; `null` where the class stands for several. */
  static readonly sqlstate: string | null = null;
  static {
    named(this, 'PostgresError');
    absentFieldsAreNull(this.prototype);
    Object.defineProperty(this.prototype, 'itemIndex', { value: null, writable: true });
    Object.defineProperty(this.prototype, 'safeToRetry', { value: false, writable: true });
    Object.defineProperty(this.prototype, 'isTransient', { value: false, writable: true });
  }

  /** Nothing of this call can have been executed by the server. */
  declare readonly safeToRetry: boolean;
  /** The whole transaction is worth running again. */
  declare readonly isTransient: boolean;
  /** Which set of values failed, counted from 0, in a call with many; else null. */
  declare itemIndex: number | null;
  #query: string | null = null;

  constructor(
    message: string,
    fields?: Partial<ServerMessageFields>,
    options?: PostgresErrorOptions,
  ) {
    super(
      message,
      options !== undefined && 'cause' in options ? { cause: options.cause } : undefined,
    );
    assignFields(this, fields, new.target.sqlstate);
    if (options?.safeToRetry === true) this.safeToRetry = true;
    const transient =
      options?.isTransient ?? (this.sqlstate !== null && TRANSIENT.has(this.sqlstate));
    if (transient) this.isTransient = true;
  }

  /** The same as `sqlstate`, under the name that Node's own errors use. */
  get code(): this['sqlstate'] {
    return this.sqlstate;
  }

  /**
   * The text of the query that failed, set by the client; `null` if it was no query's failure.
   * Query text may hold a password (`ALTER ROLE … PASSWORD '…'`), so it is not enumerable and
   * no part of `toJSON()`: it is logged only by those who ask for it.
   */
  get query(): string | null {
    return this.#query;
  }

  /** @internal */
  set query(query: string | null) {
    this.#query = query;
  }

  /** The name and the message, followed by DETAIL and HINT lines if the server sent any. */
  override toString(): string {
    return messageText(`${this.name}: ${this.message}`, this);
  }

  /** The name, the message and the fields that are present, but for the texts of queries. */
  toJSON(): Record<string, unknown> {
    return {
      name: this.name,
      message: this.message,
      ...presentFields(this),
      safeToRetry: this.safeToRetry,
      isTransient: this.isTransient,
    };
  }
}

/** The fields of the server's message; each is `null` where the server sent none. */
export interface PostgresError extends Omit<ServerMessageFields, 'message'> {}

/** An error with an SQLSTATE that is not in PostgreSQL's table, e.g. one that a function raised. */
export class UnknownPostgresError extends PostgresError {
  static {
    named(this, 'UnknownPostgresError');
  }
  /** Tells this class from its parent at compile time; does not exist at run time. */
  declare protected readonly unknown: true;
}

/**
 * Something that the server said outside of any failure: a NOTICE, INFO, LOG or DEBUG message,
 * or a PostgresWarning, which has severity WARNING or SQLSTATE 01 or 02. It is not an Error and has no stack.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: its prototype has all fields
export class PostgresLogMessage {
  /** The SQLSTATE of the class; `null` where the class stands for several. */
  static readonly sqlstate: string | null = null;
  static {
    named(this, 'PostgresLogMessage');
    absentFieldsAreNull(this.prototype);
  }

  /** The name of the class, e.g. `PostgresWarning`. */
  declare readonly name: string;
  /** The primary message. */
  readonly message: string;

  constructor(message: string, fields?: Partial<ServerMessageFields>) {
    this.message = message;
    assignFields(this, fields, new.target.sqlstate);
  }

  /** The same as `sqlstate`. */
  get code(): this['sqlstate'] {
    return this.sqlstate;
  }

  /** As psql prints it: `NOTICE:  …`, followed by DETAIL and HINT lines. */
  toString(): string {
    return messageText(`${this.severity ?? 'LOG'}:  ${this.message}`, this);
  }

  /** The name, the message and the fields that are present. */
  toJSON(): Record<string, unknown> {
    return { name: this.name, message: this.message, ...presentFields(this) };
  }
}

/** The fields of the server's message; each is `null` where the server sent none. */
export interface PostgresLogMessage extends Omit<ServerMessageFields, 'message'> {}
