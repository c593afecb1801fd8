import { DecodeError } from '../errors/client-errors.ts';
import { putInt32 } from '../protocol/writer.ts';

/**
 * Reads of network-order numbers at an offset. They are shifts instead of `readInt32BE` and
 * its kin, whose argument checks cost several times the read. Callers check bounds.
 */

/** One 64-bit slot that is written as two 32-bit halves and read as a double or a bigint. */
const slot = new ArrayBuffer(8);
const halves = new Int32Array(slot);
const doubles = new Float64Array(slot);
const singles = new Float32Array(slot);
const bigints = new BigInt64Array(slot);
const [HIGH, LOW] = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? [1, 0] : [0, 1];

export function int16At(buffer: Uint8Array, at: number): number {
  return (((buffer[at]! << 8) | buffer[at + 1]!) << 16) >> 16;
}

export function uint16At(buffer: Uint8Array, at: number): number {
  return (buffer[at]! << 8) | buffer[at + 1]!;
}

export function int32At(buffer: Uint8Array, at: number): number {
  return (buffer[at]! << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!;
}

export function uint32At(buffer: Uint8Array, at: number): number {
  return int32At(buffer, at) >>> 0;
}

export function int64At(buffer: Uint8Array, at: number): bigint {
  halves[HIGH] = int32At(buffer, at);
  halves[LOW] = int32At(buffer, at + 4);
  return bigints[0]!;
}

export function uint64At(buffer: Uint8Array, at: number): bigint {
  return BigInt.asUintN(64, int64At(buffer, at));
}

export function float32At(buffer: Uint8Array, at: number): number {
  halves[0] = int32At(buffer, at);
  return singles[0]!;
}

export function float64At(buffer: Uint8Array, at: number): number {
  halves[HIGH] = int32At(buffer, at);
  halves[LOW] = int32At(buffer, at + 4);
  return doubles[0]!;
}

/** Writes a bigint's 64 bits; false: it has more of them. */
export function putInt64(buffer: Uint8Array, at: number, value: bigint): boolean {
  bigints[0] = value;
  putInt32(buffer, at, halves[HIGH]!);
  putInt32(buffer, at + 4, halves[LOW]!);
  return bigints[0] === value;
}

/** The error for bytes or text that are no value of `type`. The data itself is not shown. */
export function malformed(type: string, reason: string): DecodeError {
  return new DecodeError(`malformed ${type} value: ${reason}`);
}

/** Refuses a value of a fixed-size type that has another size. */
export function expectSize(start: number, end: number, size: number, type: string): void {
  if (end - start !== size) throw malformed(type, `${end - start} bytes instead of ${size}`);
}
