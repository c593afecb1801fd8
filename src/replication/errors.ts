import { InterfaceError, InternalClientError } from '../errors/client-errors.ts';
import { named } from '../errors/named.ts';

/**
 * The replication slot is gone, and with it the place in the log that was confirmed. A slot is never
 * made anew in silence: what was committed meanwhile would be missing.
 */
export class SlotLostError extends InternalClientError {
  static {
    named(this, 'SlotLostError');
  }
}

/**
 * The server has given the replication slot up, e.g. since it held back more than
 * `max_slot_wal_keep_size`. Its `cause` is the server's error.
 */
export class SlotInvalidatedError extends InternalClientError {
  static {
    named(this, 'SlotInvalidatedError');
  }
}

/**
 * The server is another one than before, or has a history of its own: what was handed over may not
 * be in it.
 */
export class ReplicationDivergedError extends InternalClientError {
  static {
    named(this, 'ReplicationDivergedError');
  }
}

/** A publication that was named does not exist. */
export class PublicationMissingError extends InterfaceError {
  static {
    named(this, 'PublicationMissingError');
  }
}
