/** A place in a source. */
export interface Place {
  readonly file: string;
  readonly source: string;
  readonly offset: number;
}

/** A part of a query's text and where it stands in its source. */
interface Piece {
  /** Where it begins in the query. */
  readonly at: number;
  readonly length: number;
  /** Where it begins in its source; what is between there and its end is written with escapes. */
  readonly start: Place;
  /** False for what stands for an expression, such as `$1`. */
  readonly isText: boolean;
}

/** The text of a query as the program has it, put together from pieces of its sources. */
export class QueryText {
  readonly #pieces: Piece[] = [];
  #value = '';

  get value(): string {
    return this.#value;
  }

  add(text: string, start: Place): void {
    this.#add(text, start, true);
  }

  /** Adds what an expression is turned into. */
  addMade(text: string, start: Place): void {
    this.#add(text, start, false);
  }

  #add(text: string, start: Place, isText: boolean): void {
    this.#pieces.push({ at: this.#value.length, length: text.length, start, isText });
    this.#value += text;
  }

  /** What an expression was turned into where a character stands; null for what is written so. */
  madeAt(position: number): string | null {
    const piece = this.#pieces.findLast(({ at, length }) => at <= position && length > 0);
    return piece === undefined || piece.isText
      ? null
      : this.#value.slice(piece.at, piece.at + piece.length);
  }

  /** Where a character of the query stands in its source. */
  place(position: number): Place {
    const piece =
      this.#pieces.findLast(({ at, length }) => at <= position && length > 0) ?? this.#pieces[0];
    if (piece === undefined) throw new RangeError('a query without any text has no places');
    const { start, at, isText } = piece;
    const further = isText ? rawLength(start.source, start.offset, position - at) : 0;
    return { ...start, offset: start.offset + further };
  }
}

const ESCAPE = /\\(?:u\{[\da-fA-F]+\}|u[\da-fA-F]{4}|x[\da-fA-F]{2}|\r\n|[\s\S])/y;
/** How much of a source makes the first `length` UTF-16 units of a string or a template. */
function rawLength(source: string, start: number, length: number): number {
  let at = start;
  for (let made = 0; made < length && at < source.length; ) {
    ESCAPE.lastIndex = at;
    const escaped = ESCAPE.exec(source)?.[0];
    if (escaped !== undefined) {
      at += escaped.length;
      made += unitsOf(escaped);
    } else {
      // In a template CRLF is a line feed.
      at += source.startsWith('\r\n', at) ? 2 : 1;
      made += 1;
    }
  }
  return at - start;
}

function unitsOf(escaped: string): number {
  // A line that goes on behind a backslash has no character for that.
  if (/^\\\r?\n$/.test(escaped)) return 0;
  const codePoint = /^\\u\{(.+)\}$/.exec(escaped)?.[1];
  return codePoint !== undefined && Number.parseInt(codePoint, 16) > 0xff_ff ? 2 : 1;
}
