import { Backend, Frontend } from '../protocol/message-type.ts';
import type { MessageWriter } from '../protocol/writer.ts';

const HEADER = 5;
/** After so many the answers that were taken are forgotten. */
const FORGET = 1024;
/** Describe of a statement, not of a portal. */
const STATEMENT = 0x53; // 'S'

/**
 * What the server has to answer to the messages that a request has written, in this order and
 * nothing else. An answer too few or too many means that answers and requests no longer belong
 * together: then no later one may be believed either.
 *
 * PostgreSQL manual, section 54.2.3 "Extended Query".
 */
export class AwaitedAnswers {
  /** The type of each answer; CommandComplete and RowDescription stand for their substitutes. */
  #types: number[] = [];
  #at = 0;

  /** Awaits the answers to the messages in `writer` from `start` on as well. */
  add({ buffer, offset }: MessageWriter, start: number): void {
    if (this.#at >= FORGET) this.#forgetTaken();
    const types = this.#types;
    for (let at = start; at < offset; at += 1 + buffer.readInt32BE(at + 1)) {
      switch (buffer[at]) {
        case Frontend.Parse:
          types.push(Backend.ParseComplete);
          break;
        case Frontend.Bind:
          types.push(Backend.BindComplete);
          break;
        case Frontend.Describe:
          if (buffer[at + HEADER] === STATEMENT) types.push(Backend.ParameterDescription);
          types.push(Backend.RowDescription);
          break;
        case Frontend.Execute:
          types.push(Backend.CommandComplete);
          break;
        case Frontend.Close:
          types.push(Backend.CloseComplete);
          break;
      }
    }
  }

  #forgetTaken(): void {
    this.#types = this.#types.slice(this.#at);
    this.#at = 0;
  }

  /** Awaits nothing. */
  clear(): void {
    this.#types.length = 0;
    this.#at = 0;
  }

  /** How many answers are awaited. */
  get left(): number {
    return this.#types.length - this.#at;
  }

  /** Whether the rows of an execution may come now, or its end. */
  get isExecuting(): boolean {
    return this.#types[this.#at] === Backend.CommandComplete;
  }

  /** Takes an answer. False: it is not the one that is awaited. */
  take(type: number): boolean {
    if (!isAnswer(type, this.#types[this.#at])) return false;
    this.#at += 1;
    return true;
  }
}

function isAnswer(type: number, awaited: number | undefined): boolean {
  if (type === awaited) return true;
  switch (type) {
    case Backend.EmptyQueryResponse:
    case Backend.PortalSuspended:
      return awaited === Backend.CommandComplete;
    case Backend.NoData:
      return awaited === Backend.RowDescription;
    default:
      return false;
  }
}
