import { readParameterStatus, writeNotificationResponse } from '../../protocol/backend/session.ts';
import { writeQuery } from '../../protocol/frontend/query.ts';
import { PROTOCOL_3_0, writeStartupMessage } from '../../protocol/frontend/startup.ts';
import { Backend } from '../../protocol/message-type.ts';
import { MessageReader } from '../../protocol/reader.ts';
import { quoteIdentifier } from '../../sql/quote.ts';
import { nextTurn } from '../../transport/turn.ts';
import { answer } from './answers.ts';
import { eachMessage } from './messages.ts';
import type { PGliteDatabase } from './pglite-database.ts';

/** One of the connections that share a backend. */
export interface Tenant {
  /** Carries out what it was sent. */
  serve(): Promise<void>;
  /** It has a transaction open: nobody else has a turn before that ends. */
  readonly isHolding: boolean;
  /** The channels that it listens to. */
  readonly channels: ReadonlySet<string>;
  /** Hands on a notification that another one's work has brought. */
  notify(message: Buffer): void;
  /** Answers a CancelRequest with this key, if it is for this one and can still be obeyed. */
  cancel(secretKey: Buffer): boolean;
  /** The backend is gone. */
  fail(error: Error): void;
}

/**
 * The one backend of a PGlite, and whose turn it is. A turn goes on until its tenant has no
 * transaction open, and meanwhile PGlite's own methods wait as well. Others get theirs in the order
 * in which they have asked.
 */
export class SharedBackend {
  readonly #db: PGliteDatabase;
  readonly #tenants = new Set<Tenant>();
  readonly #waiting: Tenant[] = [];
  #owner: Tenant | null = null;
  /** It has been sent more since its turn began. */
  #ownerWants = false;
  #isBusy = false;
  #unlock: (() => void) | null = null;
  #unsubscribe: (() => void) | null = null;
  /** Settings by name, as the backend reports them. */
  readonly parameters = new Map<string, string>();
  processId = 0;
  /** Whose start-up settings hold: a name for all of them together; null: who knows. */
  settings: string | null = '';
  /** Somebody has ceased to listen, and perhaps for others as well. */
  hasUnlistened = false;

  constructor(db: PGliteDatabase) {
    this.#db = db;
  }

  enter(tenant: Tenant): void {
    this.#tenants.add(tenant);
    this.#unsubscribe ??=
      this.#db.onNotification?.((channel, payload) => {
        this.spread(channel, notification(this.processId, channel, payload), null);
      }) ?? null;
  }

  leave(tenant: Tenant): void {
    this.#tenants.delete(tenant);
    const at = this.#waiting.indexOf(tenant);
    if (at >= 0) this.#waiting.splice(at, 1);
    if (this.#tenants.size > 0) return;
    this.#unsubscribe?.();
    this.#unsubscribe = null;
  }

  /** Somebody has something to be carried out. */
  want(tenant: Tenant): void {
    if (tenant === this.#owner) this.#ownerWants = true;
    else if (!this.#waiting.includes(tenant)) this.#waiting.push(tenant);
    this.#pump();
  }

  /** Whether it is this one's turn. */
  isTurnOf(tenant: Tenant): boolean {
    return this.#owner === tenant && this.#unlock !== null;
  }

  #pump(): void {
    if (this.#isBusy) return;
    if (this.#owner !== null && !this.#ownerWants) return;
    const tenant = this.#owner ?? this.#waiting.shift();
    if (tenant === undefined) return;
    this.#isBusy = true;
    this.#ownerWants = false;
    void this.#turn(tenant).then(async () => {
      // Timers and sockets have their turn as well: all of this is microtasks.
      await nextTurn();
      this.#isBusy = false;
      this.#pump();
    });
  }

  /** Serves one, and those with a transaction keep their turn. */
  async #turn(tenant: Tenant): Promise<void> {
    try {
      if (this.#owner === null) {
        this.#owner = tenant;
        this.#unlock = await this.#lock();
        if (this.processId === 0) await this.#begin();
      }
      await tenant.serve();
      if (tenant.isHolding) return;
      await this.#db.syncToFs();
    } catch (error) {
      for (const each of [...this.#tenants]) each.fail(error as Error);
    }
    this.#owner = null;
    this.#unlock?.();
    this.#unlock = null;
    // What it has been sent meanwhile comes after what others have been.
    if (this.#ownerWants) this.#waiting.push(tenant);
    this.#ownerWants = false;
  }

  /** Keeps PGlite's own methods waiting; resolves to what lets them go on. */
  #lock(): Promise<() => void> {
    const db = this.#db;
    return new Promise((resolve, reject) => {
      const exclusive = () =>
        db.runExclusive(() => new Promise<void>((release) => resolve(release)));
      const locked = db.waitReady.then(() => {
        if (db.closed === true) throw new Error('PGlite is closed');
        return db._runExclusiveTransaction === undefined
          ? exclusive()
          : db._runExclusiveTransaction(exclusive);
      });
      locked.catch(reject);
    });
  }

  /** Has the backend tell of its settings, as it does at start-up. */
  async #begin(): Promise<void> {
    const parameters = new Map([
      ['user', 'postgres'],
      ['database', 'postgres'],
    ]);
    const greeting = await this.execute(
      answer((writer) => writeStartupMessage(writer, PROTOCOL_3_0, parameters)),
    );
    eachMessage(greeting, (type, start, end) => {
      if (type === Backend.ParameterStatus) this.noteParameter(greeting, start, end);
      else if (type === Backend.BackendKeyData) this.processId = greeting.readInt32BE(start);
    });
  }

  noteParameter(buffer: Buffer, start: number, end: number): void {
    const { name, value } = readParameterStatus(new MessageReader(buffer, start, end));
    this.parameters.set(name, value);
  }

  /** Has messages carried out, now. */
  async execute(messages: Uint8Array): Promise<Buffer> {
    const chunks: Buffer[] = [];
    await this.#db.execProtocolRawStream(messages, {
      syncToFs: false,
      // The memory is PGlite's own.
      onRawData: (data) => chunks.push(Buffer.from(data)),
    });
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  }

  /** Executes statements of ours. Resolves to the answer. */
  run(text: string): Promise<Buffer> {
    return this.execute(answer((writer) => writeQuery(writer, text)));
  }

  /** UNLISTEN ends it for all: those who did not mean it listen again. */
  async listenAgain(): Promise<void> {
    if (!this.hasUnlistened) return;
    this.hasUnlistened = false;
    const channels = new Set<string>();
    for (const tenant of this.#tenants) for (const name of tenant.channels) channels.add(name);
    if (channels.size === 0) return;
    await this.run([...channels].map((name) => `LISTEN ${quoteIdentifier(name)};`).join(''));
  }

  /** Hands a notification to all that listen, but to the one who has it already. */
  spread(channel: string, message: Buffer, except: Tenant | null): void {
    for (const tenant of this.#tenants) {
      if (tenant !== except && tenant.channels.has(channel)) tenant.notify(message);
    }
  }

  cancel(secretKey: Buffer): void {
    for (const tenant of this.#tenants) if (tenant.cancel(secretKey)) return;
  }
}

function notification(pid: number, channel: string, payload: string): Buffer {
  return answer((writer) => writeNotificationResponse(writer, { pid, channel, payload }));
}
