import { writeErrorResponse } from '../../src/protocol/backend/response.ts';
import { writeCommandComplete } from '../../src/protocol/backend/result.ts';
import { writeReadyForQuery } from '../../src/protocol/backend/session.ts';
import { writeCopyBothResponse, writeCopyData, writeCopyDone } from '../../src/protocol/copy.ts';
import { Frontend } from '../../src/protocol/message-type.ts';
import { MessageReader } from '../../src/protocol/reader.ts';
import { INSERT, writeRelation, writeRow } from '../../src/protocol/replication/change-messages.ts';
import { lsnText } from '../../src/protocol/replication/lsn.ts';
import { writeBegin, writeCommit } from '../../src/protocol/replication/transaction-messages.ts';
import {
  readStatusUpdate,
  writeKeepalive,
  writeXLogData,
} from '../../src/protocol/replication/walsender.ts';
import type { MessageWriter } from '../../src/protocol/writer.ts';
import type { PuppetResult } from '../support/fakes/puppet.ts';
import { encoded } from '../support/fakes/scripted-connection.ts';
import { SimulatedServer, SimulatedStream } from './simulated-server.ts';

export const SLOT = 'simulated';
/** Milliseconds after which a client that says nothing is given up. */
const WAL_SENDER_TIMEOUT = 30_000;
const TABLE = 16_384;

/** A transaction in the log. */
export interface Logged {
  readonly xid: number;
  readonly commitLsn: bigint;
  readonly endLsn: bigint;
  readonly ids: readonly number[];
}

/** A server with a log, and one slot that walsenders send it from. */
export class SimulatedPrimary extends SimulatedServer {
  readonly log: Logged[] = [];
  /** Everything before was confirmed. */
  confirmed = 0x1000n;
  /** The same as it was saved last: what a crash leaves. */
  saved = 0x1000n;
  end = 0x1000n;
  /** Whoever streams from the slot. */
  active: SimulatedWalsender | null = null;
  /** Is told of each position that a client has confirmed. */
  onConfirmed: (position: bigint) => void = () => {};
  #ids = 0;

  protected override makeStream(): SimulatedStream {
    return new SimulatedWalsender(this);
  }

  /** Commits a transaction with so many rows. */
  commit(rows: number): void {
    const ids = Array.from({ length: rows }, () => ++this.#ids);
    const commitLsn = this.end + BigInt(rows * 50 + 20);
    this.end = commitLsn + 40n;
    this.log.push({ xid: 700 + this.log.length, commitLsn, endLsn: this.end, ids });
    this.active?.send();
  }

  /** Somebody writes what is not published. */
  writeElsewhere(): void {
    this.end += 1000n;
    this.active?.keepalive(false);
  }

  override crash(): void {
    super.crash();
    this.active = null;
    this.confirmed = this.saved;
  }

  resultOf(text: string): PuppetResult | undefined {
    if (text === 'IDENTIFY_SYSTEM') {
      return texts({ systemid: '7', timeline: '1', xlogpos: lsnText(this.end), dbname: 'shop' });
    }
    if (text.startsWith('SHOW wal_sender_timeout')) return texts({ wal_sender_timeout: '30s' });
    if (text.includes('pg_publication_tables')) return texts({ oid: '23' });
    if (text.includes('pg_publication ')) return texts({ pubname: 'simulated' });
    if (!text.includes('pg_replication_slots')) return undefined;
    const slot = JSON.stringify({
      slot_name: SLOT,
      plugin: 'pgoutput',
      database: 'shop',
      temporary: false,
      confirmed_flush_lsn: lsnText(this.confirmed),
    });
    return { ...texts({ slot, lag: String(this.end - this.confirmed) }), parameters: [25] };
  }
}

function texts(row: Readonly<Record<string, string>>): PuppetResult {
  return {
    columns: Object.keys(row).map((name) => [name, 25] as const),
    rows: [Object.values(row).map((value) => Buffer.from(value))],
  };
}

/** A connection that can be streamed on. */
export class SimulatedWalsender extends SimulatedStream {
  readonly #primary: SimulatedPrimary;
  #unread: Buffer = Buffer.alloc(0);
  #isStarted = false;
  #isStreaming = false;
  #next = 0;
  #sentTo = 0n;
  #hasRelation = false;
  #heardAt = 0;

  constructor(primary: SimulatedPrimary) {
    super(primary, (text) => primary.resultOf(text));
    this.#primary = primary;
    this.once('close', () => {
      if (primary.active === this) primary.active = null;
    });
  }

  protected override receive(chunk: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, chunk]);
    for (;;) {
      const header = this.#isStarted ? 1 : 0;
      if (this.#unread.length < header + 4) return;
      const end = header + this.#unread.readInt32BE(header);
      if (this.#unread.length < end) return;
      const message = this.#unread.subarray(0, end);
      this.#unread = this.#unread.subarray(end);
      this.#message(message);
      this.#isStarted = true;
    }
  }

  #message(message: Buffer): void {
    const type = this.#isStarted ? message[0] : null;
    if (this.#isStreaming && type === Frontend.CopyData) {
      this.#status(message);
    } else if (this.#isStreaming && type === Frontend.CopyDone) {
      this.#isStreaming = false;
      this.#primary.active = null;
      this.#say((writer) => {
        writeCopyDone(writer);
        writeCommandComplete(writer, 'COPY 0');
        writeCommandComplete(writer, 'START_REPLICATION');
        writeReadyForQuery(writer);
      });
    } else if (type === Frontend.Query && message.includes('START_REPLICATION')) {
      this.#start(message.toString('latin1'));
    } else {
      super.receive(message);
    }
  }

  #say(write: (writer: MessageWriter) => void): void {
    this.sayAfter(encoded(write), this.#primary.latency);
  }

  #start(text: string): void {
    const primary = this.#primary;
    const holder = primary.active;
    if (holder !== null) {
      this.#say((writer) => {
        const message = `replication slot "${SLOT}" is active`;
        writeErrorResponse(writer, { severity: 'ERROR', sqlstate: '55006', message });
        writeReadyForQuery(writer);
      });
      return;
    }
    primary.active = this;
    this.#isStreaming = true;
    this.#heardAt = primary.clock.now();
    const [, high, low] = /LOGICAL ([0-9A-F]+)\/([0-9A-F]+)/.exec(text)!;
    const asked = BigInt(`0x${high}`) * 0x1_0000_0000n + BigInt(`0x${low}`);
    // Never what was confirmed before, whatever is asked for.
    const from = asked > primary.confirmed ? asked : primary.confirmed;
    this.#next = primary.log.findIndex(({ commitLsn }) => commitLsn >= from);
    if (this.#next < 0) this.#next = primary.log.length;
    this.#sentTo = from;
    this.#say((writer) => writeCopyBothResponse(writer, { format: 0, columnFormats: [] }));
    this.send();
    this.#watch();
  }

  /** Sends what is in the log and was not sent. */
  send(): void {
    const { log } = this.#primary;
    for (; this.#next < log.length; this.#next++) {
      const { xid, commitLsn, endLsn, ids } = log[this.#next]!;
      this.#data((writer) => writeBegin(writer, { finalLsn: commitLsn, time: 0n, xid }));
      if (!this.#hasRelation) this.#data(describeTable);
      this.#hasRelation = true;
      for (const [i, id] of ids.entries()) {
        const bytes = Buffer.alloc(4);
        bytes.writeInt32BE(id);
        const row = { relation: TABLE, old: null, key: null };
        const start = commitLsn - BigInt((ids.length - i) * 50);
        this.#data(
          (writer) => writeRow(writer, INSERT, { ...row, new: [{ format: 'binary', bytes }] }),
          start,
        );
      }
      this.#data((writer) => writeCommit(writer, { lsn: commitLsn, endLsn, time: 0n }));
      this.#sentTo = endLsn;
    }
    this.#sentTo = this.#primary.end;
  }

  #data(write: (writer: MessageWriter) => void, start: bigint = 0n): void {
    const body = encoded(write);
    const header = { start, end: this.#primary.end, time: 0n };
    const data = encoded((writer) => writeXLogData(writer, header, body));
    this.#say((writer) => writeCopyData(writer, data));
  }

  keepalive(wantsReply: boolean): void {
    this.send();
    const end = this.#sentTo;
    const data = encoded((writer) => writeKeepalive(writer, { end, time: 0n, wantsReply }));
    this.#say((writer) => writeCopyData(writer, data));
  }

  #status(message: Buffer): void {
    const { flushed, wantsReply } = readStatusUpdate(new MessageReader(message, 5, message.length));
    const primary = this.#primary;
    this.#heardAt = primary.clock.now();
    if (flushed > primary.confirmed) {
      primary.onConfirmed(flushed);
      primary.confirmed = flushed;
    }
    if (wantsReply) this.keepalive(false);
  }

  /** Gives up a client that says nothing, after it was asked. */
  #watch(): void {
    this.#primary.later(WAL_SENDER_TIMEOUT / 2, () => {
      if (!this.#isStreaming || this.#primary.active !== this) return;
      const silence = this.#primary.clock.now() - this.#heardAt;
      if (silence >= WAL_SENDER_TIMEOUT) {
        this.#primary.active = null;
        this.lose();
        return;
      }
      if (silence >= WAL_SENDER_TIMEOUT / 2) this.keepalive(true);
      this.#watch();
    });
  }
}

function describeTable(writer: MessageWriter): void {
  writeRelation(writer, {
    oid: TABLE,
    schema: 'public',
    table: 'numbers',
    replicaIdentity: 'default',
    columns: [{ name: 'id', typeOid: 23, typeModifier: -1, isKey: true }],
  });
}
