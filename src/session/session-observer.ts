import type { PostgresLogMessage } from '../errors/postgres-error.ts';
import type { Request } from './request.ts';

/** What a session tells its client session. */
export interface SessionObserver {
  notice(message: PostgresLogMessage): void;
  notification(channel: string, payload: string, pid: number): void;
  /**
   * The server has ended a transaction: there is none now, or at most another one. The request
   * whose answer says so is not settled yet.
   */
  transactionEnded(request: Request): void;
  /**
   * The body of a message that answers no request, or of the server's last words, as it came:
   * NoticeResponse, NotificationResponse, ParameterStatus, ErrorResponse. Valid during the call.
   */
  unasked?(type: number, buffer: Buffer, start: number, end: number): void;
  /** Calls wait until the open transaction has ended. */
  readonly isAwaited?: boolean;
  /** The session has ended, for whatever reason. Called once. */
  ended(reason: Error | null): void;
}
