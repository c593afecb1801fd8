/** The text of an interval, taken apart: see Interval.fromString. */

interface Parts {
  months: number;
  days: number;
  microseconds: bigint;
}

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
  const match = ISO.exec(text);
  if (match === null) throw refuse(text);
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

function addUnit(parts: Parts, amount: string, unit: string, text: string): void {
  const unitOfTime = TIME_UNITS.get(unit);
  if (unitOfTime === SECOND && DECIMAL.test(amount)) {
    parts.microseconds += microsecondsOf(amount, text);
  } else if (unitOfTime !== undefined && INTEGER.test(amount)) {
    parts.microseconds += BigInt(amount) * unitOfTime;
  } else {
    const found = UNITS.get(unit);
    if (found === undefined || !INTEGER.test(amount)) throw refuse(text);
    const [part, size] = found;
    parts[part] += Number(amount) * size;
  }
}

function parseUnits(text: string): Parts {
  const words = text.toLowerCase().split(/\s+/);
  const parts: Parts = { months: 0, days: 0, microseconds: 0n };
  let index = words[0] === '@' ? 1 : 0;
  const ago = words.at(-1) === 'ago';
  const end = ago ? words.length - 1 : words.length;
  if (index === end) throw refuse(text);
  // A clock time stands once and last; "@ 0" is how postgres_verbose writes nothing at all.
  while (index < end) {
    const word = words[index] ?? '';
    const clock = CLOCK.exec(word);
    if (clock !== null && index === end - 1) {
      parts.microseconds += parseClock(clock, text);
      index += 1;
    } else if (word === '0' && index === end - 1) {
      index += 1;
    } else {
      addUnit(parts, word, words[index + 1] ?? '', text);
      index += 2;
    }
  }
  if (index !== end) throw refuse(text);
  if (!ago) return parts;
  return { months: -parts.months, days: -parts.days, microseconds: -parts.microseconds };
}

/** Throws a SyntaxError for a text that is in none of the styles. */
export function parseInterval(text: string): Parts {
  const trimmed = text.trim();
  return trimmed.startsWith('P') ? parseIso(trimmed) : parseUnits(trimmed);
}
