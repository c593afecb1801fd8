import { expectSize, int32At, int64At } from '../bytes.ts';
import type { BinaryForm } from '../codec.ts';
import { nested, outOfRange, Unencodable, wrongKind } from '../unencodable.ts';

/*
 * The `tuple` format of custom codecs: the parts that a type's binary form has, before they
 * are made a Date or an Interval. 64-bit parts are bigints, infinities the extreme values.
 */

type Part = 'int4' | 'int8';

/** The parts of a tuple from the first to the last, and the order in which the wire has them. */
function tupleForm(type: string, parts: readonly Part[], wire: readonly number[]): BinaryForm {
  const size = parts.reduce((sum, part) => sum + (part === 'int8' ? 8 : 4), 0);
  return {
    decode(buffer, start, end) {
      expectSize(start, end, size, type);
      const tuple = new Array<number | bigint>(parts.length);
      let at = start;
      for (const i of wire) {
        tuple[i] = parts[i] === 'int8' ? int64At(buffer, at) : int32At(buffer, at);
        at += parts[i] === 'int8' ? 8 : 4;
      }
      return tuple;
    },
    encode(writer, value) {
      const tuple = checkedTuple(type, value, parts.length);
      for (const i of wire) {
        try {
          if (parts[i] === 'int8') writer.int64(checkedInt8(tuple[i]));
          else writer.int32(checkedInt4(tuple[i]));
        } catch (error) {
          throw nested(error, `[${i}]`);
        }
      }
    },
  };
}

function checkedTuple(type: string, value: unknown, length: number): readonly unknown[] {
  if (!Array.isArray(value)) throw wrongKind(`the encoder of ${type} to return an array`, value);
  if (value.length !== length) {
    throw new Unencodable(
      `expected the encoder of ${type} to return ${length} parts, got ${value.length}`,
    );
  }
  return value;
}

function checkedInt8(value: unknown): bigint {
  if (typeof value !== 'bigint' && !Number.isSafeInteger(value)) {
    throw wrongKind('a bigint or a safe integer', value);
  }
  const checked = BigInt(value as bigint | number);
  if (BigInt.asIntN(64, checked) !== checked) throw outOfRange(value, 'int8');
  return checked;
}

function checkedInt4(value: unknown): number {
  if (typeof value !== 'number' || value !== (value | 0))
    throw wrongKind('a 32-bit integer', value);
  return value;
}

const FORMS: ReadonlyMap<string, BinaryForm> = new Map([
  // Days since 2000-01-01.
  ['date', tupleForm('date', ['int4'], [0])],
  // Months, days, microseconds; the wire has them the other way round.
  ['interval', tupleForm('interval', ['int4', 'int4', 'int8'], [2, 1, 0])],
  // Microseconds since midnight.
  ['time', tupleForm('time', ['int8'], [0])],
  // Microseconds since midnight and the offset in seconds, west of Greenwich being positive.
  ['timetz', tupleForm('timetz', ['int8', 'int4'], [0, 1])],
  // Microseconds since 2000-01-01 00:00, in UTC for timestamptz.
  ['timestamp', tupleForm('timestamp', ['int8'], [0])],
  ['timestamptz', tupleForm('timestamptz', ['int8'], [0])],
]);

/** A built-in type's tuple form; `undefined` if it has none. */
export function tupleFormOf(name: string): BinaryForm | undefined {
  return FORMS.get(name);
}
