import type { CodecSource } from '../../codecs/codec-source.ts';
import type { TransactionStatus } from '../../protocol/backend/session.ts';
import { mayChangeTypes } from '../../sql/statement-kind.ts';

/** What is asked of a request here. */
interface Asked {
  readonly state: string;
}

/** What undoes a change of types, or makes it visible to others, before the transaction is over. */
const ENDING = /(?:^|;)\s*(?:rollback|abort|commit|end)\b/i;

/**
 * The changes of types that this session makes itself. Whatever is started behind one asks for its
 * types again; the pool's other sessions do so once the change may be committed, and this one also
 * after each statement by which it may have been undone.
 */
export class TypeChanges {
  /** A change is not committed yet, or not known to be. */
  isOpen = false;
  readonly #codecs: CodecSource;
  /** The last request that may have changed anything, until it is answered. */
  #request: Asked | null = null;
  /** What is committed or undone with it is made known even if its transaction goes on. */
  #isEnding = false;
  /** It is part of a transaction that may be rolled back. */
  #isInBlock = false;

  constructor(codecs: CodecSource) {
    this.#codecs = codecs;
  }

  /** A request is about to be sent whose text may change types, or comes after one that does. */
  starting(request: Asked, text: string): void {
    const isEnding = this.isOpen && ENDING.test(text);
    if (!isEnding && !mayChangeTypes(text)) return;
    this.isOpen = true;
    this.#request = request;
    this.#isEnding ||= isEnding;
    this.#codecs.doubt();
  }

  /** A request is answered, while a change is open. */
  answered(request: Asked, status: TransactionStatus): void {
    if (status !== 'I') this.#isInBlock = true;
    if (this.#request !== null) {
      if (this.#request !== request && this.#request.state !== 'done') return;
      this.#request = null;
    }
    if (status !== 'I' && !this.#isEnding) return;
    this.#codecs.doubtElsewhere();
    // Unless it was seen to come, what was asked since may have been asked before the end.
    if (this.#isInBlock && !this.#isEnding) this.#codecs.doubt();
    this.#isEnding = false;
    if (status !== 'I') return;
    this.isOpen = false;
    this.#isInBlock = false;
  }

  /** The session has ended; what is open may have been committed. */
  ended(): void {
    if (this.isOpen) this.#codecs.doubtElsewhere();
    this.isOpen = false;
  }
}
