/** A part of a query's text and where it stands in its source. */
interface Piece {
  /** Where it begins in the query. */
  readonly at: number;
  readonly length: number;
  readonly source: string;
  /** Where it begins in the source; what is between there and its end is written with escapes. */
  readonly start: number;
  /** False for `$1`, which stands for an expression. */
  readonly isText: boolean;
}

/** The text of a query as the program has it, put together from pieces of its source. */
export class QueryText {
  readonly #pieces: Piece[] = [];
  #value = '';

  get value(): string {
    return this.#value;
  }

  add(text: string, source: string, start: number): void {
    this.#pieces.push({ at: this.#value.length, length: text.length, source, start, isText: true });
    this.#value += text;
  }

  addParameter(number: number, start: number): void {
    const text = `$${number}`;
    const at = this.#value.length;
    this.#pieces.push({ at, length: text.length, source: '', start, isText: false });
    this.#value += text;
  }

  /** Where a character of the query stands in the source. */
  sourceOffset(position: number): number {
    const piece = this.#pieces.findLast(({ at, length }) => at <= position && length > 0);
    if (piece === undefined) return this.#pieces[0]?.start ?? 0;
    if (!piece.isText) return piece.start;
    return piece.start + rawLength(piece.source, piece.start, position - piece.at);
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
