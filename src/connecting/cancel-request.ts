import type { HostConfig } from '../config/connect-config.ts';
import { writeCancelRequest } from '../protocol/frontend/startup.ts';
import { MessageWriter } from '../protocol/writer.ts';
import type { ByteStream } from '../transport/byte-stream.ts';
import { Deadline } from '../transport/deadline.ts';
import { type DialParts, dial } from './dial.ts';
import { secure } from './secure.ts';
import { StartUpInbox } from './start-up-inbox.ts';

/** How long a CancelRequest may take; after that it is as good as lost. */
const CANCEL_TIMEOUT = 2_000;

/** Which session a CancelRequest is for. */
export interface CancelTarget {
  /** With the address that the session has, to reach the very same server. */
  readonly host: HostConfig;
  /** Whether TLS was begun on the session's stream: then the cancel key travels by no other way. */
  readonly secured: boolean;
  readonly processId: number;
  readonly secretKey: Buffer;
}

/**
 * Sends a CancelRequest. Settles when the server has closed the connection: then the backend
 * has been signalled.
 *
 * PostgreSQL manual, "Canceling Requests in Progress".
 *
 * @returns false: the time was up before the server closed the connection, and the signal may still come
 */
export async function sendCancelRequest(parts: DialParts, target: CancelTarget): Promise<boolean> {
  const { config, clock } = parts;
  const deadline = Deadline.of(clock, CANCEL_TIMEOUT);
  let transport: ByteStream | null = null;
  let isSent = false;
  try {
    transport = await dial(parts, target.host, deadline);
    const inbox = new StartUpInbox(transport, target.host);
    deadline?.watch((expired) => inbox.fail(expired.reason(false)));
    if (target.secured) await secure(transport, inbox, config, target.host, 'tls');
    const writer = new MessageWriter(512);
    writeCancelRequest(writer, target.processId, target.secretKey);
    isSent = transport.write(writer.written) !== 'refused';
    await inbox.next();
  } catch {
    // The server's close of the connection is its whole answer; anything else means that the
    // cancel was lost, and then the session's own drain time-out decides.
  } finally {
    deadline?.dispose();
    transport?.destroy();
  }
  return !(isSent && deadline!.expired);
}
