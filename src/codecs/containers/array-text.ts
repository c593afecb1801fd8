import { malformed } from '../bytes.ts';
import { printed } from './printed.ts';

/*
 * The text form of arrays: `{1,NULL,"a b"}`, `[0:1][1:2]={{1,2},{3,4}}`.
 * https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
 */

/** PostgreSQL's own limit. */
export const MAX_DIMENSIONS = 6;

const BOUNDS = /^((?:\[[+-]?\d{1,10}:[+-]?\d{1,10}\])+)=/;
const BOUND = /\[([+-]?\d+):([+-]?\d+)\]/g;

/** Dimensions and lower bounds, outermost first; none for an empty array. */
export interface ArrayShape {
  readonly dimensions: readonly number[];
  readonly lowerBounds: readonly number[];
}

/** The texts of an array's elements in one list, NULL as null, and its shape. */
export interface ArrayTexts {
  readonly texts: (string | null)[];
  readonly shape: ArrayShape;
}

const EMPTY: ArrayShape = { dimensions: [], lowerBounds: [] };

/** Reads an array's text as PostgreSQL prints it. Throws DecodeError. */
export function parseArrayText(text: string, delimiter: string): ArrayTexts {
  const decoration = text.charCodeAt(0) === 0x5b ? BOUNDS.exec(text) : null;
  const body = decoration === null ? text : text.slice(decoration[0].length);
  const parser = new ArrayParser(body, delimiter);
  const texts = parser.parse();
  const { dimensions } = parser;
  if (texts.length === 0) return { texts, shape: EMPTY };
  const lowerBounds =
    decoration === null ? dimensions.map(() => 1) : boundsOf(decoration[1]!, dimensions);
  return { texts, shape: { dimensions, lowerBounds } };
}

function boundsOf(text: string, dimensions: readonly number[]): number[] {
  const bounds = [...text.matchAll(BOUND)].map(([, lower, upper]) => [
    Number(lower),
    Number(upper),
  ]);
  const matches = bounds.every(([lower, upper], d) => upper! - lower! + 1 === dimensions[d]);
  if (!matches || bounds.length !== dimensions.length) {
    throw malformed('array', 'its bounds do not match its dimensions');
  }
  return bounds.map(([lower]) => lower!);
}

/** The array is scanned once; how deep an element may lie is fixed by the first one. */
class ArrayParser {
  readonly dimensions: number[] = [];
  readonly #text: string;
  readonly #delimiter: number;
  readonly #delimiterText: string;
  #at = 0;
  readonly #texts: (string | null)[] = [];
  /** The depth at which elements lie, once one was seen. */
  #leafDepth = 0;

  constructor(text: string, delimiter: string) {
    this.#text = text;
    this.#delimiterText = delimiter;
    this.#delimiter = delimiter.charCodeAt(0);
  }

  parse(): (string | null)[] {
    const text = this.#text;
    if (text.charCodeAt(0) !== 0x7b) throw malformed('array', 'its text does not begin with {');
    if (text === '{}') return [];
    if (text.indexOf('{', 1) < 0 && !text.includes('"') && !text.includes('\\')) {
      return this.#plain();
    }
    this.#level(1);
    if (this.#at !== text.length) throw malformed('array', 'something follows its text');
    return this.#texts;
  }

  /** One dimension and nothing quoted: native code does all of it. */
  #plain(): (string | null)[] {
    const text = this.#text;
    if (text.indexOf('}') !== text.length - 1) throw malformed('array', 'its text ends too early');
    const texts: (string | null)[] = text.slice(1, -1).split(this.#delimiterText);
    for (let i = 0; i < texts.length; i++) {
      if (texts[i] === 'NULL') texts[i] = null;
      else if (texts[i] === '') throw malformed('array', 'an element has no text');
    }
    this.dimensions.push(texts.length);
    return texts;
  }

  /** Reads from `{` to behind the matching `}`; `depth` counts the dimensions around. */
  #level(depth: number): void {
    if (depth > MAX_DIMENSIONS) throw malformed('array', 'too many dimensions');
    this.#at++;
    let count = 0;
    for (;;) {
      this.#item(depth);
      count++;
      const code = this.#text.charCodeAt(this.#at);
      this.#at++;
      if (code === 0x7d) break;
      if (code !== this.#delimiter) throw malformed('array', 'its text ends too early');
    }
    const known = this.dimensions[depth - 1];
    if (known === undefined || Number.isNaN(known)) this.#noteDimension(depth, count);
    else if (known !== count) throw malformed('array', 'its parts have different lengths');
  }

  #noteDimension(depth: number, count: number): void {
    while (this.dimensions.length < depth) this.dimensions.push(Number.NaN);
    this.dimensions[depth - 1] = count;
  }

  #item(depth: number): void {
    const code = this.#text.charCodeAt(this.#at);
    if (code === 0x7b) {
      this.#level(depth + 1);
      return;
    }
    if (this.#leafDepth === 0) this.#leafDepth = depth;
    if (this.#leafDepth !== depth) throw malformed('array', 'its parts have different dimensions');
    this.#texts.push(code === 0x22 ? this.#quoted() : this.#bare());
  }

  #quoted(): string {
    const text = this.#text;
    let value = '';
    let from = ++this.#at;
    for (let at = from; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === 0x22) {
        this.#at = at + 1;
        return value + text.slice(from, at);
      }
      if (code === 0x5c) {
        value += text.slice(from, at);
        from = ++at;
      }
    }
    throw malformed('array', 'an element has no closing quote');
  }

  #bare(): string | null {
    const text = this.#text;
    const from = this.#at;
    let at = from;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === this.#delimiter || code === 0x7d) break;
      if (code === 0x22 || code === 0x5c || code === 0x7b) {
        throw malformed('array', 'an element is quoted in part');
      }
    }
    if (at === from) throw malformed('array', 'an element has no text');
    this.#at = at;
    const value = text.slice(from, at);
    return value === 'NULL' ? null : value;
  }
}

/** Prints elements as an array. Quotes whatever would otherwise be read as something else. */
export function printArrayText(
  texts: readonly (string | null)[],
  { dimensions, lowerBounds }: ArrayShape,
  delimiter: string,
): string {
  if (texts.length === 0) return '{}';
  if (texts.includes(null)) printed.nulls += 1;
  let level = texts.map((text) => (text === null ? 'NULL' : quoteElement(text, delimiter)));
  for (let d = dimensions.length - 1; d >= 0; d--) {
    const size = dimensions[d]!;
    const outer: string[] = [];
    for (let i = 0; i < level.length; i += size) {
      outer.push(`{${level.slice(i, i + size).join(delimiter)}}`);
    }
    level = outer;
  }
  if (lowerBounds.every((bound) => bound === 1)) return level[0]!;
  const bounds = lowerBounds.map((bound, d) => `[${bound}:${bound + dimensions[d]! - 1}]`);
  return `${bounds.join('')}=${level[0]}`;
}

function quoteElement(text: string, delimiter: string): string {
  const plain =
    text !== '' && !/["\\{}\s]/.test(text) && !text.includes(delimiter) && !/^null$/i.test(text);
  return plain ? text : `"${text.replace(/["\\]/g, '\\$&')}"`;
}
