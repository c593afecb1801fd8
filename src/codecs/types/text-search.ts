import type { MessageWriter } from '../../protocol/writer.ts';
import { int16At, int32At, malformed, uint16At } from '../bytes.ts';
import type { CodecForms } from '../codec.ts';
import { TEXT } from '../codec.ts';
import { utf8 } from '../text-decode.ts';
import { unreadable } from '../unencodable.ts';
import { checkedString } from './text.ts';

/*
 * tsvector and tsquery, as PostgreSQL's text both ways: the server reads and prints it. The
 * binary forms, which binary COPY needs, are translated from and to that text.
 * https://www.postgresql.org/docs/current/datatype-textsearch.html
 */

const MAX_POSITION = 16_383;
const MAX_POSITIONS = 255;
const WEIGHTS = 'DCBA';

function quote(lexeme: string): string {
  return `'${lexeme.replace(/['\\]/g, '$&$&')}'`;
}

/** What is a blank to every server. */
const BLANKS = /[ \t\n\v\f\r]*/y;
/** What may be one, as the database's locale has it: no-break, ideographic and other spaces. */
const MAYBE_BLANK = /[^\S \t\n\v\f\r]|\x85/;

/** Reads lexemes and the marks between them. */
class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  skipSpace(): void {
    this.match(BLANKS);
  }

  /** What a sticky pattern matches here, skipped; null: it does not. */
  match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return null;
    this.#at += found[0].length;
    return found[0];
  }

  /**
   * A lexeme in quotes, or one up to a character that `ends`. Null if there is none, or the server alone knows where
   * it ends.
   */
  lexeme(ends: RegExp): string | null {
    const text = this.#text;
    const isQuoted = text[this.#at] === "'";
    if (isQuoted) this.#at++;
    let lexeme = '';
    for (; this.#at < text.length; this.#at++) {
      const char = text[this.#at]!;
      if (char === '\\') {
        if (++this.#at === text.length) return null;
        lexeme += text[this.#at]!;
      } else if (isQuoted && char === "'") {
        if (text[this.#at + 1] !== "'") {
          this.#at++;
          return lexeme === '' ? null : lexeme;
        }
        lexeme += text[++this.#at]!;
      } else if (!isQuoted && ends.test(char)) {
        break;
      } else if (!isQuoted && MAYBE_BLANK.test(char)) {
        return null;
      } else {
        lexeme += char;
      }
    }
    return isQuoted || lexeme === '' ? null : lexeme;
  }
}

/** Walks a binary value's items; every read is checked against its end. */
class Items {
  readonly #buffer: Buffer;
  readonly #end: number;
  readonly #type: string;
  #at: number;
  readonly count: number;

  constructor(buffer: Buffer, start: number, end: number, type: string, smallestItem: number) {
    this.#buffer = buffer;
    this.#end = end;
    this.#type = type;
    this.#at = start;
    this.count = int32At(buffer, this.take(4));
    if (this.count < 0 || this.count * smallestItem > end - start - 4) {
      throw malformed(type, `it announces ${this.count} items that it cannot hold`);
    }
  }

  take(size: number): number {
    const at = this.#at;
    if (this.#end - at < size) throw malformed(this.#type, 'it ends too early');
    this.#at = at + size;
    return at;
  }

  uint8(): number {
    return this.#buffer[this.take(1)]!;
  }

  uint16(): number {
    return uint16At(this.#buffer, this.take(2));
  }

  int16(): number {
    return int16At(this.#buffer, this.take(2));
  }

  cstring(): string {
    const start = this.#at;
    const end = this.#buffer.indexOf(0, start);
    if (end < 0 || end >= this.#end) throw malformed(this.#type, 'it has an unterminated string');
    this.#at = end + 1;
    return utf8(this.#buffer, start, end);
  }

  finish(): void {
    if (this.#at !== this.#end) {
      throw malformed(this.#type, `${this.#end - this.#at} bytes follow its end`);
    }
  }
}

/** Positions of a lexeme, each with its weight 0 (D) to 3 (A). */
type Positions = Map<number, number>;

const EXPECTED_TSVECTOR = `a tsvector such as "'cat':3 'fat':2A"`;

function parseTsvector(text: string): Map<string, Positions> {
  const lexemes = new Map<string, Positions>();
  const scanner = new Scanner(text);
  for (scanner.skipSpace(); !scanner.atEnd; scanner.skipSpace()) {
    const lexeme = scanner.lexeme(/[ \t\n\v\f\r:]/);
    if (lexeme === null) throw unreadable(EXPECTED_TSVECTOR);
    const positions = lexemes.get(lexeme) ?? new Map<number, number>();
    lexemes.set(lexeme, positions);
    if (scanner.match(/:/y) === null) continue;
    do {
      const digits = scanner.match(/\d+/y);
      const position = Math.min(Number(digits), MAX_POSITION);
      if (position === 0) throw unreadable(EXPECTED_TSVECTOR);
      const letter = (scanner.match(/[A-D*]/iy) ?? 'D').toUpperCase();
      const weight = WEIGHTS.indexOf(letter === '*' ? 'A' : letter);
      positions.set(position, Math.max(weight, positions.get(position) ?? 0));
    } while (scanner.match(/,/y) !== null);
    if (!scanner.atEnd && scanner.match(/[ \t\n\v\f\r]/y) === null)
      throw unreadable(EXPECTED_TSVECTOR);
  }
  return lexemes;
}

function encodeTsvector(writer: MessageWriter, value: unknown): void {
  const lexemes = parseTsvector(checkedString(value));
  writer.int32(lexemes.size);
  // In the server's order: one that it has to sort takes more room, and is not equal to one that it has read as text.
  const ordered = [...lexemes].map(
    ([lexeme, positions]) => [Buffer.from(lexeme), lexeme, positions] as const,
  );
  ordered.sort(([a], [b]) => a.compare(b));
  for (const [, lexeme, positions] of ordered) {
    writer.cstring(lexeme);
    const sorted = [...positions].sort(([a], [b]) => a - b).slice(0, MAX_POSITIONS);
    writer.uint16(sorted.length);
    for (const [position, weight] of sorted) writer.uint16((weight << 14) | position);
  }
}

function decodeTsvector(buffer: Buffer, start: number, end: number): string {
  const items = new Items(buffer, start, end, 'tsvector', 3);
  const printed: string[] = [];
  for (let i = 0; i < items.count; i++) {
    const lexeme = quote(items.cstring());
    const positions: string[] = [];
    for (let left = items.uint16(); left > 0; left--) {
      const entry = items.uint16();
      const weight = entry >> 14;
      positions.push(`${entry & MAX_POSITION}${weight === 0 ? '' : WEIGHTS[weight]}`);
    }
    printed.push(positions.length === 0 ? lexeme : `${lexeme}:${positions.join(',')}`);
  }
  items.finish();
  return printed.join(' ');
}

export const tsvector: CodecForms = {
  text: { decode: (text) => text, encode: checkedString },
  binary: { decode: decodeTsvector, encode: encodeTsvector },
  resultFormat: TEXT,
  argumentFormat: TEXT,
  inline: 'text',
  // Those with what may be a blank outside of quotes.
  hasTextOnlyValues: true,
};

const NOT = 1;
const AND = 2;
const OR = 3;
const PHRASE = 4;
type Operator = typeof NOT | typeof AND | typeof OR | typeof PHRASE;
/** What binds tighter, by operator. A bare lexeme binds tightest. */
const PRIORITY = { [OR]: 1, [AND]: 2, [PHRASE]: 3, [NOT]: 4 };
const LEXEME_PRIORITY = 5;

const IS_LEXEME = 1;
const IS_OPERATOR = 2;

/** An item of a query: a lexeme or an operator. */
type Item =
  | { readonly lexeme: string; readonly weights: number; readonly isPrefix: boolean }
  | { readonly operator: Operator; readonly distance: number };

const EXPECTED_TSQUERY = `a tsquery such as "'fat' & ( 'rat' | 'cat' )"`;

/** The items in postfix order: left operand, right operand, operator. */
function parseTsquery(text: string): Item[] {
  const scanner = new Scanner(text);
  const output: Item[] = [];
  const waiting: (Extract<Item, { operator: Operator }> | '(')[] = [];
  /** Moves waiting operators of at least that priority to the output. */
  const settle = (priority: number): void => {
    for (;;) {
      const top = waiting.at(-1);
      if (top === undefined || top === '(' || PRIORITY[top.operator] < priority) return;
      output.push(top);
      waiting.pop();
    }
  };
  let wantsOperand = true;
  for (scanner.skipSpace(); !scanner.atEnd; scanner.skipSpace()) {
    if (wantsOperand) {
      if (scanner.match(/!/y) !== null) waiting.push({ operator: NOT, distance: 0 });
      else if (scanner.match(/\(/y) !== null) waiting.push('(');
      else {
        output.push(parseOperand(scanner));
        wantsOperand = false;
      }
    } else if (scanner.match(/\)/y) !== null) {
      settle(0);
      if (waiting.pop() !== '(') throw unreadable(EXPECTED_TSQUERY);
    } else {
      const item = parseOperator(scanner.match(/[&|]|<(?:-|\d{1,5})>/y));
      settle(PRIORITY[item.operator]);
      waiting.push(item);
      wantsOperand = true;
    }
  }
  settle(0);
  const isEmpty = output.length === 0 && waiting.length === 0;
  if (waiting.length > 0 || (wantsOperand && !isEmpty)) throw unreadable(EXPECTED_TSQUERY);
  return output;
}

function parseOperand(scanner: Scanner): Item {
  const lexeme = scanner.lexeme(/[ \t\n\v\f\r:!&|()<]/);
  if (lexeme === null) throw unreadable(EXPECTED_TSQUERY);
  const marks = scanner.match(/:[A-D*]*/iy)?.toUpperCase() ?? '';
  let weights = 0;
  for (const mark of marks) if (WEIGHTS.includes(mark)) weights |= 1 << WEIGHTS.indexOf(mark);
  return { lexeme, weights, isPrefix: marks.includes('*') };
}

function parseOperator(mark: string | null): Extract<Item, { operator: Operator }> {
  if (mark === '&') return { operator: AND, distance: 0 };
  if (mark === '|') return { operator: OR, distance: 0 };
  const distance = mark === '<->' ? 1 : Number(mark?.slice(1, -1));
  if (mark === null || distance > MAX_POSITION + 1) throw unreadable(EXPECTED_TSQUERY);
  return { operator: PHRASE, distance };
}

function encodeTsquery(writer: MessageWriter, value: unknown): void {
  const items = parseTsquery(checkedString(value));
  writer.int32(items.length);
  // The wire has operators first, then the right operand, then the left: postfix backwards.
  for (const item of items.reverse()) {
    if ('lexeme' in item) {
      writer.uint8(IS_LEXEME);
      writer.uint8(item.weights);
      writer.uint8(item.isPrefix ? 1 : 0);
      writer.cstring(item.lexeme);
    } else {
      writer.uint8(IS_OPERATOR);
      writer.uint8(item.operator);
      if (item.operator === PHRASE) writer.int16(item.distance);
    }
  }
}

function readItem(items: Items): Item {
  const kind = items.uint8();
  if (kind === IS_LEXEME) {
    const weights = items.uint8();
    const isPrefix = items.uint8() !== 0;
    return { lexeme: items.cstring(), weights, isPrefix };
  }
  const operator = kind === IS_OPERATOR ? items.uint8() : 0;
  if (operator !== NOT && operator !== AND && operator !== OR && operator !== PHRASE) {
    throw malformed('tsquery', 'it has an unknown kind of item');
  }
  return { operator, distance: operator === PHRASE ? items.int16() : 0 };
}

/** A part of a query that is already printed. */
interface Printed {
  readonly text: string;
  readonly priority: number;
}

function printLexeme({ lexeme, weights, isPrefix }: Extract<Item, { lexeme: string }>): Printed {
  let marks = isPrefix ? '*' : '';
  for (const letter of 'ABCD') if (weights & (1 << WEIGHTS.indexOf(letter))) marks += letter;
  const text = marks === '' ? quote(lexeme) : `${quote(lexeme)}:${marks}`;
  return { text, priority: LEXEME_PRIORITY };
}

function enclosed({ text, priority }: Printed, atLeast: number): string {
  return priority < atLeast ? `( ${text} )` : text;
}

function decodeTsquery(buffer: Buffer, start: number, end: number): string {
  const items = new Items(buffer, start, end, 'tsquery', 2);
  const prefix: Item[] = [];
  for (let i = 0; i < items.count; i++) prefix.push(readItem(items));
  items.finish();
  const stack: Printed[] = [];
  const pop = (): Printed => {
    const top = stack.pop();
    if (top === undefined) throw malformed('tsquery', 'an operator lacks an operand');
    return top;
  };
  for (const item of prefix.reverse()) {
    if ('lexeme' in item) {
      stack.push(printLexeme(item));
      continue;
    }
    const { operator, distance } = item;
    const priority = PRIORITY[operator];
    const right = pop();
    if (operator === NOT) {
      stack.push({ text: `!${enclosed(right, priority)}`, priority });
      continue;
    }
    const left = pop();
    const phrase = distance === 1 ? '<->' : `<${distance}>`;
    const mark = operator === AND ? '&' : operator === OR ? '|' : phrase;
    // A phrase is not associative: as the right operand of another one it keeps its brackets.
    const rightText = enclosed(right, operator === PHRASE ? priority + 1 : priority);
    stack.push({ text: `${enclosed(left, priority)} ${mark} ${rightText}`, priority });
  }
  if (stack.length > 1) throw malformed('tsquery', 'an operand belongs to no operator');
  return stack[0]?.text ?? '';
}

export const tsquery: CodecForms = {
  text: { decode: (text) => text, encode: checkedString },
  binary: { decode: decodeTsquery, encode: encodeTsquery },
  resultFormat: TEXT,
  argumentFormat: TEXT,
  inline: 'text',
  // The empty one.
  hasTextOnlyValues: true,
};
