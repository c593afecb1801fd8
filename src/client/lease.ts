import type { ClientSession } from './client-session.ts';

/** What a call needs of the session that it gets. */
export type Use =
  /** One query and its answer: may share a busy session, each call under its own Sync. */
  | 'shared'
  /** A session of its own until the work is done. */
  | 'exclusive'
  /** The same for a transaction, which goes through the gate by itself when it begins. */
  | 'transaction';

/** A session that has been checked out, until it is checked in. */
export interface Lease {
  readonly client: ClientSession;
  /** Of a pass of the gate: the call has submitted what it is about, so that others may go on. */
  readonly sent?: () => void;
}
