/** What a piece of a text of SQL is. */
export type Token =
  | 'blank'
  | 'comment'
  /** A key word, or a name without quotes. */
  | 'word'
  | 'quoted name'
  /** Between single quotes, with whatever prefix. */
  | 'string'
  | 'dollar string'
  | 'number'
  /** `$1` */
  | 'parameter'
  | 'operator'
  | 'semicolon'
  /** One character: a bracket, a comma, or what PostgreSQL would refuse. */
  | 'other';

const TAB = 0x09;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const DOUBLE_QUOTE = 0x22;
const DOLLAR = 0x24;
const AMPERSAND = 0x26;
const QUOTE = 0x27;
const STAR = 0x2a;
const PLUS = 0x2b;
const MINUS = 0x2d;
const DOT = 0x2e;
const SLASH = 0x2f;
const SEMICOLON = 0x3b;
const BACKSLASH = 0x5c;
const UNDERSCORE = 0x5f;
/** The bit that makes an ASCII letter a small one. */
const SMALL = 0x20;
const B = 0x62;
const E = 0x65;
const N = 0x6e;
const U = 0x75;
const X = 0x78;

/** By character code: 1 for what operators are made of. A table is faster than a set. */
const OPERATORS = new Uint8Array(0x80);
for (const letter of '~!@#^&|`?+-*/%<>=') OPERATORS[letter.charCodeAt(0)] = 1;

/**
 * Takes a text apart as PostgreSQL's own lexer does, piece by piece: together they are the text.
 * What is not closed goes on to its end. Each character is looked at a few times at most,
 * whatever the text is, and nothing is allocated for a piece.
 *
 * PostgreSQL manual, section 4.1 "Lexical Structure". In two places pieces are coarser than the
 * server's, which makes no difference to what is asked here: signs at the end of an operator belong
 * to it, and a constant that goes on after a line break is one piece.
 */
export class Lexer {
  readonly text: string;
  /** The piece that `next` has found, and where it stands. */
  token: Token = 'blank';
  start = 0;
  end = 0;
  readonly #backslashes: boolean;

  /**
   * @param backslashes a backslash escapes in plain strings too, as with
   *   `standard_conforming_strings = off`
   */
  constructor(text: string, backslashes: boolean) {
    this.text = text;
    this.#backslashes = backslashes;
  }

  /** Goes on to the next piece; false at the end of the text. */
  next(): boolean {
    const { text } = this;
    const start = this.end;
    if (start >= text.length) return false;
    this.start = start;
    const code = text.charCodeAt(start);
    if (isNameStart(code)) {
      this.end = this.#nameOrPrefix(code);
    } else if (isBlank(code)) {
      this.token = 'blank';
      this.end = endOfBlank(text, start + 1);
    } else if (isDigit(code)) {
      this.token = 'number';
      this.end = endOfNumber(text, start);
    } else {
      this.end = this.#special(code);
    }
    return true;
  }

  // What follows says what the piece is, and returns where it ends.

  /** A name, or a constant that has a letter in front of its quote. */
  #nameOrPrefix(code: number): number {
    const { text, start } = this;
    const following = text.charCodeAt(start + 1);
    if (following === QUOTE) {
      switch (code | SMALL) {
        case E:
          return this.#string(start + 2, true);
        case N:
          return this.#string(start + 2, this.#backslashes);
        case B:
        case X:
          return this.#string(start + 2, false);
      }
    } else if (following === AMPERSAND && (code | SMALL) === U) {
      const quote = text.charCodeAt(start + 2);
      if (quote === QUOTE) return this.#string(start + 3, false);
      if (quote === DOUBLE_QUOTE) return this.#quotedName(start + 3);
    }
    this.token = 'word';
    return endOfName(text, start + 1);
  }

  #special(code: number): number {
    const { text, start } = this;
    switch (code) {
      case QUOTE:
        return this.#string(start + 1, this.#backslashes);
      case DOUBLE_QUOTE:
        return this.#quotedName(start + 1);
      case DOLLAR:
        return this.#dollar();
      case SEMICOLON:
        this.token = 'semicolon';
        return start + 1;
    }
    if (OPERATORS[code] === 1) return this.#operatorOrComment();
    if (code === DOT && isDigit(text.charCodeAt(start + 1))) {
      this.token = 'number';
      return endOfNumber(text, start);
    }
    this.token = 'other';
    return start + 1;
  }

  #operatorOrComment(): number {
    const { text, start } = this;
    this.token = 'comment';
    if (startsLineComment(text, start)) return endOfLine(text, start + 2);
    if (startsComment(text, start)) return endOfComment(text, start + 2);
    this.token = 'operator';
    return endOfOperator(text, start + 1);
  }

  #string(from: number, escapes: boolean): number {
    this.token = 'string';
    return endOfString(this.text, from, escapes);
  }

  #quotedName(from: number): number {
    this.token = 'quoted name';
    return endOfQuoted(this.text, from, '"');
  }

  /** `$1`, `$$…$$` or `$tag$…$tag$`. */
  #dollar(): number {
    const { text, start } = this;
    const following = text.charCodeAt(start + 1);
    if (isDigit(following)) {
      this.token = 'parameter';
      return endOfDigits(text, start + 2);
    }
    let at = start + 1;
    if (isNameStart(following)) at = endOfTag(text, start + 2);
    if (text.charCodeAt(at) !== DOLLAR) {
      this.token = 'other';
      return start + 1;
    }
    const tag = text.slice(start, at + 1);
    const close = text.indexOf(tag, at + 1);
    this.token = 'dollar string';
    return close < 0 ? text.length : close + tag.length;
  }
}

function isBlank(code: number): boolean {
  return code === SPACE || (code >= TAB && code <= RETURN);
}

function isLineBreak(code: number): boolean {
  return code === NEWLINE || code === RETURN;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isNameStart(code: number): boolean {
  const small = code | SMALL;
  return (small >= 0x61 && small <= 0x7a) || code === UNDERSCORE || code >= 0x80;
}

function isTagPart(code: number): boolean {
  return isNameStart(code) || isDigit(code);
}

function startsComment(text: string, at: number): boolean {
  return text.charCodeAt(at) === SLASH && text.charCodeAt(at + 1) === STAR;
}

function startsLineComment(text: string, at: number): boolean {
  return text.charCodeAt(at) === MINUS && text.charCodeAt(at + 1) === MINUS;
}

function endOfBlank(text: string, from: number): number {
  let at = from;
  while (isBlank(text.charCodeAt(at))) at += 1;
  return at;
}

function endOfName(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (!isTagPart(code) && code !== DOLLAR) return at;
    at += 1;
  }
}

function endOfTag(text: string, from: number): number {
  let at = from;
  while (isTagPart(text.charCodeAt(at))) at += 1;
  return at;
}

function endOfDigits(text: string, from: number): number {
  let at = from;
  while (isDigit(text.charCodeAt(at))) at += 1;
  return at;
}

/** `1`, `1.5`, `.5e-3`. The letters of `0xff` and `1_000` are a word of their own, as they were. */
function endOfNumber(text: string, from: number): number {
  let at = endOfDigits(text, from);
  if (text.charCodeAt(at) === DOT) at = endOfDigits(text, at + 1);
  if ((text.charCodeAt(at) | SMALL) !== E) return at;
  const sign = text.charCodeAt(at + 1);
  const exponent = sign === PLUS || sign === MINUS ? at + 2 : at + 1;
  return isDigit(text.charCodeAt(exponent)) ? endOfDigits(text, exponent) : at;
}

function endOfOperator(text: string, from: number): number {
  let at = from;
  while (OPERATORS[text.charCodeAt(at)] === 1) {
    if (startsComment(text, at) || startsLineComment(text, at)) break;
    at += 1;
  }
  return at;
}

/** Up to the line break, without it. */
function endOfLine(text: string, from: number): number {
  let at = from;
  while (at < text.length && !isLineBreak(text.charCodeAt(at))) at += 1;
  return at;
}

/** Comments nest. */
function endOfComment(text: string, from: number): number {
  let depth = 1;
  let at = from;
  while (at < text.length) {
    if (startsComment(text, at)) {
      depth += 1;
      at += 2;
    } else if (text.charCodeAt(at) === STAR && text.charCodeAt(at + 1) === SLASH) {
      depth -= 1;
      at += 2;
      if (depth === 0) return at;
    } else {
      at += 1;
    }
  }
  return text.length;
}

/** The place after the closing quote. A doubled one closes nothing. */
function endOfQuoted(text: string, from: number, quote: string): number {
  let at = text.indexOf(quote, from);
  while (at >= 0 && text[at + 1] === quote) at = text.indexOf(quote, at + 2);
  return at < 0 ? text.length : at + 1;
}

/** The same where a backslash takes the next character as it is. */
function endOfEscaped(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at += 2;
    else if (code !== QUOTE) at += 1;
    else if (text.charCodeAt(at + 1) === QUOTE) at += 2;
    else return at + 1;
  }
  return text.length;
}

function endOfString(text: string, from: number, escapes: boolean): number {
  let at = from;
  for (;;) {
    at = escapes ? endOfEscaped(text, at) : endOfQuoted(text, at, "'");
    const continued = continuation(text, at);
    if (continued < 0) return at;
    at = continued;
  }
}

/**
 * Where a string constant goes on: after blanks with a line break among them and one more quote.
 * Comments to the end of the line may stand there too. -1: it does not go on.
 */
function continuation(text: string, from: number): number {
  let isOnNextLine = false;
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (isLineBreak(code)) {
      isOnNextLine = true;
      at += 1;
    } else if (isBlank(code)) {
      at += 1;
    } else if (startsLineComment(text, at)) {
      at = endOfLine(text, at + 2);
    } else {
      return isOnNextLine && code === QUOTE ? at + 1 : -1;
    }
  }
}
