import type { TextRun } from '../../codecs/text-run.ts';

/**
 * Who takes what comes of a query whose types nobody has asked for. What is in a buffer is valid
 * only during the call.
 */
export interface UntypedResults {
  /** The body of an ErrorResponse. `settled` follows with the ReadyForQuery. */
  error(buffer: Buffer, start: number, end: number): void;
  /** The portal was bound: what fails from now on is its execution. */
  bound(): void;
  /** The body of a RowDescription: rows of these columns come next. */
  described(buffer: Buffer, start: number, end: number): void;
  /** The body of a DataRow. */
  row(buffer: Buffer, start: number, end: number, run: TextRun): void;
  /** A statement has been executed. `tag`: its command tag; empty for an empty text. */
  completed(tag: string): void;
  /** The statement has been parsed, and can be bound by its name from now on. */
  parsed(): void;
  /** All is over, and the server free for what comes next. `error`: why it failed, or null. */
  settled(error: unknown): void;
}
