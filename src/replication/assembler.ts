import { ProtocolError } from '../errors/client-errors.ts';
import type {
  LogicalMessage,
  OriginMessage,
  RelationMessage,
  TruncateMessage,
} from '../protocol/replication/change-messages.ts';
import { lsnText } from '../protocol/replication/lsn.ts';
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
import type { Change } from './change.ts';
import { ChangeDecoder, type Decoding, type TypeHost } from './change-decoder.ts';
import { ReplicationDivergedError } from './errors.ts';
import { Transaction, type TransactionHost, type TransactionOutcome } from './transaction.ts';

/** What the assembler tells its stream. */
export interface AssemblerHost extends TransactionHost, TypeHost {
  /** The first change of a transaction is in it: it can be handed over. A prepared one may have none. */
  opened(transaction: Transaction): void;
  /** One more change waits. */
  pushed(transaction: Transaction): void;
  /** A transaction has ended; it was handed over only if it has changes. */
  closed(transaction: Transaction): void;
  /** A transaction has ended as aborted that was handed over as a whole: it comes once more, as another one. */
  forgotten(transaction: Transaction): void;
}

/** A transaction of which a part was handed over when the connection was lost. */
interface Interrupted {
  readonly transaction: Transaction;
  /** What its beginning said where its end is. */
  readonly announced: bigint;
}

/** Behind every position. */
const UNKNOWN_END = (1n << 64n) - 1n;

/**
 * Makes transactions of what pgoutput sends, across all connections of a stream: what was handed over
 * before is skipped, and a transaction that was cut in two is put together.
 */
export class Assembler implements PgOutputSink {
  /** What had been handed over before. */
  readonly skipped = { transactions: 0, changes: 0 };
  /** Where the transaction ends that has come last: nothing at or before it is handed over again. */
  delivered: bigint;
  readonly #host: AssemblerHost;
  /** Which messages of pg_logical_emit_message are wanted, by their prefixes. */
  readonly #wanted: (prefix: string) => boolean;
  readonly #decoder: ChangeDecoder;
  /** The transaction whose changes come, but for streamed ones. */
  #current: Transaction | null = null;
  /** What its beginning said where its end is. */
  #announced = 0n;
  /** It was prepared before the server was to send that: its end is where that is committed. */
  #isLate = false;
  /** It was handed over before as a whole. */
  #isDropping = false;
  /** Of its changes, those come again that were handed over before. */
  #isResuming = false;
  /** How many of those that are where the last one was. */
  #toSkip = 0;
  /** Where the message begins that is taken. */
  #lsn = 0;
  #interrupted: Interrupted | null = null;
  /** Where the present connection begins. */
  #start = 0n;
  /** Where those were prepared that came late, and were handed over as a whole. */
  readonly #late = new Set<bigint>();
  /** Transactions in progress, by their ids. */
  readonly #streamed = new Map<number, Transaction>();
  /** Those that were handed over as prepared, and of which it is not decided what becomes, by their ids. */
  readonly #prepared = new Set<number>();
  /** Those of them that come in parts once more: nobody is told of the end of these parts. */
  readonly #again = new Map<number, Transaction>();
  /** The one whose part comes now. */
  #part: Transaction | null = null;

  constructor(host: AssemblerHost, wanted: (prefix: string) => boolean, delivered: bigint) {
    this.#host = host;
    this.#decoder = new ChangeDecoder(host);
    this.#wanted = wanted;
    this.delivered = delivered;
  }

  /** Whether the server is in the middle of a transaction. */
  get isMidway(): boolean {
    return this.#current !== null || this.#streamed.size > 0;
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
    const current = this.#current;
    this.#current = null;
    this.#part = null;
    this.#decoder.done();
    if (current?.isPending && !this.#isDropping) {
      if (comesAgain) {
        this.#interrupted = { transaction: current, announced: this.#announced };
      } else {
        this.#end(current, 'aborted');
      }
    }
    this.#isDropping = false;
    this.#isLate = false;
    this.#isResuming = false;
    // A savepoint that was rolled back meanwhile is not sent again, so that nobody can tell how much
    // of such a transaction comes a second time: it begins anew.
    for (const transaction of this.#streamed.values()) this.#end(transaction, 'aborted');
    this.#streamed.clear();
    this.#again.clear();
    if (!comesAgain) {
      this.#prepared.clear();
      this.#interrupted = null;
      this.#late.clear();
      this.delivered = 0n;
    }
  }

  /** The changes of the interrupted transaction, and all open ones, end with an error. */
  wakeAll(): void {
    this.#current?.wake();
    this.#interrupted?.transaction.wake();
    for (const transaction of this.#streamed.values()) transaction.wake();
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
      readPgOutput(buffer, start, end, this.#part !== null, this);
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
    const interrupted = this.#interrupted;
    if (interrupted === null || this.isMidway) return;
    if (position > interrupted.transaction.finalLsn) throw this.#missing(interrupted);
  }

  #missing({ transaction }: Interrupted): ReplicationDivergedError {
    return new ReplicationDivergedError(
      `transaction ${transaction.xid}, of which a part was handed over, does not come again`,
      { detail: `Its commit was at ${lsnText(transaction.finalLsn)}.` },
    );
  }

  begin({ finalLsn, time, xid }: Begin): void {
    this.#open(xid, finalLsn, time);
  }

  beginPrepare({ lsn, time, xid, gid }: Prepare): void {
    // What was prepared before the slot had `twoPhase` is sent when it is committed, whatever came between.
    const isLate = lsn < this.#start;
    const transaction = this.#open(xid, lsn, time, isLate);
    if (!isLate) transaction.gid = gid;
  }

  #open(xid: number, finalLsn: bigint, time: bigint, isLate: boolean = false): Transaction {
    if (this.#current !== null) throw new ProtocolError('a transaction begins inside of another');
    const interrupted = this.#interrupted;
    this.#isDropping = false;
    this.#isLate = isLate;
    this.#announced = finalLsn;
    this.#isResuming = false;
    if (interrupted !== null) {
      const { transaction, announced } = interrupted;
      if (transaction.xid === xid && announced === finalLsn) {
        this.#interrupted = null;
        this.#isResuming = true;
        this.#toSkip = transaction.lastCount;
        this.#current = transaction;
        return transaction;
      }
      if (finalLsn >= transaction.finalLsn) throw this.#missing(interrupted);
    }
    // Its end is behind its commit: so what was handed over as a whole begins before that end.
    this.#isDropping = isLate ? this.#late.has(finalLsn) : finalLsn < this.delivered;
    const transaction = new Transaction(this.#host, xid, finalLsn, time);
    if (isLate) {
      transaction.finalLsn = UNKNOWN_END;
      transaction.endLsn = this.delivered;
    }
    this.#current = transaction;
    return transaction;
  }

  commit({ lsn, endLsn, time }: Commit): void {
    this.#close('committed', lsn, endLsn, time);
  }

  prepare({ lsn, endLsn, time }: Prepare): void {
    if (!this.#isLate) this.#close('prepared', lsn, endLsn, time);
  }

  #close(outcome: TransactionOutcome, lsn: bigint, endLsn: bigint, time: bigint): void {
    const transaction = this.#current;
    if (transaction === null) throw new ProtocolError('a transaction ends that has not begun');
    this.#current = null;
    if (this.#isLate) this.#late.add(this.#announced);
    this.#isLate = false;
    if (this.#isDropping) {
      this.#isDropping = false;
      this.skipped.transactions += 1;
      return;
    }
    this.#finish(transaction, outcome, lsn, endLsn, time);
  }

  #finish(
    transaction: Transaction,
    outcome: TransactionOutcome,
    lsn: bigint,
    endLsn: bigint,
    time: bigint,
  ): void {
    transaction.finalLsn = lsn;
    transaction.endLsn = endLsn;
    transaction.time = time;
    this.delivered = endLsn;
    // What becomes of it is told, whatever is in it.
    if (outcome === 'prepared') {
      this.#prepared.add(transaction.xid);
      if (!transaction.isPending) this.#host.opened(transaction);
    }
    this.#end(transaction, outcome);
  }

  #end(transaction: Transaction, outcome: TransactionOutcome): void {
    transaction.end(outcome);
    this.#host.closed(transaction);
  }

  origin({ name }: OriginMessage): void {
    const transaction = this.#part ?? this.#current;
    if (transaction !== null) transaction.origin = name;
  }

  relation(message: RelationMessage): void {
    this.#decoder.define(message);
  }

  // ── Changes ─────────────────────────────────────────────────────────────────────────────

  /**
   * Whether a change of the present transaction was handed over before. That is told by where it is in the log, as
   * the server may not send the same changes once more: of a publication that is altered while a transaction is in
   * progress, it goes by what it has remembered, and by nothing after a connection was lost.
   */
  #isSkipped(): boolean {
    const transaction = this.#part ?? this.#current;
    if (transaction === null) throw new ProtocolError('a change is in no transaction');
    if (this.#part !== null) return this.#part.isDropped;
    if (this.#isDropping) return true;
    if (!this.#isResuming) return false;
    const isLast = this.#lsn === transaction.lastLsn;
    // Rows that COPY has written together are all at one place.
    this.#isResuming = isLast ? this.#toSkip > 0 : this.#lsn < transaction.lastLsn;
    if (!this.#isResuming) return false;
    if (isLast) this.#toSkip -= 1;
    this.skipped.changes += 1;
    return true;
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
    const alone = new Transaction(this.#host, 0, lsn, 0n);
    if (this.#wanted(prefix)) this.#add(alone, change);
    this.#finish(alone, 'committed', lsn, lsn, 0n);
  }

  #push(change: Change): void {
    const transaction = (this.#part ?? this.#current)!;
    transaction.came(this.#lsn);
    this.#add(transaction, change);
  }

  #add(transaction: Transaction, change: Change): void {
    if (transaction.isPending) {
      if (transaction.isDropped) return;
      transaction.push(change);
      this.#host.pushed(transaction);
    } else {
      transaction.push(change);
      this.#host.opened(transaction);
    }
  }

  // ── Transactions in progress ────────────────────────────────────────────────────────────

  streamStart({ xid }: StreamStart): void {
    if (this.#part !== null || this.#current !== null) {
      throw new ProtocolError('a part of a transaction begins inside of another');
    }
    let transaction = this.#streamed.get(xid) ?? this.#again.get(xid);
    if (transaction === undefined) {
      this.#comesInParts(xid);
      transaction = new Transaction(this.#host, xid, 0n, 0n, 'streamed');
      transaction.endLsn = this.delivered;
      const comesAgain = this.#prepared.has(xid);
      if (comesAgain) transaction.isDropped = true;
      (comesAgain ? this.#again : this.#streamed).set(xid, transaction);
    }
    this.#part = transaction;
  }

  /** What the server sends in parts is for its memory to say: it may come so after it came as a whole. */
  #comesInParts(xid: number): void {
    const interrupted = this.#interrupted;
    if (interrupted?.transaction.xid !== xid) return;
    this.#interrupted = null;
    interrupted.transaction.end('aborted');
    this.#host.forgotten(interrupted.transaction);
  }

  streamStop(): void {
    if (this.#part === null) throw new ProtocolError('a part of a transaction ends twice');
    this.#part = null;
  }

  #takeStreamed(xid: number): Transaction {
    const transaction = this.#streamed.get(xid);
    if (transaction === undefined || this.#part !== null) {
      throw new ProtocolError(`transaction ${xid} ends, which is not in progress`);
    }
    this.#streamed.delete(xid);
    return transaction;
  }

  streamCommit({ xid, lsn, endLsn, time }: StreamCommit): void {
    this.#endStreamed(this.#takeStreamed(xid), 'committed', lsn, endLsn, time);
  }

  streamPrepare({ xid, gid, lsn, endLsn, time }: Prepare): void {
    if (this.#again.delete(xid)) {
      this.skipped.transactions += 1;
      return;
    }
    if (lsn < this.#start) {
      // As in `beginPrepare`: its end comes with its commit, right behind.
      const late = this.#streamed.get(xid);
      if (late !== undefined) late.finalLsn = lsn;
      return;
    }
    const transaction = this.#takeStreamed(xid);
    transaction.gid = gid;
    this.#endStreamed(transaction, 'prepared', lsn, endLsn, time);
  }

  #endStreamed(
    transaction: Transaction,
    outcome: TransactionOutcome,
    lsn: bigint,
    endLsn: bigint,
    time: bigint,
  ): void {
    if (lsn < this.delivered) {
      // It was handed over before, and was in progress once more until now.
      this.skipped.transactions += 1;
      this.#end(transaction, 'aborted');
      return;
    }
    this.#finish(transaction, outcome, lsn, endLsn, time);
  }

  streamAbort({ xid, subXid }: StreamAbort): void {
    if (xid !== subXid) {
      this.#streamed.get(xid)?.abortSavepoint(subXid);
      return;
    }
    const transaction = this.#streamed.get(xid);
    if (transaction === undefined) return;
    this.#streamed.delete(xid);
    this.#end(transaction, 'aborted');
  }

  // ── Two phases ──────────────────────────────────────────────────────────────────────────

  commitPrepared(prepare: Prepare): void {
    const { xid, gid, lsn, endLsn, time } = prepare;
    if (this.#isLate) {
      this.#close('committed', lsn, endLsn, time);
    } else if (isPrepared(this.#streamed.get(xid))) {
      const transaction = this.#takeStreamed(xid);
      this.#late.add(transaction.finalLsn);
      this.#endStreamed(transaction, 'committed', lsn, endLsn, time);
    } else {
      this.#decided('commit-prepared', xid, gid, prepare);
    }
  }

  rollbackPrepared({ xid, gid, endLsn, time }: RollbackPrepared): void {
    this.#decided('rollback-prepared', xid, gid, { lsn: endLsn - 1n, endLsn, time });
  }

  #decided(
    kind: 'commit-prepared' | 'rollback-prepared',
    xid: number,
    gid: string,
    { lsn, endLsn, time }: Commit,
  ): void {
    this.#prepared.delete(xid);
    this.#again.delete(xid);
    const streamed = this.#streamed.get(xid);
    if (streamed !== undefined) {
      // That it was prepared was confirmed before, and is not sent once more: its parts are.
      this.#streamed.delete(xid);
      this.skipped.transactions += 1;
      this.#end(streamed, 'aborted');
    }
    if (lsn < this.delivered) {
      this.skipped.transactions += 1;
      return;
    }
    const transaction = new Transaction(this.#host, xid, lsn, time);
    transaction.gid = gid;
    this.#add(transaction, { kind, gid });
    const outcome = kind === 'commit-prepared' ? 'committed' : 'aborted';
    this.#finish(transaction, outcome, lsn, endLsn, time);
  }
}

/** Whether it has come that a streamed transaction was prepared, though it is not at its end. */
function isPrepared(streamed: Transaction | undefined): boolean {
  return streamed !== undefined && streamed.finalLsn !== 0n;
}
