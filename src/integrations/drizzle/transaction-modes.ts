import type {
  IsolationLevel,
  TransactionOptions,
} from '../../client/transactions/transaction-options.ts';

/** How a transaction is begun, by Drizzle's names. */
interface TransactionModes {
  readonly isolationLevel?: string | undefined;
  readonly accessMode?: string | undefined;
  readonly deferrable?: boolean | undefined;
}

/** The driver's options for Drizzle's. */
export function optionsOf({
  isolationLevel,
  accessMode,
  deferrable,
}: TransactionModes): TransactionOptions {
  return {
    // One that PostgreSQL does not have is refused there.
    isolation: isolationLevel?.replace(' ', '_') as IsolationLevel | undefined,
    readOnly: accessMode === undefined ? undefined : accessMode === 'read only',
    deferrable,
  };
}

/** The modes behind BEGIN, as the logger is told them. */
export function modesOf({ isolationLevel, accessMode, deferrable }: TransactionModes): string {
  let text = '';
  if (isolationLevel !== undefined) text += ` isolation level ${isolationLevel}`;
  if (accessMode !== undefined) text += ` ${accessMode}`;
  if (deferrable !== undefined) text += deferrable ? ' deferrable' : ' not deferrable';
  return text;
}
