import type { DatabaseError } from './database-error.ts';

/** A statement that the server keeps for a text, once it was parsed. */
export interface KeptStatement {
  readonly name: string;
  isParsed: boolean;
}

/** The most that are kept on a connection. */
const MOST = 100;
/** Characters of a text that is not worth keeping. */
const LONG = 15 * 1024;

/** The statements of one connection with the option `prepare`, by their texts. */
export class KeptStatements {
  readonly #close: (name: string) => void;
  readonly #byText = new Map<string, KeptStatement>();
  #made = 0;

  /** @param close has the server forget a statement */
  constructor(close: (name: string) => void) {
    this.#close = close;
  }

  /** That of a text; null if it is not to be kept. */
  find(text: string): KeptStatement | null {
    if (text.length > LONG) return null;
    const kept = this.#byText.get(text);
    if (kept !== undefined) {
      // The first of the map is the one that was not used for longest.
      this.#byText.delete(text);
      this.#byText.set(text, kept);
      return kept;
    }
    if (this.#byText.size >= MOST) this.#forget(...this.#byText.entries().next().value!);
    const made: KeptStatement = { name: `asyncpg_pg_${++this.#made}`, isParsed: false };
    this.#byText.set(text, made);
    return made;
  }

  /** Forgets them all: one turned out to be outdated, the others may be as well. */
  clear(): void {
    for (const [text, kept] of this.#byText) this.#forget(text, kept);
  }

  #forget(text: string, { name, isParsed }: KeptStatement): void {
    this.#byText.delete(text);
    if (isParsed) this.#close(name);
  }
}

/** Whether the server no longer has, or no longer honours, what was parsed. */
export function isOutdated({ code, routine }: DatabaseError): boolean {
  return code === '26000' || (code === '0A000' && routine === 'RevalidateCachedQuery');
}
