import { ProtocolError } from '../errors/client-errors.ts';
import type { PostgresLogMessage } from '../errors/postgres-error.ts';
import { postgresErrorFrom, postgresLogMessageFrom } from '../errors/server-message.ts';
import { readErrorResponse, readNoticeResponse } from '../protocol/backend/response.ts';
import {
  readBackendKeyData,
  readReadyForQuery,
  type TransactionStatus,
} from '../protocol/backend/session.ts';
import { writeStartupMessage } from '../protocol/frontend/startup.ts';
import { Backend, describeMessageType } from '../protocol/message-type.ts';
import { Server } from '../session/server.ts';
import { authenticate } from './authentication/authenticate.ts';
import { type AuthenticationParts, send } from './authentication/exchange.ts';

/** What the server said of the session before its first ReadyForQuery. */
export interface StartedUp {
  readonly server: Server;
  readonly processId: number;
  /** For CancelRequest; null when the server gave none, as some proxies do not. */
  readonly secretKey: Buffer | null;
  readonly transactionStatus: TransactionStatus;
  /** What it said besides, e.g. by a login trigger. */
  readonly notices: readonly PostgresLogMessage[];
}

/**
 * Start-up, from StartupMessage to the first ReadyForQuery, as one straight sequence.
 *
 * PostgreSQL manual, "Start-up" in "Message Flow".
 */
export async function startUp(parts: AuthenticationParts): Promise<StartedUp> {
  const { transport, inbox, config } = parts;
  send(transport, (writer) =>
    writeStartupMessage(writer, config.maxProtocolVersion, config.startupParameters),
  );
  await authenticate(parts);

  const server = new Server();
  const notices: PostgresLogMessage[] = [];
  let processId = 0;
  let secretKey: Buffer | null = null;
  for (;;) {
    const { type, reader } = inbox.arrived() ?? (await inbox.next());
    switch (type) {
      case Backend.ParameterStatus:
        server.report(reader);
        break;
      case Backend.BackendKeyData:
        if (secretKey !== null) throw new ProtocolError('the server sent two cancel keys');
        ({ processId, secretKey } = readBackendKeyData(reader));
        break;
      case Backend.NoticeResponse:
        notices.push(postgresLogMessageFrom(readNoticeResponse(reader)));
        break;
      case Backend.ErrorResponse:
        throw postgresErrorFrom(readErrorResponse(reader), { safeToRetry: true });
      case Backend.ReadyForQuery:
        server.started();
        return {
          server,
          processId,
          secretKey,
          transactionStatus: readReadyForQuery(reader),
          notices,
        };
      default:
        throw new ProtocolError(`the server sent message ${describeMessageType(type)} at start-up`);
    }
  }
}
