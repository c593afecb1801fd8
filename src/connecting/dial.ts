import type { ConnectConfig, HostConfig } from '../config/connect-config.ts';
import { InterfaceError } from '../errors/client-errors.ts';
import { ConnectionFailureError } from '../errors/generated/sqlstate.ts';
import type { ByteStream } from '../transport/byte-stream.ts';
import type { Clock, Timer } from '../transport/clock.ts';
import type { Deadline } from '../transport/deadline.ts';
import type { Endpoint, Network } from '../transport/network.ts';
import { within } from '../transport/within.ts';
import { isError } from '../values/builtins.ts';
import { messageOf } from '../values/message-of.ts';

/** For messages: where a host is, without anything secret. */
export function describeHost({ host, port, socketPath, address }: HostConfig): string {
  if (socketPath !== null) return socketPath.replace('\0', '@');
  const place = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return address === null || address === host ? place : `${place} (${address})`;
}

/** The system's error, or that of a dial or lookup hook, under an error of PostgreSQL's own. */
export function connectError(host: HostConfig, cause: unknown): ConnectionFailureError {
  const { message, code } = (cause ?? {}) as Partial<NodeJS.ErrnoException>;
  return new ConnectionFailureError(
    `could not connect to ${describeHost(host)}: ${message || code || messageOf(cause)}`,
    {},
    { cause, safeToRetry: true },
  );
}

/** What dialling needs to know. */
export interface DialParts {
  readonly config: ConnectConfig;
  readonly clock: Clock;
  readonly network: Network;
}

/**
 * Opens a byte stream to a host, through the caller's own dialler if there is one. Without an
 * answer of the network within `patience` milliseconds it is given up; null is no such limit.
 */
export async function dial(
  { config, clock, network }: DialParts,
  host: HostConfig,
  deadline: Deadline | null,
  patience: number | null = null,
): Promise<ByteStream> {
  if (config.dial !== null) return network.wrap(await dialByHook(config.dial, host, deadline));
  const { port, socketPath, address } = host;
  const endpoint: Endpoint =
    socketPath !== null ? { path: socketPath } : { host: address ?? host.host, port };
  let timer: Timer | null = null;
  try {
    return await network.connect(endpoint, config, (stream) => {
      if (patience !== null) {
        timer = clock.setTimer(patience, () => stream.destroy(noAnswer(patience)));
      }
      deadline?.watch((expired) => stream.destroy(asError(expired.reason(false))));
    });
  } catch (error) {
    throw connectError(host, error);
  } finally {
    (timer as Timer | null)?.cancel();
  }
}

function noAnswer(patience: number): Error {
  return new Error(`no answer within ${patience} ms`);
}

function asError(reason: unknown): Error {
  return isError(reason) ? reason : new Error('aborted', { cause: reason });
}

type DialHook = NonNullable<ConnectConfig['dial']>;

async function dialByHook(hook: DialHook, host: HostConfig, deadline: Deadline | null) {
  const abort = new AbortController();
  const dialled = (async () => hook(host, { signal: abort.signal }))();
  try {
    const stream = await within(deadline, dialled);
    if (typeof stream?.write === 'function' && typeof stream.destroy === 'function') {
      // Its end has been told already, and will not be told again.
      if (stream.destroyed || stream.readableEnded) {
        throw stream.errored ?? new Error('the stream of the dial function has ended');
      }
      return stream;
    }
  } catch (error) {
    abort.abort(error);
    // A stream that comes too late has nobody left to use it.
    dialled.then((late) => late?.destroy()).catch(() => {});
    throw connectError(host, error);
  }
  throw new InterfaceError('the dial function must give a Duplex stream', { safeToRetry: true });
}
