import { Backend, Frontend, HEADER_LENGTH } from '../../protocol/message-type.ts';
import type { MessageWriter } from '../../protocol/writer.ts';

/** Describe of a statement, not of a portal. */
const STATEMENT = 0x53; // 'S'

/** What the server may answer to a message. Each fits in four bits, and 0 is nothing. */
const PARSE_COMPLETE = 1;
const BIND_COMPLETE = 2;
const CLOSE_COMPLETE = 3;
const PARAMETERS = 4;
/** RowDescription or NoData. */
const COLUMNS = 5;
/** CommandComplete, EmptyQueryResponse or PortalSuspended, perhaps after rows. */
const EXECUTION = 6;

const ANSWER_BITS = 4;
const ANSWER_MASK = 0xf;
/** So many answers fit in one small integer. */
const PACKED_ANSWERS = 7;
/** After so many, the answers that were taken from the list are forgotten, once they are most. */
const FORGET = 1024;

/**
 * What the server has to answer to the messages that a request has written, in this order and
 * nothing else. An answer too few or too many means that answers and requests no longer belong
 * together: then no later one may be believed either.
 *
 * Nearly every request awaits a handful of answers, which stand in one number, the next one
 * lowest; only what does not fit goes to a list. bench/micro/query.ts
 *
 * PostgreSQL manual, section 54.2.3 "Extended Query".
 */
export class AwaitedAnswers {
  #packed = 0;
  #packedCount = 0;
  /** Those that come after the packed ones, from `#at` on. */
  #list: number[] | null = null;
  #at = 0;

  /** Awaits the answers to the messages in `writer` from `start` on as well. */
  add({ buffer, offset }: MessageWriter, start: number): void {
    for (let at = start; at < offset; ) {
      switch (buffer[at]) {
        case Frontend.Parse:
          this.#push(PARSE_COMPLETE);
          break;
        case Frontend.Bind:
          this.#push(BIND_COMPLETE);
          break;
        case Frontend.Describe:
          if (buffer[at + HEADER_LENGTH] === STATEMENT) this.#push(PARAMETERS);
          this.#push(COLUMNS);
          break;
        case Frontend.Execute:
          this.#push(EXECUTION);
          break;
        case Frontend.Close:
          this.#push(CLOSE_COMPLETE);
          break;
      }
      const length =
        (buffer[at + 1]! << 24) |
        (buffer[at + 2]! << 16) |
        (buffer[at + 3]! << 8) |
        buffer[at + 4]!;
      at += 1 + length;
    }
  }

  #push(answer: number): void {
    if (this.#list === null && this.#packedCount < PACKED_ANSWERS) {
      this.#packed |= answer << (ANSWER_BITS * this.#packedCount);
      this.#packedCount += 1;
      return;
    }
    this.#list ??= [];
    this.#list.push(answer);
  }

  /** Awaits nothing. */
  clear(): void {
    this.#packed = 0;
    this.#packedCount = 0;
    this.#list = null;
    this.#at = 0;
  }

  /** How many answers are awaited. */
  get left(): number {
    return this.#packedCount + (this.#list === null ? 0 : this.#list.length - this.#at);
  }

  get #next(): number {
    if (this.#packedCount > 0) return this.#packed & ANSWER_MASK;
    return this.#list?.[this.#at] ?? 0;
  }

  /** Whether the rows of an execution may come now, or its end. */
  get isExecuting(): boolean {
    return this.#next === EXECUTION;
  }

  /** Takes an answer. False: it is not the one that is awaited. */
  take(type: number): boolean {
    if (answerOf(type) !== this.#next) return false;
    if (this.#packedCount > 0) {
      this.#packed >>>= ANSWER_BITS;
      this.#packedCount -= 1;
      return true;
    }
    this.#at += 1;
    const list = this.#list!;
    if (this.#at >= FORGET && this.#at * 2 >= list.length) {
      this.#list = list.slice(this.#at);
      this.#at = 0;
    }
    return true;
  }
}

/** What a message of the server is an answer to; -1 for one that answers nothing here. */
function answerOf(type: number): number {
  switch (type) {
    case Backend.BindComplete:
      return BIND_COMPLETE;
    case Backend.CommandComplete:
    case Backend.EmptyQueryResponse:
    case Backend.PortalSuspended:
      return EXECUTION;
    case Backend.ParseComplete:
      return PARSE_COMPLETE;
    case Backend.ParameterDescription:
      return PARAMETERS;
    case Backend.RowDescription:
    case Backend.NoData:
      return COLUMNS;
    case Backend.CloseComplete:
      return CLOSE_COMPLETE;
    default:
      return -1;
  }
}
