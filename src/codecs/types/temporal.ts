/**
 * Temporal values as arguments. They are known by their tag, so that the global Temporal and
 * any polyfill's both are taken, whatever the `types` option says.
 */
type TemporalName =
  | 'Instant'
  | 'ZonedDateTime'
  | 'PlainDateTime'
  | 'PlainDate'
  | 'PlainTime'
  | 'Duration';

/** Which Temporal class an object is of; null: none. */
export function temporalName(value: object): TemporalName | null {
  const tag: unknown = Reflect.get(value, Symbol.toStringTag);
  if (typeof tag !== 'string' || !tag.startsWith('Temporal.')) return null;
  const name = tag.slice('Temporal.'.length);
  switch (name) {
    case 'Instant':
    case 'ZonedDateTime':
    case 'PlainDateTime':
    case 'PlainDate':
    case 'PlainTime':
    case 'Duration':
      return name;
    default:
      return null;
  }
}

/** The ISO 8601 text of a plain Temporal value, in the ISO calendar whichever it carries. */
export function temporalText(value: object): string {
  return (value as { toString(options: object): string }).toString({ calendarName: 'never' });
}

/** The exact time of an Instant or a ZonedDateTime. */
export function epochNanoseconds(value: object): bigint {
  return BigInt((value as { epochNanoseconds: bigint }).epochNanoseconds);
}

/** Nanoseconds to the nearest microsecond, halves to even: as PostgreSQL reads text. */
export function roundToMicroseconds(nanoseconds: bigint): bigint {
  let rest = nanoseconds % 1000n;
  if (rest < 0n) rest += 1000n;
  const floor = (nanoseconds - rest) / 1000n;
  const up = rest > 500n || (rest === 500n && floor % 2n !== 0n);
  return up ? floor + 1n : floor;
}
