/**
 * The text of an interval, taken apart: see Interval.fromString. What the server reads in a text is read in it
 * here, or the text is refused.
 * PostgreSQL manual: "Interval Input" (datatype-interval-input).
 */

import { DAY, type IntervalUnit, intervalUnit, isUnitBeforeDigits } from './interval-units.ts';

interface Parts {
  months: number;
  days: number;
  microseconds: bigint;
}

/**
 * How a server reads a sign that stands in front of the first part alone: under `sql_standard` it
 * is the sign of all parts, else of the first. Null: it is not known.
 */
export type IntervalStyle = 'sql_standard' | 'postgres' | null;

const ISO_NUMBER = String.raw`([+-]?(?:\d+(?:\.\d*)?|\.\d+))`;
const isoParts = (units: string) => units.replace(/./g, `(?:${ISO_NUMBER}$&)?`);
const ISO = new RegExp(`^P(?=.)${isoParts('YMWD')}(?:T(?=.)${isoParts('HMS')})?$`);
const ISO_UNITS = ['year', 'month', 'week', 'day', 'hour', 'minute', 'second'];
const ISO_ALTERNATIVE =
  /^P(\d{1,9})-(\d{1,9})(?:-(\d{1,9}))?(?:T(\d{1,15}):(\d{1,15})(?::(\d{1,15}(?:\.\d+)?))?)?$/;
const ALTERNATIVE_UNITS = ['year', 'month', 'day', 'hour', 'minute', 'second'];
const YEAR_MONTH = /^([+-]?)(\d+)-(\d\d?)$/;
const CLOCK = /^([+-]?)(\d+):(\d\d?)(?::(\d\d?(?:\.\d+)?))?$/;
const INTEGER = /^[+-]?\d+$/;
const AMOUNT = /^(?:[+-]?\d+(?:\.\d*)?|\.\d+)$/;
/** Amounts with their units right behind them, `1h30m`. */
const JOINED = /^(?:[+-]?\d+(?:\.\d+)?|\.\d+)[a-z]+(?:\d+(?:\.\d+)?[a-z]+)*$/;

/** From here on the server may be off by a microsecond where an ISO 8601 amount has a fraction. */
const ROUNDED = 2n ** 52n;

/** A text that is in none of the styles, or that is not read alike by all servers. */
export class UnreadInterval extends SyntaxError {
  /** Behind the text, which it does not show; empty where there is nothing to say. */
  readonly why: string;

  constructor(text: string, why: string) {
    const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text;
    super(`not the text of an interval: ${JSON.stringify(shown)}${why}`);
    this.why = why;
  }
}

function refuse(text: string, why = ''): UnreadInterval {
  return new UnreadInterval(text, why);
}

/** The parts of a text, added one by one. */
class Sum {
  #months = 0n;
  #days = 0n;
  #microseconds = 0n;
  /** Every part is negative, whatever it looks like. */
  readonly #isNegative: boolean;
  readonly #text: string;
  readonly #units = new Set<string>();

  constructor(text: string, isNegative: boolean) {
    this.#text = text;
    this.#isNegative = isNegative;
  }

  /** @param amount decimal digits, with an optional sign and fraction */
  add(amount: string, unit: IntervalUnit): void {
    const isNegative = this.#isNegative || amount.startsWith('-');
    const sign = isNegative ? -1n : 1n;
    const [whole = '', fraction = ''] = amount.replace(/^[+-]/, '').split('.');
    this.#addTo(unit.part, sign * BigInt(whole) * unit.size);
    if (/[1-9]/.test(fraction)) this.#addFraction(sign, fraction, unit);
  }

  /** What a fraction of a unit comes to, where that is exact: how it is rounded differs between servers. */
  #addFraction(sign: bigint, fraction: string, unit: IntervalUnit): void {
    const { name, part, size } = unit;
    const scale = 10n ** BigInt(fraction.length);
    let rest = BigInt(fraction) * size;
    if (part === 'months') {
      if (name === 'month') {
        // A month has 30 days then. Of other fractions than halves, quarters and so on the server may lose a bit.
        if (rest % 5n ** BigInt(fraction.length) !== 0n) throw this.#inexact(unit, 'days');
        rest *= 30n * DAY;
      } else {
        if (name !== 'year' || rest % scale !== 0n) throw this.#inexact(unit, 'months');
        this.#addTo('months', (sign * rest) / scale);
        return;
      }
    } else if (part === 'days') {
      rest *= DAY;
    }
    if (rest % scale !== 0n) throw this.#inexact(unit, 'microseconds');
    const microseconds = rest / scale;
    const days = part === 'microseconds' ? 0n : microseconds / DAY;
    this.#addTo('days', sign * days);
    this.#addTo('microseconds', sign * (microseconds - days * DAY));
  }

  #inexact({ name }: IntervalUnit, smaller: string): UnreadInterval {
    return refuse(this.#text, `: its fraction of a ${name} is not exact; give ${smaller}`);
  }

  #addTo(part: IntervalUnit['part'], value: bigint): void {
    if (part === 'months') this.#months += value;
    else if (part === 'days') this.#days += value;
    else this.#microseconds += value;
  }

  /** Each unit stands once, as on the server. */
  once(...units: readonly string[]): void {
    for (const unit of units) {
      if (this.#units.has(unit)) throw refuse(this.#text, `: it has ${unit} more than once`);
      this.#units.add(unit);
    }
  }

  parts(sign: 1 | -1): Parts {
    return {
      months: sign * Number(this.#months),
      days: sign * Number(this.#days),
      microseconds: BigInt(sign) * this.#microseconds,
    };
  }
}

function parseIso(text: string): Parts {
  const sum = new Sum(text, false);
  const alternative = ISO_ALTERNATIVE.exec(text);
  const match = alternative ?? ISO.exec(text);
  if (match === null) throw refuse(text);
  const names = alternative === null ? ISO_UNITS : ALTERNATIVE_UNITS;
  for (const [index, name] of names.entries()) {
    const amount = match[index + 1];
    if (amount === undefined) continue;
    const unit = intervalUnit(name)!;
    if (alternative === null && amount.includes('.')) checkRounding(text, amount, unit);
    sum.add(amount, unit);
  }
  return sum.parts(1);
}

/** The server reads such an amount as one floating-point number. */
function checkRounding(text: string, amount: string, { part, size }: IntervalUnit): void {
  const microseconds = part === 'days' ? size * DAY : size;
  const [whole = ''] = amount.replace(/^[+-]/, '').split('.');
  if (part === 'months' || BigInt(whole) * microseconds < ROUNDED) return;
  throw refuse(text, ': it is too long for a fraction; give the whole and the rest by units');
}

function addClock(sum: Sum, match: RegExpExecArray, text: string): void {
  const [, sign = '', hours = '0', minutes = '0', seconds = '0'] = match;
  if (Number(minutes) > 59 || Number(seconds) >= 60) throw refuse(text);
  sum.once('hour', 'minute', 'second', 'millisecond', 'microsecond');
  sum.add(sign + hours, intervalUnit('hour')!);
  sum.add(sign + minutes, intervalUnit('minute')!);
  sum.add(sign + seconds, intervalUnit('second')!);
}

/** Years and months as `sql_standard` writes them, `1-2`: the sign is that of both. */
function addYearMonth(sum: Sum, match: RegExpExecArray, text: string): void {
  const [, sign = '', years = '0', months = '0'] = match;
  if (Number(months) > 11) throw refuse(text);
  sum.once('month');
  sum.add(sign + years, intervalUnit('year')!);
  sum.add(sign + months, intervalUnit('month')!);
}

function addUnit(sum: Sum, amount: string, name: string | undefined, text: string): void {
  if (!AMOUNT.test(amount)) throw refuse(text);
  const unit = name === undefined ? undefined : intervalUnit(name);
  if (unit === undefined) throw refuse(text, ': a number in it has no unit that the server knows');
  sum.once(unit.name);
  if (unit.name === 'second' && /\.\d*[1-9]/.test(amount)) sum.once('millisecond', 'microsecond');
  sum.add(amount, unit);
}

/** The words of a text, in small letters: `@` and commas say nothing, and `1h30m` is four. */
function wordsOf(text: string): string[] {
  const words = text
    .toLowerCase()
    .replace(/^@/, ' ')
    .split(/[\s,]+/);
  return words.flatMap((word) => {
    if (!JOINED.test(word)) return word === '' ? [] : word;
    const pieces = word.match(/[^a-z]+|[a-z]+/g)!;
    const areRead = pieces
      .slice(0, -1)
      .every((piece, i) => i % 2 === 0 || isUnitBeforeDigits(piece));
    if (!areRead) throw refuse(text, ': it needs a blank between its parts');
    return pieces;
  });
}

/** Whether the first part has the only sign, a minus, and other parts follow. */
function hasLeadingMinus(words: readonly string[]): boolean {
  return words[0]?.startsWith('-') === true && !words.slice(1).some((word) => /^[+-]/.test(word));
}

function parseUnits(text: string, style: IntervalStyle): Parts {
  const words = wordsOf(text);
  const ago = words.at(-1) === 'ago';
  if (ago) words.pop();
  const end = words.length;
  if (end === 0) throw refuse(text);
  const leadingMinus = hasLeadingMinus(words);
  if (style === null && leadingMinus && end > 1 && !/[a-z]/i.test(text)) {
    const why = ': its minus is that of all parts or of the first, as IntervalStyle says';
    throw refuse(text, `${why}; give each part a sign`);
  }
  const sum = new Sum(text, style === 'sql_standard' && leadingMinus);
  // A clock time stands last; "0", without a unit, is how all styles but one write nothing at all.
  for (let index = 0; index < end; ) {
    const word = words[index]!;
    const isLast = index === end - 1;
    const clock = isLast ? CLOCK.exec(word) : null;
    const yearMonth = YEAR_MONTH.exec(word);
    if (clock !== null) {
      addClock(sum, clock, text);
      index += 1;
    } else if (word === '0' && isLast && !ago) {
      sum.once('second');
      index += 1;
    } else if (yearMonth !== null) {
      addYearMonth(sum, yearMonth, text);
      index += 1;
    } else if (index === end - 2 && INTEGER.test(word) && CLOCK.test(words[end - 1]!)) {
      addUnit(sum, word, 'day', text);
      index += 1;
    } else {
      addUnit(sum, word, words[index + 1], text);
      index += 2;
    }
  }
  return sum.parts(ago ? -1 : 1);
}

/** @throws UnreadInterval */
export function parseInterval(text: string, style: IntervalStyle): Parts {
  const trimmed = text.trim();
  return trimmed.startsWith('P') ? parseIso(trimmed) : parseUnits(trimmed, style);
}
