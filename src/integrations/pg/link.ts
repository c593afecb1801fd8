import type { Connection as DriverConnection } from '../../client/connection.ts';
import type { ConnectConfig } from '../../config/connect-config.ts';
import { sendCancelRequest } from '../../connecting/cancel-request.ts';
import { connectSession } from '../../connecting/connect-session.ts';
import type { SessionContext } from '../../connecting/open-session.ts';
import type { StartUpWatch } from '../../connecting/start-up-inbox.ts';
import { Backend } from '../../protocol/message-type.ts';
import type { MessageWriter } from '../../protocol/writer.ts';
import type { Session } from '../../session/session.ts';
import type { SessionObserver } from '../../session/session-observer.ts';
import { systemClock } from '../../transport/clock.ts';
import type { AbortSource } from '../../transport/deadline.ts';
import { nodeNetwork } from '../../transport/node/network.ts';
import { nextTick, nextTurn } from '../../transport/turn.ts';
import { type ConnectSettings, connectConfig } from './connect-config.ts';
import { connectFailure, lossOf } from './connect-failure.ts';
import type { Answer, ConnectionOwner } from './connection.ts';
import { type DatabaseError, databaseErrorFrom } from './database-error.ts';
import { driver } from './driver-loader.ts';
import { LateRegistry } from './late-registry.ts';
import { type BackendMessage, readMessage } from './messages.ts';
import type { SubmittableTurn } from './submittable-turn.ts';
import type { WireStream } from './wire-stream.ts';

/** What a link tells its client. */
export interface LinkHost {
  /** Whether anybody listens to messages of this name. */
  hears(name: string): boolean;
  /** A server has begun to answer. */
  reached(): void;
  /** A message that answers no query, or one of start-up. */
  message(message: BackendMessage): void;
  /** The session can be used. */
  opened(): void;
  /** There is no session. `gone` follows. */
  refused(error: unknown): void;
  /** The server has said why it ends the session. `gone` follows. */
  dismissed(error: DatabaseError): void;
  /** The connection has failed. `gone` follows. */
  broken(error: unknown): void;
  /** The session was closed by way of the driver. `gone` follows. */
  closed(): void;
  /** Nothing is left of it. */
  gone(): void;
}

/** An attempt to connect, which is hardly ever ended by its client. */
class Attempt implements AbortSource {
  aborted = false;
  readonly reason: unknown = undefined;
  #listener: (() => void) | null = null;

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listener = listener;
  }

  removeEventListener(): void {
    this.#listener = null;
  }

  abort(): void {
    if (this.aborted) return;
    this.aborted = true;
    this.#listener?.();
  }
}

/** The session of one client, from the attempt to connect to its end. */
export class Link implements ConnectionOwner {
  session: Session | null = null;
  /** Nothing more is sent: it is closed as soon as what has arrived was told. */
  isClosing = false;
  /** The submittable whose turn it is. */
  turn: SubmittableTurn | null = null;
  readonly #host: LinkHost;
  readonly #attempt = new Attempt();
  #hasAnswered = false;
  #saidAtStartUp: DatabaseError | null = null;
  #lastWords: DatabaseError | null = null;
  #driver: DriverConnection | null = null;
  #stream: WireStream | null = null;
  #isReferenced = true;
  #commandTimeout: number | null = null;

  constructor(host: LinkHost) {
    this.#host = host;
  }

  // ── Begin and end ───────────────────────────────────────────────────────────────────────

  /** Connects. */
  open(settings: ConnectSettings): void {
    const config = connectConfig(settings);
    this.#commandTimeout = config.commandTimeout;
    const context = { ...contextOf(config), watchStartUp: this.#watch };
    connectSession(context, this.#attempt).then(
      (session) => this.#opened(session),
      (error: unknown) => {
        const failure = connectFailure(error, this.#saidAtStartUp);
        if (!this.#attempt.aborted) {
          if (failure !== null) this.#host.refused(failure);
          this.#gone();
          return;
        }
        // A socket that is destroyed is closed in a turn of its own: whoever waits in a pool for as long as it was
        // tried has given up by then, and no other is opened for him.
        void nextTurn().then(() => this.#gone());
      },
    );
  }

  /** In a tick, as what comes of a socket's end: events of it are emitted before promises go on. */
  #gone(): void {
    nextTick(() => this.#host.gone());
  }

  readonly #watch: StartUpWatch = (type, buffer, start, end) => {
    if (!this.#hasAnswered) {
      this.#hasAnswered = true;
      this.#host.reached();
    }
    if (type === Backend.ErrorResponse) {
      this.#saidAtStartUp = databaseErrorFrom(buffer, start, end);
    } else if (type !== Backend.ReadyForQuery) {
      this.#tell(type, buffer, start, end);
    }
  };

  #opened(session: Session): void {
    this.session = session;
    // As node-postgres does.
    session.server.takesAnyEncoding = true;
    session.observer = this.#observer;
    if (!this.#isReferenced) session.unref();
    if (this.#stream !== null) this.attach(this.#stream);
    if (session.isEnded) this.#observer.ended(session.endReason);
    else if (this.#attempt.aborted) session.terminateGracefully();
    else this.#host.opened();
  }

  readonly #observer: SessionObserver = {
    notice() {},
    notification() {},
    transactionEnded() {},
    unasked: (type, buffer, start, end) => {
      if (type === Backend.ErrorResponse) this.#lastWords = databaseErrorFrom(buffer, start, end);
      else this.#tell(type, buffer, start, end);
    },
    ended: (reason) => {
      const loss = lossOf(reason);
      if (this.#lastWords !== null) this.#host.dismissed(this.#lastWords);
      else if (loss !== null) this.#host.broken(loss);
      // Whoever is told of a query's failure has a turn to give the client back to its pool, before the
      // client's own error would find nobody who listens.
      const gone = this.session!.whenGone();
      void (reason === null ? gone : gone.then(nextTurn)).then(() => this.#gone());
    },
  };

  #tell(type: number, buffer: Buffer, start: number, end: number): void {
    // There are fifteen of them, and seldom anybody who listens.
    if (type === Backend.ParameterStatus && !this.#host.hears('parameterStatus')) return;
    const message = readMessage(type, buffer, start, end);
    if (message !== null) this.#host.message(message);
  }

  /** The driver's connection on the same session. */
  driver(): DriverConnection {
    if (this.#driver !== null) return this.#driver;
    const { session } = this;
    if (session === null)
      throw new Error('client.asyncpg can be used once the client is connected');
    session.server.takesAnyEncoding = false;
    this.#driver = driver().driverConnection(session, this.#commandTimeout, {
      unasked: this.#observer.unasked!,
      closed: () => this.#host.closed(),
      ended: (reason) => this.#observer.ended(reason),
    });
    return this.#driver;
  }

  /** Whether the driver's connection is in use. */
  get hasDriver(): boolean {
    return this.#driver !== null;
  }

  /** The transaction's status, where calls of the driver may have changed it; otherwise null. */
  get statusByDriver(): 'I' | 'T' | 'E' | null {
    return this.#driver === null ? null : this.session!.transactionStatus;
  }

  end(): void {
    this.#close((session) => session.terminateGracefully());
  }

  destroy(): void {
    this.#close((session) => session.destroy(null));
  }

  /** If a listener closes it, what has arrived with its message is told as well, such as a query's end. */
  #close(close: (session: Session) => void): void {
    const { session } = this;
    this.isClosing = true;
    if (session === null) this.#attempt.abort();
    else if (session.inbox.isReading) nextTick(() => close(session));
    else close(session);
  }

  ref(): void {
    this.#isReferenced = true;
    this.session?.ref();
  }

  unref(): void {
    this.#isReferenced = false;
    this.session?.unref();
  }

  /** Cancels what another client's backend works on. */
  async cancelOther(settings: ConnectSettings, processId: number, key: number): Promise<void> {
    const context = contextOf(connectConfig(settings));
    const secretKey = Buffer.alloc(4);
    secretKey.writeInt32BE(key);
    const host = context.config.hosts[0]!;
    const secured = context.config.ssl.mode !== 'disable' && host.socketPath === null;
    await sendCancelRequest(context, { host, secured, processId, secretKey });
  }

  // ── For who speaks the protocol on his own ──────────────────────────────────────────────

  speak(write: (writer: MessageWriter) => void, answer: Answer): void {
    const { session, turn } = this;
    // What nobody waits for the answers of would be taken for somebody else's.
    if (session === null || turn === null || session.isEnded) return;
    const mark = session.writer.mark();
    try {
      write(session.writer);
    } catch (error) {
      session.writer.rollback(mark);
      throw error;
    }
    turn.said(answer);
    session.outbox.flushSoon();
  }

  write(bytes: Uint8Array): void {
    this.speak((writer) => writer.bytes(bytes), 'none');
  }

  whenDrained(): Promise<void> | null {
    const outbox = this.session?.outbox;
    return outbox?.isCongested ? outbox.whenDrained() : null;
  }

  resume(): void {
    this.session?.inbox.resume();
  }

  get socket(): object | null {
    return this.session?.socket ?? null;
  }

  taken(chunk: Buffer): void {
    this.session?.inbox.feed(chunk, chunk.length);
  }

  attach(stream: WireStream): void {
    this.#stream = stream;
    const { session } = this;
    if (session === null) return;
    const tap = (chunk: Buffer, length: number): boolean => {
      if (stream.isUntouched) return false;
      // The buffer is used again.
      if (!stream.deliver(Buffer.from(chunk.subarray(0, length)))) session.inbox.pause();
      return true;
    };
    session.inbox.tap = tap;
    if (session.tls !== null) stream.becomeSecure(session.socket ?? {}, session.tls.alpn);
  }
}

function contextOf(config: ConnectConfig): SessionContext {
  const registry = new LateRegistry(() => driver().driverCodecs(config));
  return { config, registry, clock: systemClock, network: nodeNetwork };
}
