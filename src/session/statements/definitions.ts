import { madeNames } from '../../sql/made-names.ts';
import { statementKind } from '../../sql/statement-kind.ts';

const TEMPORARY = /\btemp(?:orary)?\b/i;
const DISCARD = /\bdiscard\b/i;
/**
 * Definitions that do not outdate each plan that depends on them: not one with the rows of a table which a
 * function returns, nor one with a constant of a type, or with the number of a type, cast or configuration.
 */
const ALTERING = /\balter\b|\bdrop\s+(?:type|domain|cast|operator|text|collation|extension)\b/i;
/** Of more definitions in one transaction it is not kept which texts they concern. */
const MAX_ALTERED = 50;

/** Texts with one of these names in them; null: any text, undefined: none. */
function textsWith(names: readonly string[] | null): RegExp | null | undefined {
  if (names === null) return null;
  if (names.length === 0) return undefined;
  const any = names.map((name) => name.replaceAll(/[^\w\u0080-\uffff]/g, '.')).join('|');
  return new RegExp(`(?<![\\w$])(?:${any})(?![\\w$])`, 'i');
}

/** What a session defines itself: objects that texts name, and whose end may undo them. */
export class Definitions {
  /** Grows with each definition: what was known before is in doubt. */
  count = 0;
  /** The last one after which the server may have plans of functions that are wrong now, without a word. */
  alteredAt = 0;
  /** The open transaction has made or dropped objects, which its end may undo. */
  isOpen = false;
  /** Temporary objects were made, which DISCARD TEMP drops. */
  hasTemporary = false;
  /** Texts that are concerned by those of the transaction which do not outdate each plan; null: any. */
  #altered: (RegExp | null)[] = [];
  /** Called when what is known of statements is no longer true: of all, or of some by their texts. */
  readonly #outdated: (texts: RegExp | null) => void;

  constructor(outdated: (texts: RegExp | null) => void) {
    this.#outdated = outdated;
  }

  /** Whether the text may drop temporary objects. */
  areDiscardedBy(text: string): boolean {
    return this.hasTemporary && DISCARD.test(text);
  }

  /** A request was sent that executes these texts; at least one of them defines something, or drops what was. */
  sent(texts: readonly string[]): void {
    this.isOpen = true;
    this.count += 1;
    for (const text of texts) {
      if (statementKind(text).changesSchema) this.#made(text);
      if (DISCARD.test(text)) this.hasTemporary = false;
      else if (TEMPORARY.test(text)) this.hasTemporary = true;
    }
  }

  /**
   * A statement that names what is made now may mean that from here on, e.g. a temporary table in
   * place of a permanent one. The server does not find it outdated.
   */
  #made(text: string): void {
    const texts = textsWith(text.includes('\\') ? null : madeNames(text, false));
    if (ALTERING.test(text)) {
      if (this.#altered.length === MAX_ALTERED) this.#altered = [null];
      else if (this.#altered[0] !== null) this.#altered.push(texts ?? null);
      this.alteredAt = this.count;
    }
    if (texts !== undefined) this.#outdated(texts);
  }

  /** What the open transaction has defined is undone, or may be. */
  undone(): void {
    this.count += 1;
    if (this.#altered.length > 0) this.alteredAt = this.count;
    for (const texts of this.#altered) this.#outdated(texts);
  }

  /** The transaction has ended: nobody knows how. */
  ended(): void {
    this.isOpen = false;
    this.undone();
    this.#altered = [];
  }

  /** The server does not have what was prepared, from here on. */
  dropped(): void {
    this.count += 1;
    this.#outdated(null);
  }
}
