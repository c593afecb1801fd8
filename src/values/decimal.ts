/** A decimal number, exact: `0.digits` times ten to the power of `pointAt`. */
export interface Decimal {
  /** Never so for zero. */
  readonly isNegative: boolean;
  /** The digits from the first that is not 0 on; none for zero. Zeros at the end are kept. */
  readonly digits: string;
  readonly pointAt: number;
  /** How many digits the text has behind the point, its exponent applied. */
  readonly scale: number;
}

// Each digit can be matched in one way only: a long text that is no number is refused in a moment.
const DECIMAL = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d+))?$/;

/** The number that digits with a sign, a point and an exponent stand for; null for other texts. */
export function parseDecimal(text: string): Decimal | null {
  const match = DECIMAL.exec(text);
  if (match === null) return null;
  const [, sign, whole = '', tail = '', bare = '', power = '0'] = match;
  const fraction = tail + bare;
  const exponent = Number(power);
  const scale = Math.max(0, fraction.length - exponent);
  const all = whole + fraction;
  const first = all.search(/[1-9]/);
  if (first < 0) return { isNegative: false, digits: '', pointAt: 0, scale };
  return {
    isNegative: sign === '-',
    digits: all.slice(first),
    pointAt: whole.length + exponent - first,
    scale,
  };
}

/** Less than, equal to or greater than 0, by value: 1.0 is equal to 1. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const signA = signOf(a);
  const signB = signOf(b);
  if (signA !== signB) return signA - signB;
  return signA < 0 ? compareMagnitudes(b, a) : compareMagnitudes(a, b);
}

function compareMagnitudes(a: Decimal, b: Decimal): number {
  return order(a.pointAt, b.pointAt) || order(significant(a), significant(b));
}

function signOf({ isNegative, digits }: Decimal): number {
  if (digits === '') return 0;
  return isNegative ? -1 : 1;
}

/** The digits without zeros at the end, which do not change the value. */
function significant({ digits }: Decimal): string {
  let end = digits.length;
  while (end > 0 && digits.charCodeAt(end - 1) === 0x30) end -= 1;
  return digits.slice(0, end);
}

function order<V extends string | number>(a: V, b: V): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
