// The extension cube: a point as its coordinates, a box as its two corners, by the binary form.
import type { TypeCodec } from 'asyncpg';

export type Cube = readonly number[] | { from: readonly number[]; to: readonly number[] };

const IS_POINT = 0x80000000;

export const cube: TypeCodec = {
  format: 'binary',
  encoder(value: Cube) {
    const [from, to] = 'from' in value ? [value.from, value.to] : [value, []];
    if ('from' in value && from.length !== to.length) throw new TypeError('two corners of one box');
    const bytes = Buffer.alloc(4 + 8 * (from.length + to.length));
    bytes.writeUInt32BE(from.length + ('from' in value ? 0 : IS_POINT));
    for (const [i, each] of [...from, ...to].entries()) bytes.writeDoubleBE(each, 4 + 8 * i);
    return bytes;
  },
  decoder(bytes: Buffer): Cube {
    const head = bytes.readUInt32BE();
    const dimensions = head & ~IS_POINT;
    const numbers = (start: number) =>
      Array.from({ length: dimensions }, (_, i) => bytes.readDoubleBE(4 + 8 * (start + i)));
    return head >= IS_POINT ? numbers(0) : { from: numbers(0), to: numbers(dimensions) };
  },
};
