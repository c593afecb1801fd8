import net from 'node:net';
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises';
import { Backend, describeMessageType, Frontend } from '../../../src/protocol/message-type.ts';

/**
 * What may befall a connection:
 *
 * - `cut`: both sides see the other close in good order
 * - `reset`: both sides get RST
 * - `half-close`: only the receiver of the present message sees the other close
 * - `silence`: nothing passes any more, and nobody is told
 * - `throttle`: a few kilobytes pass at a time
 * - `drip`: every byte passes alone, for one message of some length, then as before
 */
export type Fault = 'cut' | 'reset' | 'half-close' | 'silence' | 'throttle' | 'drip';

type Side = 'client' | 'server';

/** A message on its way. */
export interface PassingMessage {
  /** Which connection of the proxy it is on; the first is 0. */
  readonly link: number;
  readonly from: Side;
  /** Its name in the manual's section "Message Formats". */
  readonly name: string;
  /** How many came before it on this connection from the same side. */
  readonly index: number;
}

/** A fault, and where it strikes the message that it is placed at. */
export interface PlacedFault {
  readonly fault: Fault;
  readonly where: 'before' | 'within' | 'after';
}

/** Bytes that pass at once when throttled, and the milliseconds between. */
const THROTTLED_PIECE = 4096;
const THROTTLED_PAUSE = 1;
/** Bytes that drip before the rest flows. */
const DRIPS = 2000;

const NAMES = {
  client: new Map(Object.entries(Frontend).map(([name, type]) => [type as number, name])),
  server: new Map(Object.entries(Backend).map(([name, type]) => [type as number, name])),
};

/** The messages without a type byte, with which a client begins. */
const FIRST_MESSAGES: ReadonlyMap<number, string> = new Map([
  [80_877_102, 'CancelRequest'],
  [80_877_103, 'SSLRequest'],
  [80_877_104, 'GSSENCRequest'],
]);

/**
 * A TCP proxy in front of a server that understands where messages begin and end, both ways, so
 * that a fault can be placed at each of these boundaries. What passes must not be encrypted: its
 * `dsn` says so.
 */
export class FaultProxy implements AsyncDisposable {
  /** Asked for every message: what is to befall its connection there. */
  plan: (message: PassingMessage) => PlacedFault | null = () => null;
  /** New connections are taken, but nothing passes on them. */
  deaf = false;
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly #server: net.Server;
  readonly #links = new Set<Link>();
  #count = 0;

  private constructor(server: net.Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async listen(target: { host: string; port: number }): Promise<FaultProxy> {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const proxy = new FaultProxy(server, (server.address() as net.AddressInfo).port);
    server.on('connection', (client) => proxy.#accept(client, target));
    return proxy;
  }

  /** Where clients connect to, as the superuser of a test server. */
  get dsn(): string {
    return `postgresql://postgres@${this.host}:${this.port}/postgres?sslmode=disable`;
  }

  /** Connections that are open on either side. */
  get links(): readonly Link[] {
    return [...this.#links];
  }

  /** Connections that were accepted, ever. */
  get accepted(): number {
    return this.#count;
  }

  #accept(client: net.Socket, target: { host: string; port: number }): void {
    const { host, port } = target;
    const server = net.connect({ host, port, allowHalfOpen: true, noDelay: true });
    const link = new Link(this.#count, client, server, (message) => this.plan(message));
    this.#count += 1;
    this.#links.add(link);
    void link.whenClosed.then(() => this.#links.delete(link));
    if (this.deaf) link.strike('silence');
  }

  /** Lets go of all connections on which nothing passes any more; new ones are served. */
  heal(): void {
    this.deaf = false;
    for (const link of this.#links) if (link.isSilent) link.strike('reset');
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const link of this.#links) link.strike('reset');
    await closed;
    await Promise.all([...this.#links].map((link) => link.whenClosed));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** One connection through the proxy: a socket to each side. */
export class Link {
  readonly number: number;
  /** Both sockets are closed. */
  readonly whenClosed: Promise<void>;
  isSilent = false;
  #pace: 'throttle' | 'drip' | null = null;
  readonly #sockets: Readonly<Record<Side, net.Socket>>;
  readonly #plan: (message: PassingMessage) => PlacedFault | null;

  constructor(
    number: number,
    client: net.Socket,
    server: net.Socket,
    plan: (message: PassingMessage) => PlacedFault | null,
  ) {
    this.number = number;
    this.#sockets = { client, server };
    this.#plan = plan;
    const closings = [client, server].map((socket, index) => {
      const other = index === 0 ? server : client;
      socket.on('error', () => drop(other));
      return new Promise<void>((resolve) => socket.once('close', () => resolve()));
    });
    this.whenClosed = Promise.all(closings).then(() => {});
    void this.#flow('client');
    void this.#flow('server');
  }

  /** What befalls the connection from now on. `from`: whose message it strikes. */
  strike(fault: Fault, from: Side = 'server'): void {
    const { client, server } = this.#sockets;
    switch (fault) {
      case 'cut':
        for (const socket of [client, server]) {
          // The peer may never close its own side, but has been told.
          socket.end(() => socket.destroy());
        }
        break;
      case 'reset':
        drop(client);
        drop(server);
        break;
      case 'half-close':
        this.#other(from).end();
        break;
      case 'silence':
        this.isSilent = true;
        break;
      case 'throttle':
      case 'drip':
        this.#pace = fault;
    }
  }

  #other(side: Side): net.Socket {
    return side === 'client' ? this.#sockets.server : this.#sockets.client;
  }

  /** Hands on what one side sends, message by message, until it ends. */
  async #flow(from: Side): Promise<void> {
    const source = this.#sockets[from];
    const boundaries = new Boundaries(from);
    let rest: Buffer = Buffer.alloc(0);
    try {
      for await (const chunk of source.iterator({ destroyOnReturn: false })) {
        rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
        let sent = 0;
        let at = 0;
        for (let next = boundaries.next(rest, at); next !== null; ) {
          const placed = this.#plan({ ...next, link: this.number, from });
          if (placed !== null) {
            const share = { before: 0, within: next.size >> 1, after: next.size }[placed.where];
            await this.#deliver(from, rest.subarray(sent, at + share));
            sent = at + share;
            this.strike(placed.fault, from);
          }
          at += next.size;
          next = boundaries.next(rest, at);
        }
        await this.#deliver(from, rest.subarray(sent, at));
        rest = rest.subarray(at);
      }
      this.#other(from).end();
    } catch {
      // The socket's error has gone to the other side.
    }
  }

  async #deliver(from: Side, bytes: Buffer): Promise<void> {
    if (this.#pace === null) {
      await this.#write(from, bytes);
      return;
    }
    const drips = this.#pace === 'drip' ? Math.min(DRIPS, bytes.length) : 0;
    for (let at = 0; at < drips; at++) {
      await this.#write(from, bytes.subarray(at, at + 1));
      await turn();
    }
    for (let at = drips; at < bytes.length; at += THROTTLED_PIECE) {
      await this.#write(from, bytes.subarray(at, at + THROTTLED_PIECE));
      await pause(THROTTLED_PAUSE);
    }
  }

  /** Writes, and waits while the receiver is behind. */
  async #write(from: Side, bytes: Buffer): Promise<void> {
    // Nothing more is taken either, so that the sender comes to a halt in the end.
    if (this.isSilent) await this.whenClosed;
    const target = this.#other(from);
    if (bytes.length === 0 || !target.writable) return;
    if (target.write(bytes) || target.destroyed) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        target.off('drain', done);
        target.off('close', done);
        resolve();
      };
      target.on('drain', done);
      target.on('close', done);
    });
  }
}

/** Tells where each message of one side begins and ends. */
class Boundaries {
  readonly #from: Side;
  #index = 0;
  #begun: boolean;

  constructor(from: Side) {
    this.#from = from;
    this.#begun = from === 'server';
  }

  /** The message that begins at `at`, null while it has not come as a whole. */
  next(bytes: Buffer, at: number): { name: string; index: number; size: number } | null {
    const isTyped = this.#begun;
    const lengthAt = isTyped ? at + 1 : at;
    if (bytes.length < lengthAt + 4) return null;
    const size = bytes.readInt32BE(lengthAt) + (isTyped ? 1 : 0);
    if (bytes.length < at + size) return null;
    const name = isTyped
      ? (NAMES[this.#from].get(bytes[at]!) ?? describeMessageType(bytes[at]!))
      : (FIRST_MESSAGES.get(bytes.readInt32BE(at + 4)) ?? 'StartupMessage');
    this.#begun = true;
    const index = this.#index;
    this.#index += 1;
    return { name, index, size };
  }
}

/** Closes with RST, unless it is closed. */
function drop(socket: net.Socket): void {
  if (socket.destroyed) return;
  // Node never tells the end of a socket that is reset after it was ended.
  if (socket.writableEnded || socket.connecting) socket.destroy();
  else socket.resetAndDestroy();
}
