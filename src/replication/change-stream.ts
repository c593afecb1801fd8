import type { Change } from './change.ts';
import type { ChangeTransaction } from './transaction.ts';

/** Several small transactions, or a part of a large one. Acknowledged as a whole. */
export interface ChangeBatch {
  /** The changes, in the order of their transactions. */
  readonly changes: readonly Change[];
  /** The transactions that end in it. */
  readonly transactions: readonly ChangeTransaction[];
  /** The position of the last transaction that ends in it, to store with its effects; null: none does. */
  readonly lsn: string | null;
  /** All of it was processed. */
  ack(): void;
}

/** How batches are made. */
export interface BatchOptions {
  /** The most changes of one. Default 1,000. */
  readonly maxChanges?: number | undefined;
  /** How long more changes are waited for once there is one, in milliseconds. Default 0: not at all. */
  readonly maxDelay?: number | undefined;
}

/** Positions in the server's log, as PostgreSQL prints them. */
export interface StreamPosition {
  /** Where the last transaction ends that has come. */
  readonly received: string;
  /** Everything before was processed. */
  readonly acknowledged: string;
  /** What the server was told of that. */
  readonly reported: string;
  /** How far the server has sent, as it said last. */
  readonly server: string;
}

/** What a stream has done since it was opened. */
export interface ChangeStreamStats {
  /** Transactions with changes that have come. */
  readonly transactions: number;
  /** Changes that have come. */
  readonly changes: number;
  /** Transactions that came again after a connection was lost, and were not handed over again. */
  readonly skippedTransactions: number;
  /** The same for changes of a transaction that was cut in two. */
  readonly skippedChanges: number;
  /** Connections that were lost and made anew. */
  readonly reconnects: number;
  /** Updates that the server was sent. */
  readonly statusUpdates: number;
  /** Signs of life that the server has sent. */
  readonly keepalives: number;
  /** Changes that wait to be taken. */
  readonly queued: number;
  /** The most that there have been. */
  readonly maxQueued: number;
  /** Transactions that are not acknowledged. */
  readonly unacknowledged: number;
}

/**
 * The committed changes of published tables, in the order of their commits. Made by
 * `openChangeStream`. Iterate it for its transactions; leaving the loop closes the stream, and does not
 * acknowledge the transaction that it was left in.
 */
export interface ChangeStream extends AsyncIterable<ChangeTransaction>, AsyncDisposable {
  /**
   * Several small transactions, or parts of a large one, at once; acknowledged together.
   *
   * @throws InterfaceError with `streaming`, whose changes may turn out not to count
   */
  batches(options?: BatchOptions): AsyncIterable<ChangeBatch>;
  /**
   * Everything up to this was processed: a transaction, a batch or a position.
   *
   * @throws InterfaceError for a position that has not come yet, and for what another stream has handed over
   * @throws InvalidArgumentError for what is none of the three
   */
  ack(upTo: ChangeTransaction | ChangeBatch | string): void;
  /**
   * Resolves when the server has been told of every ack so far: its slot has come so far. It asks that on a
   * connection of its own. In a snapshot there is no slot before all of it was acknowledged: it resolves at once.
   */
  flush(): Promise<void>;
  /** How far the stream is. */
  readonly position: StreamPosition;
  /** Bytes between what is acknowledged and what the server has sent, as its keepalives tell. */
  readonly lag: bigint;
  /** What it has done. */
  readonly stats: ChangeStreamStats;
  /** Tells the server the last ack and ends. A permanent slot stays. */
  close(): Promise<void>;
}
