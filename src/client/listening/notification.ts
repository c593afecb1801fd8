import type { PostgresLogMessage } from '../../errors/postgres-error.ts';
import type { Connection } from '../connection.ts';

/** What NOTIFY brought. */
export interface Notification {
  /** The channel that it was sent to. */
  readonly channel: string;
  /** What it was sent with; empty if nothing. */
  readonly payload: string;
  /** The process ID of the server session that sent it. */
  readonly pid: number;
  /** The connection that listens. */
  readonly connection: Connection;
}

/** Is called with each notification. What it throws or rejects with becomes a process warning. */
export type NotificationCallback = (notification: Notification) => void | Promise<void>;
/** Is called with each notice and warning of the server. */
export type LogCallback = (message: PostgresLogMessage, connection: Connection) => void;
/** Is called once, when the connection is over. */
export type TerminationCallback = (connection: Connection) => void;
