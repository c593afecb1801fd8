/**
 * The text of an interval, taken apart: see Interval.fromString.
 * PostgreSQL manual: "Interval Input" (datatype-interval-input).
 */

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

const SECOND = 1_000_000n;
const MINUTE = 60n * SECOND;
const HOUR = 60n * MINUTE;

const UNITS: ReadonlyMap<string, readonly [part: 'months' | 'days', size: number]> = new Map([
  ['year', ['months', 12]],
  ['years', ['months', 12]],
  ['mon', ['months', 1]],
  ['mons', ['months', 1]],
  ['month', ['months', 1]],
  ['months', ['months', 1]],
  ['week', ['days', 7]],
  ['weeks', ['days', 7]],
  ['day', ['days', 1]],
  ['days', ['days', 1]],
]);

const TIME_UNITS: ReadonlyMap<string, bigint> = new Map([
  ['hour', HOUR],
  ['hours', HOUR],
  ['min', MINUTE],
  ['mins', MINUTE],
  ['minute', MINUTE],
  ['minutes', MINUTE],
  ['sec', SECOND],
  ['secs', SECOND],
  ['second', SECOND],
  ['seconds', SECOND],
]);

const ISO =
  /^P(?=.)(?:([+-]?\d+)Y)?(?:([+-]?\d+)M)?(?:([+-]?\d+)W)?(?:([+-]?\d+)D)?(?:T(?=.)(?:([+-]?\d+)H)?(?:([+-]?\d+)M)?(?:([+-]?\d+(?:\.\d+)?)S)?)?$/;
const ISO_ALTERNATIVE =
  /^P(\d{1,9})-(\d{1,9})(?:-(\d{1,9}))?(?:T(\d{1,15}):(\d{1,15})(?::(\d{1,15}(?:\.\d+)?))?)?$/;
const YEAR_MONTH = /^([+-]?)(\d+)-(\d\d?)$/;
const CLOCK = /^([+-]?)(\d+):(\d\d?)(?::(\d\d?(?:\.\d+)?))?$/;
const INTEGER = /^[+-]?\d+$/;
const DECIMAL = /^[+-]?\d+(?:\.\d+)?$/;

function refuse(text: string, why = ''): SyntaxError {
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return new SyntaxError(`not the text of an interval: ${JSON.stringify(shown)}${why}`);
}

/** Seconds as decimal digits, with an optional sign and fraction, in microseconds. */
function microsecondsOf(seconds: string, text: string): bigint {
  const negative = seconds.startsWith('-');
  const [whole = '0', fraction = ''] = seconds.replace(/^[+-]/, '').split('.');
  if (fraction.length > 6) throw refuse(text, ': it has more than six digits behind the point');
  const magnitude = BigInt(whole) * SECOND + BigInt(fraction.padEnd(6, '0'));
  return negative ? -magnitude : magnitude;
}

function parseIso(text: string): Parts {
  const match = ISO.exec(text) ?? ISO_ALTERNATIVE.exec(text);
  if (match === null) throw refuse(text);
  // The alternative form has no weeks.
  if (match.length === 7) match.splice(3, 0, '0');
  const [, years = '0', months = '0', weeks = '0', days = '0', hours = '0', minutes = '0'] = match;
  return {
    months: Number(years) * 12 + Number(months),
    days: Number(weeks) * 7 + Number(days),
    microseconds:
      BigInt(hours) * HOUR + BigInt(minutes) * MINUTE + microsecondsOf(match[7] ?? '0', text),
  };
}

function parseClock(match: RegExpExecArray, text: string): bigint {
  const [, sign = '', hours = '0', minutes = '0', seconds = '0'] = match;
  if (Number(minutes) > 59 || Number(seconds) >= 60) throw refuse(text);
  const magnitude = BigInt(hours) * HOUR + BigInt(minutes) * MINUTE + microsecondsOf(seconds, text);
  return sign === '-' ? -magnitude : magnitude;
}

/** The parts of a text of words, added one by one. Each unit stands once, as on the server. */
class Sum {
  months = 0;
  days = 0;
  microseconds = 0n;
  /** Every part is negative, whatever it looks like. */
  readonly #isNegative: boolean;
  readonly #text: string;
  readonly #units = new Set<string>();

  constructor(text: string, isNegative: boolean) {
    this.#text = text;
    this.#isNegative = isNegative;
  }

  add(part: 'months' | 'days', value: number, unit: string): void {
    this.#once(unit);
    this[part] += this.#isNegative && value > 0 ? -value : value;
  }

  addTime(value: bigint, ...units: readonly string[]): void {
    for (const unit of units) this.#once(unit);
    this.microseconds += this.#isNegative && value > 0n ? -value : value;
  }

  #once(unit: string): void {
    if (this.#units.has(unit)) throw refuse(this.#text, `: it has ${unit} more than once`);
    this.#units.add(unit);
  }
}

/** The one name of a unit that has several. */
function unitName(unit: string): string {
  return unit.replace(/^(mon|min|sec)(?:th|ute|ond)?s?$/, '$1').replace(/s$/, '');
}

function addUnit(sum: Sum, amount: string, unit: string, text: string): void {
  const unitOfTime = TIME_UNITS.get(unit);
  if (unitOfTime === SECOND && DECIMAL.test(amount)) {
    sum.addTime(microsecondsOf(amount, text), 'sec');
  } else if (unitOfTime !== undefined && INTEGER.test(amount)) {
    sum.addTime(BigInt(amount) * unitOfTime, unitName(unit));
  } else {
    const found = UNITS.get(unit);
    if (found === undefined || !INTEGER.test(amount)) throw refuse(text);
    const [part, size] = found;
    sum.add(part, Number(amount) * size, unitName(unit));
  }
}

/** Years and months as `sql_standard` writes them, `1-2`: the sign is that of both. */
function addYearMonth(sum: Sum, match: RegExpExecArray, text: string): void {
  const [, sign, years, months] = match;
  if (Number(months) > 11) throw refuse(text);
  const total = Number(years) * 12 + Number(months);
  sum.add('months', sign === '-' ? -total : total, 'mon');
}

/** Whether the first part has the only sign, a minus, and other parts follow. */
function hasLeadingMinus(words: readonly string[]): boolean {
  return words[0]?.startsWith('-') === true && !words.slice(1).some((word) => /^[+-]/.test(word));
}

function parseUnits(text: string, style: IntervalStyle): Parts {
  const words = text.toLowerCase().split(/\s+/);
  if (words[0] === '@') words.shift();
  const ago = words.at(-1) === 'ago';
  if (ago) words.pop();
  const end = words.length;
  if (end === 0) throw refuse(text);
  const leadingMinus = hasLeadingMinus(words);
  if (style === null && leadingMinus && end > 1 && !/[a-z]/.test(text)) {
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
      sum.addTime(parseClock(clock, text), 'hour', 'min', 'sec');
      index += 1;
    } else if (word === '0' && isLast && !ago) {
      sum.addTime(0n, 'sec');
      index += 1;
    } else if (yearMonth !== null) {
      addYearMonth(sum, yearMonth, text);
      index += 1;
    } else if (index === end - 2 && INTEGER.test(word) && CLOCK.test(words[end - 1]!)) {
      sum.add('days', Number(word), 'day');
      index += 1;
    } else {
      addUnit(sum, word, words[index + 1] ?? '', text);
      index += 2;
    }
  }
  const { months, days, microseconds } = sum;
  return ago ? { months: -months, days: -days, microseconds: -microseconds } : sum;
}

/** Throws a SyntaxError for a text that is in none of the styles. */
export function parseInterval(text: string, style: IntervalStyle): Parts {
  const trimmed = text.trim();
  return trimmed.startsWith('P') ? parseIso(trimmed) : parseUnits(trimmed, style);
}
