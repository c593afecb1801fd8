import { InterfaceError } from '../errors/client-errors.ts';
import type { HolderNeed } from '../sql/holder-need.ts';

const OWN_CONNECTION = 'a connection of your own: pool.withConnection() or pool.acquire()';

const REFUSALS: Readonly<Record<HolderNeed, string>> = {
  transaction: `a transaction cannot be begun or ended by calls of a pool, each of which may get another connection: use pool.transaction(), or ${OWN_CONNECTION}`,
  'local setting': `what is set for a transaction alone would end with this call of a pool: use pool.transaction(), or ${OWN_CONNECTION}`,
  lock: `a lock of the session would be released at the end of this call of a pool: use pg_advisory_xact_lock in pool.transaction(), or ${OWN_CONNECTION}`,
  channel: `LISTEN would end with this call of a pool, unheard: use pool.listen()`,
};

/** A call of a pool that would be in vain, since nobody goes on in the session that it gets. */
export function needsHolder(need: HolderNeed): InterfaceError {
  return new InterfaceError(REFUSALS[need], { safeToRetry: true });
}

/** A call of a pool was executed, and its transaction was still open. */
export function leftInTransaction(): never {
  throw new InterfaceError(
    `the call left its connection in a transaction, which was rolled back: use pool.transaction(), or ${OWN_CONNECTION}`,
  );
}
