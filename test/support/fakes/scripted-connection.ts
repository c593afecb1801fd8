/**
 * One connection of the scripted server (scripted-server.ts): what a step works on.
 */
import type { Socket } from 'node:net';
import { type SecureContextOptions, TLSSocket, type TlsOptions } from 'node:tls';
import { inspect } from 'node:util';
import { readStartupPacket, type StartupPacket } from '../../../src/protocol/frontend/startup.ts';
import { MessageReader } from '../../../src/protocol/reader.ts';
import { MessageWriter } from '../../../src/protocol/writer.ts';
import {
  decodeFrontendMessage,
  type FrontendMessage,
  type FrontendMessageName,
  frontendName,
  frontendType,
} from './frontend-message.ts';

/** How long the script waits for a client, in milliseconds, before it says what is missing. */
const PATIENCE = 10_000;

/** The script was not followed. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';
}

const ENDINGS = ['end', 'close', 'error'] as const;

/** A message as it came: the type byte, null at start-up, and what follows the length. */
interface RawMessage {
  readonly type: number | null;
  readonly body: Buffer;
}

/** One accepted connection. Steps of a test's own work on it. */
export class ScriptedConnection {
  /** The number of the connection in the order of acceptance, from 0. */
  readonly index: number;
  /** What was expected and came, in order, for failures and for assertions. */
  readonly messages: string[] = [];
  /** The parameters of the StartupMessage, once it came. */
  startupParameters: ReadonlyMap<string, string> = new Map();
  #socket: Socket;
  #captured: Buffer[] = [];
  #unread: Buffer = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(index: number, socket: Socket) {
    this.index = index;
    this.#socket = socket;
    this.#attach(socket);
  }

  #attach(socket: Socket): void {
    socket.setNoDelay(true);
    socket.on('data', this.#onData);
    // A client that resets the connection is a client that has closed it.
    for (const event of ENDINGS) socket.on(event, this.#onEnd);
  }

  #detach(socket: Socket): void {
    socket.pause();
    socket.off('data', this.#onData);
    for (const event of ENDINGS) socket.off(event, this.#onEnd);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#captured.push(chunk);
    this.#unread = Buffer.concat([this.#unread, chunk]);
    this.#wake();
  };

  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#wake();
  };

  /** Every byte that the client has sent so far; under TLS, what was inside. */
  get received(): Buffer {
    return Buffer.concat(this.#captured);
  }

  /** The bytes that no step has taken yet. */
  get unread(): Buffer {
    return this.#unread;
  }

  /** Whether the client has closed its side, or both are closed. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The socket below, for what no step does. */
  get socket(): Socket {
    return this.#socket;
  }

  /** Sends messages made by the function, in one write. */
  send(write: (writer: MessageWriter) => void): Promise<void> {
    return this.sendRaw(encoded(write));
  }

  /** Sends bytes as they are, in one write. */
  sendRaw(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      // Bytes for a client that is gone get lost, as they do on any network.
      this.#socket.write(bytes, () => resolve());
    });
  }

  /** Takes the next `count` bytes as they are. */
  async takeRaw(count: number): Promise<Buffer> {
    await this.#until(() => this.#unread.length >= count, `${count} bytes`);
    const bytes = this.#unread.subarray(0, count);
    this.#unread = this.#unread.subarray(count);
    return bytes;
  }

  /** Takes a StartupMessage, SSLRequest, GSSENCRequest or CancelRequest. */
  async takeStartupPacket(wanted: string = 'a start-up packet'): Promise<StartupPacket> {
    const { body } = await this.#takeMessage(false, wanted);
    const packet = readStartupPacket(new MessageReader(body, 0, body.length));
    this.messages.push(packet.type);
    if (packet.type === 'StartupMessage') this.startupParameters = packet.parameters;
    return packet;
  }

  /** Takes the next message, which must be of the given name. */
  async take<Name extends FrontendMessageName>(name: Name): Promise<FrontendMessage<Name>> {
    const { type, body } = await this.#takeMessage(true, name);
    if (type !== frontendType(name)) {
      throw new ScriptError(`got ${describe(type, body)} in place of ${name}`);
    }
    const message = decodeFrontendMessage(name, body);
    this.messages.push(name);
    return message;
  }

  /** Waits for the client to close the connection without a further byte. */
  async takeEnd(): Promise<void> {
    await this.#until(() => this.#ended || this.#unread.length > 0, 'the end of the connection');
    if (this.#unread.length > 0) {
      throw new ScriptError(`got ${this.describeUnread()} in place of the end of the connection`);
    }
  }

  /** Goes over to TLS as the server. Resolves when the handshake is over. */
  async startTls(options: TlsOptions & SecureContextOptions): Promise<void> {
    const plain = this.#socket;
    this.#detach(plain);
    // What came after the request and was not taken belongs to the handshake.
    if (this.#unread.length > 0) plain.unshift(this.#unread);
    this.#unread = Buffer.alloc(0);
    const secure = new TLSSocket(plain, { ...options, isServer: true });
    this.#socket = secure;
    await new Promise<void>((resolve, reject) => {
      secure.once('secure', resolve);
      secure.once('error', reject);
      secure.once('close', () => reject(new ScriptError('the client ended the TLS handshake')));
    });
    this.#attach(secure);
  }

  /** Sends FIN after what was sent before. */
  close(): void {
    this.#socket.end();
  }

  /** Closes the server's side as soon as the client has closed its own. */
  closeAfterClient(): void {
    if (this.#ended) this.#socket.end();
    else this.#socket.once('end', () => this.#socket.end());
  }

  /** Sends RST: whatever is still on its way may be lost. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** Destroys the socket, so that a client that left the script does not wait for more. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** What has come and was not taken, in words. */
  describeUnread(): string {
    const found: string[] = [];
    let rest = this.#unread;
    while (rest.length >= 5) {
      const length = rest.readInt32BE(1);
      if (length < 4 || rest.length < 1 + length) break;
      found.push(describe(rest.readUInt8(0), rest.subarray(5, 1 + length)));
      rest = rest.subarray(1 + length);
    }
    if (rest.length > 0) found.push(`${rest.length} bytes ${inspect(rest)}`);
    return found.length === 0 ? 'nothing' : found.join(', ');
  }

  async #takeMessage(typed: boolean, wanted: string): Promise<RawMessage> {
    const header = typed ? 5 : 4;
    await this.#until(() => this.#unread.length >= header, wanted);
    const length = this.#unread.readInt32BE(header - 4);
    if (length < 4) throw new ScriptError(`got a message of length ${length}`);
    const end = header - 4 + length;
    await this.#until(() => this.#unread.length >= end, `the rest of ${wanted}`);
    const type = typed ? this.#unread.readUInt8(0) : null;
    const body = this.#unread.subarray(header, end);
    this.#unread = this.#unread.subarray(end);
    return { type, body };
  }

  async #until(condition: () => boolean, wanted: string): Promise<void> {
    let impatient = false;
    const timer = setTimeout(() => {
      impatient = true;
      this.#wake();
    }, PATIENCE);
    try {
      while (!condition()) {
        if (this.#ended) {
          throw new ScriptError(
            `the connection ended before ${wanted}; unread: ${this.describeUnread()}`,
          );
        }
        if (impatient) {
          throw new ScriptError(
            `${wanted} did not come within ${PATIENCE} ms; unread: ${this.describeUnread()}`,
          );
        }
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Messages as bytes. */
export function encoded(write: (writer: MessageWriter) => void): Buffer {
  // Small, so that it has to grow.
  const writer = new MessageWriter(1);
  write(writer);
  return Buffer.from(writer.written);
}

function describe(type: number | null, body: Buffer): string {
  if (type === null) return 'a start-up packet';
  const name = frontendName(type);
  if (name === undefined) {
    return `a message of the unknown type 0x${type.toString(16)} (${body.length} bytes)`;
  }
  if (name === 'PasswordMessage') return 'a PasswordMessage or SASL response';
  try {
    return `${name} ${inspect(decodeFrontendMessage(name, body), { breakLength: 200 })}`;
  } catch (error) {
    return `${name} (${error instanceof Error ? error.message : String(error)})`;
  }
}
