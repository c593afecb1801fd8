// pgvector's types by their binary forms: vector and halfvec as a Float32Array, sparsevec as its values.
import type { TypeCodec } from 'asyncpg';

type Numbers = ArrayLike<number>;

/** A list of numbers behind how many there are and two bytes that are 0. */
function listCodec(
  size: number,
  write: (bytes: Buffer, value: number, at: number) => void,
  read: (bytes: Buffer, at: number) => number,
): TypeCodec {
  return {
    format: 'binary',
    encoder(values: Numbers) {
      if (typeof values?.length !== 'number') {
        throw new TypeError('a list of numbers was expected; in an array, each as a Float32Array');
      }
      const bytes = Buffer.alloc(4 + size * values.length);
      bytes.writeUInt16BE(values.length);
      for (let i = 0; i < values.length; i++) write(bytes, values[i]!, 4 + size * i);
      return bytes;
    },
    decoder(bytes: Buffer) {
      const values = new Float32Array(bytes.readUInt16BE());
      for (let i = 0; i < values.length; i++) values[i] = read(bytes, 4 + size * i);
      return values;
    },
  };
}

export const vector: TypeCodec = listCodec(
  4,
  (bytes, value, at) => bytes.writeFloatBE(value, at),
  (bytes, at) => bytes.readFloatBE(at),
);

export const halfvec: TypeCodec = listCodec(
  2,
  (bytes, value, at) => bytes.writeUInt16BE(halfOf(value), at),
  (bytes, at) => numberOf(bytes.readUInt16BE(at)),
);

const float = new DataView(new ArrayBuffer(4));

/** The 16 bits of the nearest half-precision number. */
function halfOf(value: number): number {
  float.setFloat32(0, value);
  const bits = float.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 112;
  if (exponent >= 31) return sign | 0x7c00 | (Number.isNaN(value) ? 1 : 0);
  const isNormal = exponent > 0;
  const shift = isNormal ? 13 : 14 - exponent;
  if (shift > 24) return sign;
  const whole = isNormal ? (exponent << 23) | (bits & 0x7fffff) : (bits & 0x7fffff) | 0x800000;
  const half = whole >>> shift;
  const rest = whole & ((1 << shift) - 1);
  const middle = 1 << (shift - 1);
  return sign | (half + (rest > middle || (rest === middle && (half & 1) === 1) ? 1 : 0));
}

function numberOf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 31;
  const fraction = half & 0x3ff;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

/** The values that are not 0, by their indices from 0 on. */
export interface SparseVector {
  dimensions: number;
  values: ReadonlyMap<number, number>;
}

export const sparsevec: TypeCodec = {
  format: 'binary',
  encoder({ dimensions, values }: SparseVector) {
    const sorted = [...values].sort(([a], [b]) => a - b);
    const bytes = Buffer.alloc(12 + 8 * sorted.length);
    bytes.writeInt32BE(dimensions);
    bytes.writeInt32BE(sorted.length, 4);
    for (const [i, [index, value]] of sorted.entries()) {
      bytes.writeInt32BE(index, 12 + 4 * i);
      bytes.writeFloatBE(value, 12 + 4 * (sorted.length + i));
    }
    return bytes;
  },
  decoder(bytes: Buffer): SparseVector {
    const count = bytes.readInt32BE(4);
    const values = new Map<number, number>();
    for (let i = 0; i < count; i++) {
      values.set(bytes.readInt32BE(12 + 4 * i), bytes.readFloatBE(12 + 4 * (count + i)));
    }
    return { dimensions: bytes.readInt32BE(), values };
  },
};
