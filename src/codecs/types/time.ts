import { twoDigits } from '../../values/calendar.ts';
import {
  CLOCK,
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
  microsFromGroups,
  OFFSET,
  OFFSET_LIMIT,
  offsetFromGroups,
} from '../../values/clock-time.ts';
import type { ResolvedTypeOptions, TemporalNamespace } from '../../values/type-options.ts';
import { expectSize, int32At, malformed } from '../bytes.ts';
import type { CodecForms } from '../codec.ts';
import { BINARY } from '../codec.ts';
import { unreadable, wrongKind } from '../unencodable.ts';
import { dayTimeAt, writeInt64 } from './microseconds.ts';
import { temporalName, temporalText } from './temporal.ts';

/*
 * time: microseconds since midnight as an Int64, 24:00:00 included. timetz: the same, then
 * the offset in seconds west of UTC as an Int32.
 * https://www.postgresql.org/docs/current/datatype-datetime.html
 */

const TIME = new RegExp(`^${CLOCK}$`);
const TIMETZ = new RegExp(`^${CLOCK} ?${OFFSET}$`);

/** PostgreSQL's text of a time: `04:05:06.789`. */
export function printTime(micros: number): string {
  const hour = Math.floor(micros / MICROS_PER_HOUR);
  const minute = Math.floor(micros / MICROS_PER_MINUTE) % 60;
  const second = Math.floor(micros / MICROS_PER_SECOND) % 60;
  const clock = `${twoDigits(hour)}:${twoDigits(minute)}:${twoDigits(second)}`;
  const fraction = micros % MICROS_PER_SECOND;
  if (fraction === 0) return clock;
  return `${clock}.${String(fraction).padStart(6, '0').replace(/0+$/, '')}`;
}

/** PostgreSQL's text of an offset, given in seconds east of UTC: `+02`, `-03:30`. */
function printOffset(offset: number): string {
  const size = Math.abs(offset);
  const minute = Math.floor(size / 60) % 60;
  const second = size % 60;
  let text = (offset < 0 ? '-' : '+') + twoDigits(Math.floor(size / 3600));
  if (minute !== 0 || second !== 0) text += `:${twoDigits(minute)}`;
  if (second !== 0) text += `:${twoDigits(second)}`;
  return text;
}

function parseTime(text: string): number | null {
  const match = TIME.exec(text);
  return match === null ? null : microsFromGroups(match[1], match[2], match[3], match[4]);
}

/** The arguments that Temporal's constructors take for a time of day. */
export function clockOf(micros: number): [number, number, number, number, number] {
  return [
    Math.floor(micros / MICROS_PER_HOUR),
    Math.floor(micros / MICROS_PER_MINUTE) % 60,
    Math.floor(micros / MICROS_PER_SECOND) % 60,
    Math.floor(micros / 1000) % 1000,
    micros % 1000,
  ];
}

function makeTemporal(temporal: TemporalNamespace): (micros: number) => unknown {
  return (micros) =>
    micros === MICROS_PER_DAY ? '24:00:00' : new temporal.PlainTime(...clockOf(micros));
}

function microsOf(value: unknown): number {
  if (typeof value === 'string') {
    const micros = parseTime(value);
    if (micros === null) throw unreadable('a time such as "04:05:06.789"');
    return micros;
  }
  if (typeof value === 'object' && value !== null && temporalName(value) === 'PlainTime') {
    return microsOf(temporalText(value));
  }
  throw wrongKind('a time such as "04:05:06.789" or a Temporal.PlainTime', value);
}

/** Reads and checks the Int64 that time and timetz have in common. */
function microsAt(buffer: Buffer, at: number, type: string): number {
  const { days, micros } = dayTimeAt(buffer, at);
  if (days === 0) return micros;
  if (days === 1 && micros === 0) return MICROS_PER_DAY;
  throw malformed(type, 'it is out of range');
}

/** time as an ISO string, or as a Temporal.PlainTime (`24:00:00` stays a string). */
export function timeForms({ temporal }: ResolvedTypeOptions): CodecForms {
  const make = temporal === null ? printTime : makeTemporal(temporal);
  return {
    text: {
      decode(text) {
        const micros = parseTime(text);
        if (micros === null) throw malformed('time', 'it is not an ISO 8601 time');
        return make(micros);
      },
      encode: (value) => printTime(microsOf(value)),
    },
    binary: {
      decode(buffer, start, end) {
        expectSize(start, end, 8, 'time');
        return make(microsAt(buffer, start, 'time'));
      },
      encode: (writer, value) => writeInt64(writer, microsOf(value)),
    },
    resultFormat: BINARY,
    argumentFormat: BINARY,
    inline: null,
  };
}

interface OffsetTime {
  readonly micros: number;
  /** Seconds east of UTC. */
  readonly offset: number;
}

function parseTimetz(text: string): OffsetTime | null {
  const match = TIMETZ.exec(text);
  if (match === null) return null;
  const micros = microsFromGroups(match[1], match[2], match[3], match[4]);
  const offset = offsetFromGroups(match[6], match[7], match[8], match[9]);
  return micros === null || offset === null ? null : { micros, offset };
}

function offsetTimeOf(value: unknown): OffsetTime {
  if (typeof value !== 'string') throw wrongKind('a time such as "04:05:06.789+02"', value);
  const time = parseTimetz(value);
  if (time === null) throw unreadable('a time with an offset such as "04:05:06.789+02"');
  return time;
}

/** timetz as an ISO string with offset, which no Temporal class can hold: `04:05:06.789-03:30`. */
export const timetz: CodecForms = {
  text: {
    decode(text) {
      const time = parseTimetz(text);
      if (time === null) throw malformed('timetz', 'it is not an ISO 8601 time with an offset');
      return printTime(time.micros) + printOffset(time.offset);
    },
    encode(value) {
      const { micros, offset } = offsetTimeOf(value);
      return printTime(micros) + printOffset(offset);
    },
  },
  binary: {
    decode(buffer, start, end) {
      expectSize(start, end, 12, 'timetz');
      const micros = microsAt(buffer, start, 'timetz');
      const offset = -int32At(buffer, start + 8);
      if (Math.abs(offset) >= OFFSET_LIMIT) throw malformed('timetz', 'its offset is out of range');
      return printTime(micros) + printOffset(offset);
    },
    encode(writer, value) {
      const { micros, offset } = offsetTimeOf(value);
      writeInt64(writer, micros);
      writer.int32(-offset);
    },
  },
  resultFormat: BINARY,
  argumentFormat: BINARY,
  inline: null,
};
