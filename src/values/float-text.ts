/**
 * A float8 as PostgreSQL writes it: the fewest digits that give the same number back, with an
 * exponent of two digits or more where there are more than 15 digits before the point or more
 * than three zeros behind it. JavaScript has other limits for the exponent.
 *
 * PostgreSQL manual: "Floating-Point Types" (datatype-float).
 */
export function float8Text(value: number): string {
  if (Number.isInteger(value) && value < 1e15 && value > -1e15) {
    return Object.is(value, -0) ? '-0' : String(value);
  }
  const size = Math.abs(value);
  if (!Number.isFinite(size) || (size >= 1e-4 && size < 1e15)) return String(value);
  const text = size > 2 ** 53 && size < 1e33 ? withoutTie(value) : value.toExponential();
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

/**
 * JavaScript may choose digits that lie exactly between two floats and give the right one back
 * because ties go to the even one; PostgreSQL does not rely on that and writes more digits.
 * Such digits exist for integers beyond 2^53 only, and there up to 5^22 times that.
 */
function withoutTie(value: number): string {
  let text = value.toExponential();
  // Two floats are so close that their digits can differ from the 16th on only.
  for (let count = 15; isTie(text, value); count += 1) text = value.toExponential(count);
  return text;
}

/** Whether the digits, which are the value's when read, lie halfway to the next float. */
function isTie(text: string, value: number): boolean {
  const [digits = '', exponent = '0'] = text.split('e');
  const [whole = '', fraction = ''] = digits.split('.');
  const zeros = Number(exponent) - fraction.length;
  if (zeros < 0) return false;
  const exact = BigInt(value);
  // The number on the other side of the digits, as far away: a float only if it is the next.
  const mirrored = 2n * BigInt(whole + fraction) * 10n ** BigInt(zeros) - exact;
  return mirrored !== exact && BigInt(Number(mirrored)) === mirrored;
}

const FLOAT8 = /^[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|[iI]nf(?:inity)?|[nN]a[nN])$/;

/** The number that a float8's text stands for; `undefined` if it is no such text, or stands for more than there is. */
export function float8FromText(text: string): number | undefined {
  if (!FLOAT8.test(text)) return undefined;
  const infinite = /^([+-]?)[iI]/.exec(text);
  if (infinite !== null) return infinite[1] === '-' ? -Infinity : Infinity;
  const value = Number(text);
  return Math.abs(value) === Infinity ? undefined : value;
}
