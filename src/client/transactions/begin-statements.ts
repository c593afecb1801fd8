import { InterfaceError } from '../../errors/client-errors.ts';
import type { Opening } from '../../session/preamble.ts';
import { checkBoolean } from '../calls/known-options.ts';
import {
  checkSettings,
  onlyOfPools,
  type Settings,
  type TransactionOptions,
} from './transaction-options.ts';

const LEVELS: ReadonlyMap<string, string> = new Map([
  ['read_uncommitted', 'READ UNCOMMITTED'],
  ['read_committed', 'READ COMMITTED'],
  ['repeatable_read', 'REPEATABLE READ'],
  ['serializable', 'SERIALIZABLE'],
]);

/** BEGIN, the modes of the transaction and its settings if any are asked for: see Session.preamble. */
export function beginStatements(options: TransactionOptions): Opening[] {
  const { isolation, readOnly, deferrable } = options;
  // A pool has taken it out.
  if (options.after !== undefined) throw onlyOfPools();
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
  const statements: Opening[] = ['BEGIN'];
  if (modes.length > 0) statements.push(`SET TRANSACTION ${modes.join(', ')}`);
  if (options.settings !== undefined) {
    const settings = settingsStatement(checkSettings(options.settings));
    if (settings !== null) statements.push(settings);
  }
  return statements;
}

/** Sets them all. It returns no rows, since nothing waits for any. */
function settingsStatement(settings: Settings): Opening | null {
  const args = Object.entries(settings).flatMap(([name, value]) => [name, String(value)]);
  if (args.length === 0) return null;
  const calls = Object.keys(settings).map(
    (_, i) => `pg_catalog.set_config($${2 * i + 1}, $${2 * i + 2}, true) IS NULL`,
  );
  return { text: `SELECT WHERE ${calls.join(' OR ')}`, args };
}

/** The modes that a nested transaction has for itself, if any are asked for. */
export function nestedModes({ readOnly }: TransactionOptions): string | null {
  return readOnly === undefined ? null : `SET TRANSACTION ${accessMode(readOnly)}`;
}

function accessMode(readOnly: boolean): string {
  return checkBoolean('readOnly', readOnly) ? 'READ ONLY' : 'READ WRITE';
}

/** Refuses settings of a nested transaction. */
export function checkNestedSettings({ settings }: TransactionOptions): void {
  if (settings === undefined || Object.keys(settings).length === 0) return;
  throw new InterfaceError(
    'a nested transaction cannot have settings of its own: they would last beyond its end, in the outer one',
    {
      hint: 'Give the settings to the outermost transaction, or use SET LOCAL.',
      safeToRetry: true,
    },
  );
}
