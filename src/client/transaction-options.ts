import { InterfaceError } from '../errors/client-errors.ts';
import { checkBoolean, checkOptions, type OptionNames } from './known-options.ts';

/** PostgreSQL's isolation levels. PostgreSQL manual, "Transaction Isolation". */
export type IsolationLevel =
  | 'read_uncommitted'
  | 'read_committed'
  | 'repeatable_read'
  | 'serializable';

/** How a transaction is begun. PostgreSQL manual, "SET TRANSACTION". */
export interface TransactionOptions {
  /** Default: the server's `default_transaction_isolation`. */
  readonly isolation?: IsolationLevel | undefined;
  /** True: READ ONLY, false: READ WRITE, left out: the server's default. */
  readonly readOnly?: boolean | undefined;
  /** True: DEFERRABLE; has an effect on serializable, read-only transactions. */
  readonly deferrable?: boolean | undefined;
  /** How often `fn` is run again after 40001 or 40P01; at the outermost level only. Default 0. */
  readonly retries?: number | undefined;
  /**
   * Aborting ends the transaction: the call under way is cancelled on the server, and unless COMMIT
   * was sent already everything is rolled back and the transaction rejects with `signal.reason`.
   */
  readonly signal?: AbortSignal | undefined;
}

const NAMES: OptionNames<TransactionOptions> = {
  isolation: true,
  readOnly: true,
  deferrable: true,
  retries: true,
  signal: true,
};

const LEVELS: ReadonlyMap<string, string> = new Map([
  ['read_uncommitted', 'READ UNCOMMITTED'],
  ['read_committed', 'READ COMMITTED'],
  ['repeatable_read', 'REPEATABLE READ'],
  ['serializable', 'SERIALIZABLE'],
]);

/** BEGIN, and the modes of the transaction if any are asked for: see Session.preamble. */
export function beginStatements(options: TransactionOptions): string[] {
  checkOptions('a transaction', options, NAMES);
  const { isolation, readOnly, deferrable } = options;
  const modes: string[] = [];
  if (isolation !== undefined) {
    const level = LEVELS.get(isolation);
    if (level === undefined) {
      throw new InterfaceError(
        `unknown isolation level ${JSON.stringify(isolation)}: must be one of ${[...LEVELS.keys()].join(', ')}`,
        { safeToRetry: true },
      );
    }
    modes.push(`ISOLATION LEVEL ${level}`);
  }
  if (readOnly !== undefined) modes.push(accessMode(readOnly));
  if (deferrable !== undefined) {
    modes.push(checkBoolean('deferrable', deferrable) ? 'DEFERRABLE' : 'NOT DEFERRABLE');
  }
  return modes.length === 0 ? ['BEGIN'] : ['BEGIN', `SET TRANSACTION ${modes.join(', ')}`];
}

/** The modes that a nested transaction has for itself, if any are asked for. */
export function nestedModes({ readOnly }: TransactionOptions): string | null {
  return readOnly === undefined ? null : `SET TRANSACTION ${accessMode(readOnly)}`;
}

function accessMode(readOnly: boolean): string {
  return checkBoolean('readOnly', readOnly) ? 'READ ONLY' : 'READ WRITE';
}
