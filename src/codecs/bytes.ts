import { DecodeError } from '../errors/client-errors.ts';
import { viewOf } from '../protocol/view.ts';

/**
 * Reads of network-order numbers at an offset. Short ones are shifts instead of `readInt32BE`
 * and the like, whose argument checks cost several times the read; long ones go through a view.
 * Callers check bounds.
 */

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
  return viewOf(buffer).getBigInt64(at);
}

export function uint64At(buffer: Uint8Array, at: number): bigint {
  return viewOf(buffer).getBigUint64(at);
}

export function float32At(buffer: Uint8Array, at: number): number {
  return viewOf(buffer).getFloat32(at);
}

export function float64At(buffer: Uint8Array, at: number): number {
  return viewOf(buffer).getFloat64(at);
}

/** The error for bytes or text that are no value of `type`. The data itself is not shown. */
export function malformed(type: string, reason: string): DecodeError {
  return new DecodeError(`malformed ${type} value: ${reason}`);
}

/** The error for a value of `type` that is right, but has no form in what it is to be read as. */
export function unrepresentable(type: string, reason: string): DecodeError {
  return new DecodeError(`cannot read the ${type} value: ${reason}`);
}

/** Refuses a value of a fixed-size type that has another size. */
export function expectSize(start: number, end: number, size: number, type: string): void {
  if (end - start !== size) throw malformed(type, `${end - start} bytes instead of ${size}`);
}
