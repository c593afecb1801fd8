import { Duplex } from 'node:stream';
import { readCommandComplete } from '../../protocol/backend/result.ts';
import {
  readNotificationResponse,
  type TransactionStatus,
} from '../../protocol/backend/session.ts';
import { writeClose, writeSync } from '../../protocol/frontend/query.ts';
import { readStartupPacket } from '../../protocol/frontend/startup.ts';
import { Backend, Frontend } from '../../protocol/message-type.ts';
import { MessageReader } from '../../protocol/reader.ts';
import { builtinModule } from '../../runtime/builtin-module.ts';
import { quoteIdentifier } from '../../sql/quote.ts';
import { soon } from '../../transport/turn.ts';
import { answer, CANCELLED, READY, startedUp } from './answers.ts';
import { Flight, type Statements } from './flight.ts';
import { GatheredCopy, rehearse } from './gathered-copy.ts';
import { ClientMessages, eachMessage } from './messages.ts';
import type { SharedBackend, Tenant } from './shared-backend.ts';
import { StartSettings } from './start-settings.ts';
import { areInBegun, UnbegunTransaction } from './unbegun-transaction.ts';

/** What a stream hands on at once, so that its reader can stop it. */
const PIECE = 64 * 1024;
const NO = Buffer.from('N');

/**
 * One connection to a PGlite: what the client writes is cut into flights, which the backend carries
 * out when it is this connection's turn.
 */
export class BackendStream extends Duplex implements Tenant {
  /** See ByteStream. */
  readonly sharesSession = true;
  readonly #backend: SharedBackend;
  readonly #input = new ClientMessages();
  /** What has arrived since the last flight, and how many ends of flights are in it. */
  #messages: Buffer[] = [];
  #flights = 0;
  #start: StartSettings | null = null;
  #hasStarted = false;
  #secretKey: Buffer | null = null;
  #status: TransactionStatus = 'I';
  /** A flight has ended without a Sync. */
  #isOpen = false;
  #copy: GatheredCopy | null = null;
  /** Something has failed before it was carried out: nothing is, up to the next Sync. */
  #isSkipping = false;
  #isEnding = false;
  /** It was cancelled before it began, and has not been ended. */
  #unbegun: UnbegunTransaction | null = null;
  /** Its prepared statements by name. */
  readonly #statements: Statements = new Map();
  #channels: ReadonlySet<string> = new Set();
  /** The same as it will be if the transaction is committed. */
  #changedChannels: Set<string> | null = null;

  constructor(backend: SharedBackend) {
    super({ allowHalfOpen: true });
    this.#backend = backend;
    backend.enter(this);
  }

  get channels(): ReadonlySet<string> {
    return this.#channels;
  }

  get isHolding(): boolean {
    return !this.#isEnding && (this.#status !== 'I' || this.#isOpen);
  }

  // ── What the client does ────────────────────────────────────────────────────────────────

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.#input.feed(chunk);
    for (let message = this.#input.next(); message !== null; message = this.#input.next()) {
      if (this.#isEnding) break;
      if (this.#input.isTyped) this.#take(message);
      else this.#greet(message);
    }
    callback();
  }

  override _final(callback: () => void): void {
    this.#end();
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#end();
    callback(error);
  }

  /** The messages without a type. */
  #greet(message: Buffer): void {
    const packet = readStartupPacket(new MessageReader(message, 4, message.length));
    switch (packet.type) {
      case 'CancelRequest':
        this.#backend.cancel(packet.secretKey);
        this.#end();
        break;
      case 'StartupMessage':
        this.#input.isTyped = true;
        this.#start = new StartSettings(packet.parameters);
        this.#backend.want(this);
        break;
      default:
        this.#answerSoon(NO);
    }
  }

  #take(message: Buffer): void {
    const type = message[0];
    if (type === Frontend.Terminate) {
      this.#end();
      return;
    }
    if (this.#copy?.isWhole === false) {
      if (this.#copy.gather(message)) this.#backend.want(this);
      return;
    }
    this.#messages.push(message);
    if (type !== Frontend.Sync && type !== Frontend.Flush && type !== Frontend.Query) return;
    // A sign of life: it needs no turn.
    if (type === Frontend.Sync && this.#messages.length === 1 && this.#isIdle) {
      this.#messages = [];
      this.#answerSoon(READY);
      return;
    }
    this.#flights += 1;
    if (this.#unbegun === null) this.#backend.want(this);
    else soon(() => this.#answerUnbegun());
  }

  /** Answers what is there for a transaction that has never begun, up to its end. */
  #answerUnbegun(): void {
    while (this.#unbegun !== null && this.#flights > 0 && !this.#isEnding) {
      const flight = this.#nextFlight();
      const told = this.#unbegun.answerTo(flight);
      if (told === null) this.#putBack(flight);
      else this.#hand(told);
      if (this.#unbegun.isOver) this.#unbegun = null;
    }
    if (this.#flights > 0) this.#backend.want(this);
  }

  /** Nobody expects an answer while he still writes. */
  #answerSoon(bytes: Buffer): void {
    soon(() => this.#hand(bytes));
  }

  get #isIdle(): boolean {
    const isFree = this.#hasStarted && !this.#isSkipping && this.#flights === 0;
    return isFree && this.#isServed && !this.#backend.isTurnOf(this);
  }

  #end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#messages = [];
    this.#flights = 0;
    if (this.#hasStarted) {
      this.#backend.want(this);
    } else {
      this.#backend.leave(this);
      this.push(null);
    }
  }

  // ── What the backend does ───────────────────────────────────────────────────────────────

  async serve(): Promise<void> {
    if (this.#start !== null && !this.#hasStarted && !this.#isEnding) await this.#startUp();
    if (this.#copy?.isWhole === true && !this.#isEnding) await this.#finishCopy(this.#copy);
    // Those that are there now: what comes in answer to them has its turn when others have had theirs.
    for (let left = this.#flights; left > 0 && this.#isServed; left--) {
      await this.#carryOut(this.#nextFlight());
    }
    if (this.#isEnding) await this.#cleanUp();
  }

  /** What it is sent is for the backend to carry out. */
  get #isServed(): boolean {
    return !this.#isEnding && this.#copy === null && this.#unbegun === null;
  }

  async #startUp(): Promise<void> {
    const error = this.#start!.refusal ?? (await this.#applySettings());
    if (error !== null) {
      this.push(error);
      this.#end();
      return;
    }
    this.#hasStarted = true;
    this.#secretKey = builtinModule('node:crypto').randomBytes(4);
    this.push(startedUp(this.#backend.parameters, this.#backend.processId, this.#secretKey));
  }

  /** Sets what the client has asked for at start-up, if it is not set already. What the server objects to. */
  async #applySettings(): Promise<Buffer | null> {
    const { name, statement } = this.#start!;
    if (this.#backend.settings === name) return null;
    if (statement !== null) {
      const told = await this.#backend.run(statement);
      const error = this.#noteSettings(told);
      if (error !== null) return error;
    }
    this.#backend.settings = name;
    return null;
  }

  /** Hands on which settings are changed. What was objected to, if anything was. */
  #noteSettings(told: Buffer): Buffer | null {
    let error: Buffer | null = null;
    eachMessage(told, (type, start, end, from) => {
      if (type === Backend.ErrorResponse) error ??= told.subarray(from, end);
      if (type !== Backend.ParameterStatus) return;
      this.#backend.noteParameter(told, start, end);
      if (this.#hasStarted) this.push(told.subarray(from, end));
    });
    return error;
  }

  #nextFlight(): Flight {
    const isEnd = (message: Buffer) =>
      message[0] === Frontend.Sync ||
      message[0] === Frontend.Flush ||
      message[0] === Frontend.Query;
    const end = this.#messages.findIndex(isEnd);
    this.#flights -= 1;
    return new Flight(this.#messages.splice(0, end + 1), this.#statements);
  }

  #putBack(flight: Flight): void {
    this.#messages.unshift(...flight.messages);
    this.#flights += 1;
  }

  async #carryOut(flight: Flight): Promise<void> {
    const backend = this.#backend;
    if (this.#isSkipping) {
      if (flight.end !== 'Sync') return;
      this.#isSkipping = false;
      this.push(READY);
      return;
    }
    if (!this.isHolding) {
      const error = await this.#applySettings();
      if (error !== null) this.push(error);
    }
    const { copyIn } = flight.effects;
    if (copyIn !== null && flight.end === 'Query' && (await this.#beginCopy(flight, copyIn)))
      return;
    this.#noteListening(flight);
    this.#isOpen = flight.end === 'Flush';
    this.#deliver(await backend.execute(flight.bytes));
    if (flight.effects.resets) backend.settings = null;
    if (!this.isHolding) await backend.listenAgain();
  }

  /** Whether the client is to send the data of its COPY now; what has gone wrong it is told otherwise. */
  async #beginCopy(flight: Flight, format: 'text' | 'binary'): Promise<boolean> {
    if (this.#isOpen || this.#status === 'E') return false;
    const { begin, told } = await rehearse(
      this.#backend,
      flight.bytes,
      format,
      this.#status === 'T',
    );
    if (begin === null) {
      this.#deliver(told, true);
      return true;
    }
    this.#copy = new GatheredCopy(flight.bytes);
    this.push(begin);
    // A client that has given the COPY up meanwhile has said so already.
    const behind = this.#messages;
    this.#messages = [];
    this.#flights = 0;
    for (const message of behind) this.#take(message);
    return true;
  }

  /** Carries out a COPY once all of its data is there. */
  async #finishCopy(copy: GatheredCopy): Promise<void> {
    this.#copy = null;
    if (!this.isHolding) await this.#applySettings();
    this.#deliver(await this.#backend.execute(copy.messages), true);
  }

  #noteListening({ effects: { listens, unlistens } }: Flight): void {
    if (listens.length === 0 && unlistens.length === 0) return;
    const channels = this.#changedChannels ?? new Set(this.#channels);
    if (unlistens === 'all') channels.clear();
    else for (const name of unlistens) channels.delete(name);
    for (const name of listens) channels.add(name);
    if (unlistens.length > 0) this.#backend.hasUnlistened = true;
    this.#changedChannels = channels;
  }

  /** Hands on what the backend has answered, and keeps what it says of the session. */
  #deliver(told: Buffer, withoutCopyIn = false): void {
    let from = 0;
    let isUndone = false;
    const notifications: [channel: string, message: Buffer][] = [];
    const skip = (start: number, end: number): void => {
      this.#hand(told.subarray(from, start));
      from = end;
    };
    eachMessage(told, (type, start, end, at) => {
      switch (type) {
        case Backend.ReadyForQuery:
          this.#status = String.fromCharCode(told[start]!) as TransactionStatus;
          this.#isOpen = false;
          if (this.#status !== 'I') break;
          if (!isUndone) this.#channels = this.#changedChannels ?? this.#channels;
          this.#changedChannels = null;
          isUndone = false;
          break;
        case Backend.ErrorResponse:
          isUndone = true;
          break;
        case Backend.CommandComplete:
          isUndone = readCommandComplete(new MessageReader(told, start, end)) === 'ROLLBACK';
          break;
        case Backend.ParameterStatus:
          this.#backend.noteParameter(told, start, end);
          break;
        case Backend.NotificationResponse: {
          const { channel } = readNotificationResponse(new MessageReader(told, start, end));
          notifications.push([channel, told.subarray(at, end)]);
          if (!(this.#changedChannels ?? this.#channels).has(channel)) skip(at, end);
          break;
        }
        case Backend.CopyInResponse:
          if (withoutCopyIn) skip(at, end);
          break;
      }
    });
    this.#hand(told.subarray(from));
    for (const [channel, message] of notifications) this.#backend.spread(channel, message, this);
  }

  #hand(bytes: Buffer): void {
    if (this.destroyed) return;
    for (let at = 0; at < bytes.length; at += PIECE) this.push(bytes.subarray(at, at + PIECE));
  }

  notify(message: Buffer): void {
    if (this.#hasStarted && !this.#isEnding) this.push(message);
  }

  cancel(secretKey: Buffer): boolean {
    if (this.#secretKey === null || !this.#secretKey.equals(secretKey)) return false;
    const isCopy = this.#copy?.isWhole === true;
    if (this.#backend.isTurnOf(this) || (!isCopy && this.#flights === 0)) return true;
    // A COPY whose data is there comes before what was sent behind it.
    const flight = isCopy ? null : this.#nextFlight();
    if (flight !== null && areInBegun(flight.texts, this.#flights > 0)) {
      this.#unbegun = new UnbegunTransaction();
      this.#hand(this.#unbegun.cancelled(flight));
      this.#answerUnbegun();
      return true;
    }
    if (isCopy) this.#copy = null;
    this.push(CANCELLED);
    if (flight?.end === 'Flush') this.#isSkipping = true;
    else this.push(READY);
    return true;
  }

  fail(error: Error): void {
    this.#hasStarted = false;
    this.destroy(error);
  }

  /** Leaves nothing behind that a server's session would not. */
  async #cleanUp(): Promise<void> {
    if (!this.#hasStarted) return;
    this.#hasStarted = false;
    const backend = this.#backend;
    backend.leave(this);
    await backend.execute(
      answer((writer) => {
        writeSync(writer);
        for (const name of this.#statements.keys()) writeClose(writer, 'S', name);
        writeSync(writer);
      }),
    );
    if (this.#status !== 'I') await backend.run('ROLLBACK');
    if (this.#channels.size > 0) {
      const texts = [...this.#channels].map((name) => `UNLISTEN ${quoteIdentifier(name)};`);
      await backend.run(texts.join(''));
      backend.hasUnlistened = true;
      await backend.listenAgain();
    }
    if (!this.destroyed) this.push(null);
  }
}
