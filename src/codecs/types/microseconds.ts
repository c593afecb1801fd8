import type { MessageWriter } from '../../protocol/writer.ts';
import { MICROS_PER_DAY } from '../../values/clock-time.ts';
import type { DayTime } from '../../values/timestamp-text.ts';
import { int32At, int64At, uint32At } from '../bytes.ts';

/* PostgreSQL's times are 64-bit counts of microseconds. Most of them fit a double. */

const TWO_32 = 0x1_0000_0000;
/** Up to 2^52 microseconds (142 years) sums and remainders are exact in doubles. */
const EXACT_HIGH = 0x10_0000;
const EXACT_DAYS = 52_000;

/** The Int64 count of microseconds at `at` as days and microseconds of the day. */
export function dayTimeAt(buffer: Uint8Array, at: number): DayTime {
  const high = int32At(buffer, at);
  if (high < -EXACT_HIGH || high >= EXACT_HIGH) {
    const total = int64At(buffer, at);
    const perDay = BigInt(MICROS_PER_DAY);
    let micros = total % perDay;
    if (micros < 0n) micros += perDay;
    return { days: Number((total - micros) / perDay), micros: Number(micros) };
  }
  const total = high * TWO_32 + uint32At(buffer, at + 4);
  let micros = total % MICROS_PER_DAY;
  if (micros < 0) micros += MICROS_PER_DAY;
  return { days: (total - micros) / MICROS_PER_DAY, micros };
}

/** Writes `days * MICROS_PER_DAY + micros` as an Int64. The caller checks the range. */
export function writeDayTime(writer: MessageWriter, days: number, micros: number): void {
  if (days > -EXACT_DAYS && days < EXACT_DAYS) {
    writeInt64(writer, days * MICROS_PER_DAY + micros);
  } else {
    writer.int64(BigInt(days) * BigInt(MICROS_PER_DAY) + BigInt(micros));
  }
}

/** Writes a safe integer as an Int64. */
export function writeInt64(writer: MessageWriter, value: number): void {
  const high = Math.floor(value / TWO_32);
  writer.ensure(8);
  writer.view.setInt32(writer.offset, high);
  writer.view.setInt32(writer.offset + 4, value - high * TWO_32);
  writer.offset += 8;
}
