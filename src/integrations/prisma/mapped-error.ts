import { InterfaceError, InvalidArgumentError, TimeoutError } from '../../errors/client-errors.ts';
import {
  ConnectionDoesNotExistError,
  ConnectionFailureError,
} from '../../errors/generated/sqlstate.ts';
import { PostgresError } from '../../errors/postgres-error.ts';
import { isError } from '../../values/builtins.ts';
import { isLost } from '../is-lost.ts';
import type { MappedError } from './driver-adapter.ts';
import { DriverAdapterError } from './driver-adapter-error.ts';

/** Where the pool connects to, for errors that do not say it. */
export interface Place {
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly database: string | undefined;
  readonly user: string | undefined;
}

/** An error of the driver's as Prisma's client takes it. What is nothing of the database's is left as it is. */
export function adapterError(error: unknown, place: Place): unknown {
  const failure = failureOf(error, place);
  return failure === null ? error : new DriverAdapterError(failure, error);
}

type Failure = MappedError & { originalCode?: string; originalMessage?: string };

function failureOf(error: unknown, place: Place): Failure | null {
  if (error instanceof PostgresError) {
    if (error.severity === null) return clientFailure(error, place);
    const { sqlstate, message, detail, hint } = error;
    return {
      originalCode: sqlstate ?? 'N/A',
      originalMessage: bare(message, detail, hint),
      ...serverFailure(error, place),
    };
  }
  if (error instanceof TimeoutError) return { kind: 'SocketTimeout' };
  if (isLost(error)) return { kind: 'ConnectionClosed' };
  if (error instanceof InvalidArgumentError) {
    return { kind: 'InvalidInputValue', message: error.message };
  }
  if (isWrongCount(error)) return wrongCount(error);
  return isRefusedTls(error) ? { kind: 'TlsConnectionError', reason: error.message } : null;
}

// ── What the driver says ────────────────────────────────────────────────────────────────────

/** An error by the name of one of PostgreSQL's that no server has sent. */
function clientFailure(error: PostgresError, place: Place): MappedError {
  if (error instanceof ConnectionFailureError) return unreachable(error, place);
  if (error instanceof ConnectionDoesNotExistError) return { kind: 'ConnectionClosed' };
  return otherwise(error);
}

function unreachable(error: ConnectionFailureError, place: Place): MappedError {
  if (isFailedTls(error)) return { kind: 'TlsConnectionError', reason: error.message };
  const { code, address, port } = (error.cause ?? {}) as NodeJS.ErrnoException & {
    address?: string;
    port?: number;
  };
  if (code === 'ETIMEDOUT') return { kind: 'SocketTimeout' };
  if (code === 'ECONNRESET' || code === 'EPIPE') return { kind: 'ConnectionClosed' };
  return {
    kind: 'DatabaseNotReachable',
    ...defined({ host: address ?? place.host, port: port ?? place.port }),
  };
}

/** A handshake that has failed, by the driver's words for it. */
function isFailedTls({ message }: Error): boolean {
  return message.startsWith('TLS with ');
}

function isRefusedTls(error: unknown): error is Error {
  return isError(error) && error.message.startsWith('the server does not support TLS');
}

/** More or fewer arguments than the statement has parameters. */
function isWrongCount(error: unknown): error is InterfaceError {
  return error instanceof InterfaceError && error.message.startsWith('the server expects ');
}

/** As the server would say it, had it been asked. */
function wrongCount({ message }: InterfaceError): Failure {
  const code = '08P01';
  const [said = message] = message.split('\n', 1);
  const unknown = { detail: undefined, column: undefined, hint: undefined };
  const failure = { kind: 'postgres', code, severity: 'ERROR', message: said, ...unknown } as const;
  return { originalCode: code, originalMessage: said, ...failure };
}

// ── What the server says ────────────────────────────────────────────────────────────────────

function serverFailure(error: PostgresError, place: Place): MappedError {
  const { columnName: column, constraintName: constraint, tableName: table } = error;
  const message = messageOf(error);
  switch (error.sqlstate) {
    case '22001':
      return { kind: 'LengthMismatch', ...defined({ column }) };
    case '22003':
      return { kind: 'ValueOutOfRange', cause: message };
    case '22P02':
      return { kind: 'InvalidInputValue', message };
    case '23001':
      return { kind: 'RestrictViolation', ...constraintBy(column, constraint) };
    case '23502':
      return { kind: 'NullConstraintViolation', ...defined({ constraint: fieldsOf(column) }) };
    case '23503':
      return { kind: 'ForeignKeyConstraintViolation', ...constraintBy(column, constraint) };
    case '23505': {
      const unique = constraint === null ? keyOf(error.detail) : { index: constraint };
      return { kind: 'UniqueConstraintViolation', ...defined({ constraint: unique, table }) };
    }
    case '28000':
      return {
        kind: 'DatabaseAccessDenied',
        ...defined({ db: /database "(.*?)"(?:,|$)/.exec(message)?.[1] ?? place.database }),
      };
    case '28P01':
      return {
        kind: 'AuthenticationFailed',
        ...defined({ user: quoted(message) ?? place.user }),
      };
    case '3D000':
      return { kind: 'DatabaseDoesNotExist', ...defined({ db: quoted(message) }) };
    case '40001':
    case '40P01':
      return { kind: 'TransactionWriteConflict' };
    case '42703':
      return { kind: 'ColumnNotFound', ...defined({ column: missingColumn(message, error) }) };
    case '42P01':
      return { kind: 'TableDoesNotExist', ...defined({ table: quoted(message) }) };
    case '42P04':
      return { kind: 'DatabaseAlreadyExists', ...defined({ db: quoted(message) }) };
    case '53300':
      return { kind: 'TooManyConnections', cause: message };
    default:
      return otherwise(error);
  }
}

function otherwise(error: PostgresError): MappedError {
  return {
    kind: 'postgres',
    code: error.sqlstate ?? 'N/A',
    severity: error.severity ?? 'ERROR',
    message: messageOf(error),
    detail: error.detail ?? undefined,
    column: error.columnName ?? undefined,
    hint: error.hint ?? undefined,
  };
}

function messageOf({ message, detail, hint }: PostgresError): string {
  return bare(message, detail, hint);
}

/** The server's message without the detail and the hint, which an Error's message has as well. */
function bare(message: string, detail: string | null, hint: string | null): string {
  let text = message;
  if (hint !== null && text.endsWith(`\nHINT:  ${hint}`)) text = text.slice(0, -hint.length - 8);
  if (detail !== null && text.endsWith(`\nDETAIL:  ${detail}`))
    text = text.slice(0, -detail.length - 10);
  return text;
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], null | undefined> };

/** Without the members that are null or undefined. */
function defined<T extends object>(members: T): Present<T> {
  const entries = Object.entries(members).filter(
    ([, value]) => value !== null && value !== undefined,
  );
  return Object.fromEntries(entries) as Present<T>;
}

type Constraint = { fields: string[] } | { index: string };

function constraintBy(column: string | null, name: string | null): { constraint?: Constraint } {
  if (column !== null) return { constraint: { fields: [column] } };
  return name === null ? {} : { constraint: { index: name } };
}

function fieldsOf(column: string | null): { fields: string[] } | undefined {
  return column === null ? undefined : { fields: [column] };
}

/** `Key (a, b)=(1, 2) already exists.` */
function keyOf(detail: string | null): { fields: string[] } | undefined {
  const key = detail === null ? null : /\(([^)]+)\)=/.exec(detail);
  return key === null ? undefined : { fields: key[1]!.split(', ') };
}

/** The first name in quotes, of whatever language. */
function quoted(message: string): string | undefined {
  return allQuoted(message)[0];
}

/** "n", »n«, «n», « n ». */
function allQuoted(message: string): string[] {
  const found = message.matchAll(/"((?:[^"]|"")*)"|»([^»«]*)«|«\s?([^»«]*?)\s?»/g);
  return Array.from(found, ([, ...names]) => names.find((name) => name !== undefined)!);
}

/** `column t.a does not exist`, `column "a b" does not exist`; in other languages what is in quotes or has a dot. */
function missingColumn(message: string, { query, position }: PostgresError): string | undefined {
  const column = /^column (.+) does not exist$/.exec(message)?.[1];
  if (column !== undefined) {
    return column.replaceAll(/"((?:""|[^"])*)"/g, (_, name: string) => name.replaceAll('""', '"'));
  }
  const names = allQuoted(message);
  if (names.length === 0) {
    // In Japanese nothing is between the words.
    return /(?<!\S)列?(\S+\.\S+?)(?:は存在しません)?(?!\S)/.exec(message)?.[1];
  }
  if (names.length === 1) return names[0];
  // A column and its table come in either order. The server points to the column.
  if (query === null || position === null) return undefined;
  const rest = Array.from(query)
    .slice(position - 1)
    .join('');
  const found = names.filter((name) => rest.startsWith(name) || rest.startsWith(`"${name}"`));
  // One may be how the other begins.
  return found.toSorted((a, b) => b.length - a.length)[0];
}
