import type { IntervalFields } from '../../values/interval.ts';
import { Interval, intervalFrom } from '../../values/interval.ts';
import { type IntervalStyle, UnreadInterval } from '../../values/interval-text.ts';
import { isPlainObject } from '../../values/kind-of.ts';
import { expectSize, int32At, int64At, malformed } from '../bytes.ts';
import type { CodecForms } from '../codec.ts';
import { BINARY } from '../codec.ts';
import { Unencodable, unreadable, wrongKind } from '../unencodable.ts';
import { roundToMicroseconds, temporalName } from './temporal.ts';

const EXPECTED = 'an Interval';

/** A Temporal.Duration's parts: each a whole number, all of one sign. */
type Duration = Readonly<
  Record<
    | 'years'
    | 'months'
    | 'weeks'
    | 'days'
    | 'hours'
    | 'minutes'
    | 'seconds'
    | 'milliseconds'
    | 'microseconds'
    | 'nanoseconds',
    number
  >
>;

function fromDuration(duration: Duration): Interval {
  const seconds =
    BigInt(duration.hours) * 3600n + BigInt(duration.minutes) * 60n + BigInt(duration.seconds);
  const nanoseconds =
    seconds * 1_000_000_000n +
    BigInt(duration.milliseconds) * 1_000_000n +
    BigInt(duration.microseconds) * 1000n +
    BigInt(duration.nanoseconds);
  return fromFields({
    months: duration.years * 12 + duration.months,
    days: duration.weeks * 7 + duration.days,
    microseconds: roundToMicroseconds(nanoseconds),
  });
}

function fromFields(fields: IntervalFields): Interval {
  try {
    return new Interval(fields);
  } catch (cause) {
    throw new Unencodable((cause as Error).message, { cause });
  }
}

function fromText(text: string, style: IntervalStyle): Interval {
  try {
    return intervalFrom(text, style);
  } catch (cause) {
    if (cause instanceof RangeError) throw new Unencodable(cause.message, { cause });
    const expected = 'an interval such as "1 year 2 mons 3 days 04:05:06" or "P1Y2M3DT4H5M6S"';
    const { message } = unreadable(expected);
    throw new Unencodable(cause instanceof UnreadInterval ? message + cause.why : message);
  }
}

function intervalOf(value: unknown, style: IntervalStyle): Interval {
  if (value instanceof Interval) return value;
  if (typeof value === 'string') return fromText(value, style);
  if (typeof value === 'object' && value !== null) {
    if (temporalName(value) === 'Duration') return fromDuration(value as Duration);
    if (isPlainObject(value)) return fromFields(value);
  }
  throw wrongKind(EXPECTED, value);
}

/**
 * interval as an Interval, whatever `types.datetime` says: a Temporal.Duration could not have
 * parts of different signs. As arguments, Durations, plain objects of an Interval's fields and
 * text in PostgreSQL's or ISO 8601's form are taken too.
 *
 * An Int64 of microseconds, an Int32 of days and an Int32 of months.
 * https://www.postgresql.org/docs/current/datatype-datetime.html
 *
 * @param style how the session reads and writes text
 */
function intervalForms(style: IntervalStyle): CodecForms {
  return {
    text: {
      decode(text) {
        try {
          return intervalFrom(text, style);
        } catch {
          throw malformed('interval', 'it is in none of the styles of the server');
        }
      },
      encode: (value) => intervalOf(value, style).toString(),
    },
    binary: {
      decode(buffer, start, end) {
        expectSize(start, end, 16, 'interval');
        return new Interval({
          months: int32At(buffer, start + 12),
          days: int32At(buffer, start + 8),
          microseconds: int64At(buffer, start),
        });
      },
      encode(writer, value) {
        const given = intervalOf(value, style);
        const { months, days, microseconds } = given;
        if (!given.isFinite && (writer.server?.version.major ?? 17) < 17) {
          // It would be read as a long one.
          throw new Unencodable('infinite intervals are there from PostgreSQL 17 on');
        }
        writer.int64(microseconds);
        writer.int32(days);
        writer.int32(months);
      },
    },
    resultFormat: BINARY,
    argumentFormat: BINARY,
    inline: null,
  };
}

/** For sessions with any IntervalStyle but sql_standard. */
export const interval: CodecForms = intervalForms('postgres');

export const sqlStandardInterval: CodecForms = intervalForms('sql_standard');
