import { InterfaceError, InvalidArgumentError } from '../../errors/client-errors.ts';
import { parseLsn } from '../../protocol/replication/lsn.ts';
import { kindOf } from '../../values/kind-of.ts';
import { pick } from '../../values/pick.ts';
import { checkBoolean, type OptionNames } from '../calls/known-options.ts';

/** PostgreSQL's isolation levels. PostgreSQL manual, "Transaction Isolation". */
export type IsolationLevel =
  | 'read_uncommitted'
  | 'read_committed'
  | 'repeatable_read'
  | 'serializable';

/** Settings of the server by name. */
export type Settings = Readonly<Record<string, string | number | boolean>>;

/** How a transaction is begun. PostgreSQL manual, "SET TRANSACTION". */
export interface TransactionOptions {
  /** Default: the server's `default_transaction_isolation`. */
  readonly isolation?: IsolationLevel | undefined;
  /** True: READ ONLY, false: READ WRITE, left out: the server's default. */
  readonly readOnly?: boolean | undefined;
  /** True: DEFERRABLE; has an effect on serializable, read-only transactions. */
  readonly deferrable?: boolean | undefined;
  /**
   * Settings of the server for this transaction alone, as SET LOCAL makes them: `{ 'app.user': id }`.
   * They are set with BEGIN, in the flight of the first statement, and are values, never text. For the
   * outermost transaction only: in a nested one they would last beyond its end.
   *
   * PostgreSQL manual, "SET" and `set_config`.
   */
  readonly settings?: Settings | undefined;
  /**
   * Of a pool with `readers`, with `readOnly`: a standby that has replayed the log up to here, which
   * `pool.lsn()` has told after a write; `'0/16B3748'` or the number. The transaction waits a while for one
   * (`readers.maxWait`), and then goes to the primary. Without `readers` all is at the primary anyway.
   */
  readonly after?: string | bigint | undefined;
  /**
   * How often `fn` is run again after 40001, 40P01, or a change of the schema under a statement that was known
   * (`InvalidCachedStatementError`, `OutdatedSchemaCacheError`); at the outermost level only. Default 0.
   */
  readonly retries?: number | undefined;
  /**
   * Aborting ends the transaction: the call under way is cancelled on the server, and unless COMMIT
   * was sent already everything is rolled back and the transaction rejects with `signal.reason`.
   */
  readonly signal?: AbortSignal | undefined;
}

export const TRANSACTION_OPTIONS: OptionNames<TransactionOptions> = {
  isolation: true,
  readOnly: true,
  after: true,
  deferrable: true,
  settings: true,
  retries: true,
  signal: true,
};

/** The options, those that an instance of a class has inherited as well. */
export function allOf(options: TransactionOptions): TransactionOptions {
  return { ...options, ...pick(options, Object.keys(TRANSACTION_OPTIONS)) };
}

/** Whether calls are not to write. Throws for what is neither true nor false. */
export function isReadOnly(options: {
  readonly readOnly?: boolean | undefined;
  readonly after?: string | bigint | undefined;
}): boolean {
  const { readOnly = false } = options;
  checkBoolean('readOnly', readOnly);
  if (positionOf(options) !== null && !readOnly) {
    throw new InvalidArgumentError(
      'after needs readOnly: true: what writes is at the primary anyway',
    );
  }
  return readOnly;
}

/** The place in the log of the option `after`. */
export function positionOf({
  after,
}: {
  readonly after?: string | bigint | undefined;
}): bigint | null {
  if (after === undefined) return null;
  if (typeof after !== 'bigint') return parseLsn(after);
  if (after < 0n || after > 0xffff_ffff_ffff_ffffn) {
    throw new InvalidArgumentError(`after: ${after} is no position of the log`);
  }
  return after;
}

/** Only a pool can choose its server. */
export function onlyOfPools(): InterfaceError {
  return new InterfaceError('after is an option of a pool, which chooses a server by it', {
    hint: 'Write pool.transaction({ readOnly: true, after }) or pool.with({ readOnly: true, after }).',
    safeToRetry: true,
  });
}

export function contradiction(): InvalidArgumentError {
  return new InvalidArgumentError('readOnly: false contradicts the readOnly of with()');
}

/** Throws for what is no settings. */
export function checkSettings(settings: Settings): Settings {
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings)) {
    throw new InvalidArgumentError('the settings of a transaction are an object of values by name');
  }
  for (const [name, value] of Object.entries<unknown>(settings)) {
    if (name === '' || name.includes('\0')) {
      throw new InvalidArgumentError(
        'the name of a setting must not be empty, nor have a NUL character',
      );
    }
    if (!['string', 'number', 'boolean'].includes(typeof value)) {
      throw new InvalidArgumentError(
        `the setting ${JSON.stringify(name)} must be a string, a number or a boolean, not ${kindOf(value)}`,
      );
    }
    if (typeof value === 'number' && !Number.isFinite(value)) {
      throw new InvalidArgumentError(`the setting ${JSON.stringify(name)} must be a finite number`);
    }
    if (typeof value === 'string' && (value.includes('\0') || !value.isWellFormed())) {
      throw new InvalidArgumentError(
        `the setting ${JSON.stringify(name)} has a NUL character or a lone surrogate`,
      );
    }
  }
  return settings;
}
