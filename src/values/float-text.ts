/**
 * A float8 as PostgreSQL writes it: the fewest digits that give the same number back, with an
 * exponent of two digits or more where there are more than 15 digits before the point or more
 * than three zeros behind it. JavaScript chooses the same digits and other limits.
 *
 * PostgreSQL manual: "Floating-Point Types" (datatype-float).
 */
export function float8Text(value: number): string {
  if (Number.isInteger(value) && value < 1e15 && value > -1e15) {
    return Object.is(value, -0) ? '-0' : String(value);
  }
  const size = Math.abs(value);
  if (size >= 1e-4 && size < 1e15) return String(value);
  if (!Number.isFinite(value)) return String(value);
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}

const FLOAT8 = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[iI]nf(?:inity)?|[nN]a[nN])$/;

/** The number that a float8's text stands for; `undefined` if it is no such text. */
export function float8FromText(text: string): number | undefined {
  if (!FLOAT8.test(text)) return undefined;
  const infinite = /^([+-]?)[iI]/.exec(text);
  if (infinite !== null) return infinite[1] === '-' ? -Infinity : Infinity;
  return Number(text);
}
