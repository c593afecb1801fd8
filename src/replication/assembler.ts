import { ProtocolError } from '../errors/client-errors.ts';
import type {
  LogicalMessage,
  OriginMessage,
  RelationMessage,
  TruncateMessage,
} from '../protocol/replication/change-messages.ts';
import { type PgOutputSink, readPgOutput } from '../protocol/replication/pgoutput.ts';
import type {
  Begin,
  Commit,
  Prepare,
  RollbackPrepared,
  StreamAbort,
  StreamCommit,
  StreamStart,
} from '../protocol/replication/transaction-messages.ts';
import type { AssemblerHost } from './assembler-host.ts';
import type { Change } from './change.ts';
import { ChangeDecoder, type Decoding } from './change-decoder.ts';
import { Delivery } from './delivery.ts';
import { Interruption } from './interruption.ts';
import { StreamedTransactions } from './streamed-transactions.ts';
import { Transaction } from './transaction.ts';
import { WholeTransactions } from './whole-transactions.ts';

/**
 * Makes transactions of what pgoutput sends, across all connections of a stream: what was handed over
 * before is skipped, and a transaction that was cut in two is put together.
 */
export class Assembler implements PgOutputSink {
  /** Which messages of pg_logical_emit_message are wanted, by their prefixes. */
  readonly #wanted: (prefix: string) => boolean;
  readonly #decoder: ChangeDecoder;
  readonly #delivery: Delivery;
  readonly #interruption = new Interruption();
  readonly #whole: WholeTransactions;
  readonly #streamed: StreamedTransactions;
  /** Where the message begins that is taken. */
  #lsn = 0;
  /** Where the present connection begins. */
  #start = 0n;

  constructor(host: AssemblerHost, wanted: (prefix: string) => boolean, delivered: bigint) {
    this.#decoder = new ChangeDecoder(host);
    this.#wanted = wanted;
    this.#delivery = new Delivery(host, delivered);
    this.#whole = new WholeTransactions(this.#delivery, this.#interruption);
    this.#streamed = new StreamedTransactions(this.#delivery, this.#interruption);
  }

  /** What had been handed over before. */
  get skipped(): Delivery['skipped'] {
    return this.#delivery.skipped;
  }

  /** Where the transaction ends that has come last: nothing at or before it is handed over again. */
  get delivered(): bigint {
    return this.#delivery.delivered;
  }

  /** Whether the server is in the middle of a transaction. */
  get isMidway(): boolean {
    return this.#whole.current !== null || this.#streamed.isAnyOpen;
  }

  // ── Connections ─────────────────────────────────────────────────────────────────────────

  /** A connection has begun, at `start`. What it sends is decoded so. */
  connected(decoding: Decoding, start: bigint): void {
    this.#decoder.connected(decoding);
    this.#start = start;
  }

  /**
   * The connection is lost.
   *
   * @param comesAgain what was not acknowledged comes once more with the next
   */
  disconnected(comesAgain: boolean): void {
    this.#decoder.done();
    this.#whole.disconnected(comesAgain);
    this.#streamed.disconnected();
    if (comesAgain) return;
    this.#interruption.forget();
    this.#delivery.forget();
  }

  /** The changes of the interrupted transaction, and all open ones, end with an error. */
  wakeAll(): void {
    this.#whole.current?.wake();
    this.#interruption.wake();
    this.#streamed.wakeAll();
  }

  // ── Messages ────────────────────────────────────────────────────────────────────────────

  /**
   * Takes one message. False: it has to be given once more, when types were learnt.
   *
   * @param lsn where it begins in the log
   */
  take(buffer: Buffer, start: number, end: number, lsn: number): boolean {
    this.#lsn = lsn;
    try {
      readPgOutput(buffer, start, end, this.#streamed.part !== null, this);
      this.#decoder.done();
      return true;
    } catch (error) {
      return this.#decoder.retries(error) && this.take(buffer, start, end, lsn);
    }
  }

  /** The types that `learn` was called for are known. */
  learnt(): void {
    this.#decoder.learnt();
  }

  /** The server has sent everything up to there. */
  reached(position: bigint): void {
    if (!this.isMidway) this.#interruption.reached(position);
  }

  origin({ name }: OriginMessage): void {
    const transaction = this.#streamed.part ?? this.#whole.current;
    if (transaction !== null) transaction.origin = name;
  }

  relation(message: RelationMessage): void {
    this.#decoder.define(message);
  }

  // ── Changes ─────────────────────────────────────────────────────────────────────────────

  /** Whether nobody wants the change that comes, as it was handed over before. */
  #isSkipped(): boolean {
    const { part } = this.#streamed;
    return part === null ? this.#whole.isSkipped(this.#lsn) : part.isDropped;
  }

  insert(oid: number, xid: number, buffer: Buffer, at: number, end: number): void {
    if (this.#isSkipped()) return;
    this.#push(this.#decoder.insert(oid, xid, buffer, at, end));
  }

  update(oid: number, xid: number, buffer: Buffer, at: number, end: number): void {
    if (this.#isSkipped()) return;
    this.#push(this.#decoder.update(oid, xid, buffer, at, end));
  }

  delete(oid: number, xid: number, buffer: Buffer, at: number, end: number): void {
    if (this.#isSkipped()) return;
    this.#push(this.#decoder.delete(oid, xid, buffer, at, end));
  }

  truncate({ relations, cascade, restartIdentity }: TruncateMessage, xid: number): void {
    if (this.#isSkipped()) return;
    const tables = relations.map((oid) => this.#decoder.relation(oid));
    const change: Change = { kind: 'truncate', relations: tables, cascade, restartIdentity, xid };
    this.#push(change);
  }

  message(message: LogicalMessage, xid: number): void {
    const { transactional, lsn, prefix, content } = message;
    const change: Change = { kind: 'message', prefix, content, transactional, xid };
    if (transactional) {
      // A change may follow at the same place, and what is not wanted does not count there.
      if (this.#wanted(prefix) && !this.#isSkipped()) this.#push(change);
      return;
    }
    // It is in no transaction, and comes when the log has it. Its position is its end, as that of a
    // transaction: a commit may begin right there.
    if (lsn <= this.delivered) return;
    const alone = new Transaction(this.#delivery.host, 0, lsn, 0n);
    if (this.#wanted(prefix)) this.#delivery.add(alone, change);
    this.#delivery.finish(alone, 'committed', { lsn, endLsn: lsn, time: 0n });
  }

  #push(change: Change): void {
    const transaction = (this.#streamed.part ?? this.#whole.current)!;
    transaction.came(this.#lsn);
    this.#delivery.add(transaction, change);
  }

  // ── Transactions ────────────────────────────────────────────────────────────────────────

  begin(begin: Begin): void {
    this.#whole.begin(begin);
  }

  commit(commit: Commit): void {
    this.#whole.commit(commit);
  }

  beginPrepare(prepare: Prepare): void {
    this.#whole.beginPrepare(prepare, this.#start);
  }

  prepare(prepare: Prepare): void {
    this.#whole.prepare(prepare, this.#start);
  }

  streamStart({ xid }: StreamStart): void {
    if (this.#streamed.part !== null || this.#whole.current !== null) {
      throw new ProtocolError('a part of a transaction begins inside of another');
    }
    this.#streamed.start(xid);
  }

  streamStop(): void {
    this.#streamed.stop();
  }

  streamCommit(commit: StreamCommit): void {
    this.#streamed.commit(commit);
  }

  streamPrepare(prepare: Prepare): void {
    this.#streamed.prepare(prepare, this.#start);
  }

  streamAbort(abort: StreamAbort): void {
    this.#streamed.abort(abort);
  }

  commitPrepared(prepare: Prepare): void {
    if (this.#whole.commitPrepared(prepare) || this.#streamed.commitPrepared(prepare)) return;
    this.#decided('commit-prepared', prepare.xid, prepare.gid, prepare);
  }

  rollbackPrepared({ xid, gid, endLsn, time }: RollbackPrepared): void {
    this.#decided('rollback-prepared', xid, gid, { lsn: endLsn - 1n, endLsn, time });
  }

  #decided(
    kind: 'commit-prepared' | 'rollback-prepared',
    xid: number,
    gid: string,
    commit: Commit,
  ): void {
    this.#delivery.prepared.delete(xid);
    this.#streamed.decided(xid);
    if (commit.lsn < this.delivered) {
      this.skipped.transactions += 1;
      return;
    }
    const transaction = new Transaction(this.#delivery.host, xid, commit.lsn, commit.time);
    transaction.gid = gid;
    this.#delivery.add(transaction, { kind, gid });
    const outcome = kind === 'commit-prepared' ? 'committed' : 'aborted';
    this.#delivery.finish(transaction, outcome, commit);
  }
}
