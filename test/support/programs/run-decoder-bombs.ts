/**
 * Decodes values that announce or become far more than they are. A process of its own, so that
 * a small heap is the proof: `node --max-old-space-size=128` this file. Prints what each became.
 */

import { resolveTypeOptions } from '../../../src/config/types-option.ts';
import { ALL_TYPES } from '../../codecs/described-types.ts';
import { TypeRegistry } from '../type-registry.ts';

const registry = new TypeRegistry(resolveTypeOptions());
registry.define(ALL_TYPES);

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const word = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value | 0);
  return bytes;
};
const sized = (bytes: Buffer): Buffer => Buffer.concat([word(bytes.length), bytes]);
const times = (count: number, bytes: Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, () => bytes));

const array = (element: number, count: number, elements: Buffer): Buffer =>
  Buffer.concat([word(1), word(0), word(element), word(count), word(1), elements]);

/** 10^131071: the greatest power of ten that PostgreSQL has, in ten bytes. */
const HUGE_NUMERIC = hex('0001 7fff 0000 0000 03e8');

let nested = Buffer.concat([word(1), word(23), sized(word(7))]);
for (let i = 0; i < 5_000; i++) nested = Buffer.concat([word(1), word(2249), sized(nested)]);

const MOST = 0x7fffffff;

const BOMBS: Readonly<Record<string, readonly [oid: number, bytes: Buffer]>> = {
  'an array of 2^31 - 1 elements': [1007, array(23, MOST, word(4))],
  'an array of 2^31 - 1 NULLs, two of which come': [1007, array(23, MOST, times(2, word(-1)))],
  'an array of -1 elements': [1007, array(23, -1, word(4))],
  'an array of seven dimensions': [
    1007,
    Buffer.concat([word(7), word(0), word(23), times(7, Buffer.concat([word(1), word(1)]))]),
  ],
  'an array of 2^31 - 1 dimensions': [1007, Buffer.concat([word(MOST), word(0), word(23)])],
  'an array of 2^16 by 2^16 elements': [
    1007,
    Buffer.concat([word(2), word(0), word(23), times(2, Buffer.concat([word(65_536), word(1)]))]),
  ],
  'an array of 2^16 by 2^16 by 0 elements': [
    1007,
    Buffer.concat([
      ...[word(3), word(0), word(23)],
      ...[word(65_536), word(1), word(65_536), word(1), word(0), word(1)],
    ]),
  ],
  'an array whose lower bound is the last': [
    1007,
    Buffer.concat([word(1), word(0), word(23), word(2), word(MOST), times(2, sized(word(1)))]),
  ],
  'an int2vector of 2^31 - 1 elements': [22, array(21, MOST, word(2))],
  'a composite of 32,767 fields': [20_008, word(32_767)],
  'a composite of 2^31 - 1 fields': [20_008, word(MOST)],
  'a record of 2^31 - 1 fields': [2249, word(MOST)],
  'a record in 5,000 records': [2249, nested],
  'a numeric of 65,535 digits': [1700, hex('ffff 0000 0000 0000')],
  'a numeric of the scale 65,535': [1700, hex('0001 0000 0000 ffff 0001')],
  'a numeric of the weight 32,767 without digits': [1700, hex('0000 7fff 0000 0000')],
  'the greatest power of ten': [1700, HUGE_NUMERIC],
  'fifty thousand of the greatest powers of ten': [
    1231,
    array(1700, 50_000, times(50_000, sized(HUGE_NUMERIC))),
  ],
  'a bit string of 2^31 - 1 bits': [1560, word(MOST)],
  'a bit string of -1 bits': [1560, word(-1)],
  'a tsvector of 2^31 - 1 lexemes': [3614, word(MOST)],
  'a tsvector with 65,535 positions that do not come': [
    3614,
    Buffer.concat([word(1), hex('6100 ffff 0001')]),
  ],
  'a tsquery of 2^31 - 1 items': [3615, word(MOST)],
  'a tsquery of 50,000 negations': [
    3615,
    Buffer.concat([word(50_001), times(50_000, hex('0201')), hex('01 00 00 6100')]),
  ],
  'a tsquery of 50,000 operators without operands': [
    3615,
    Buffer.concat([word(50_000), times(50_000, hex('0202'))]),
  ],
  'a tsquery of 50,000 phrases in phrases': [
    3615,
    Buffer.concat([
      word(100_001),
      times(50_000, hex('0204 0002 01 00 00 6100')),
      hex('01 00 00 6100'),
    ]),
  ],
  'a path of 2^31 - 1 points': [602, Buffer.concat([hex('00'), word(MOST)])],
  'a polygon of 2^31 - 1 points': [604, word(MOST)],
  'a range whose bound is longer than it is': [3904, Buffer.concat([hex('02'), word(MOST)])],
  'a multirange of 2^31 - 1 ranges': [4451, word(MOST)],
  'a jsonb of 200,000 arrays in each other': [
    3802,
    Buffer.concat([hex('01'), times(200_000, Buffer.from('[')), times(200_000, Buffer.from(']'))]),
  ],
  'a json of a million arrays that do not end': [114, times(1_000_000, Buffer.from('['))],
  'a snapshot of 2^31 - 1 transactions': [
    5038,
    Buffer.concat([word(MOST), hex('0000000000000001 0000000000000002')]),
  ],
};

const outcomes: Record<string, string> = {};
for (const [name, [oid, bytes]] of Object.entries(BOMBS)) {
  const { type, binary } = registry.codec(oid)!;
  try {
    const value = binary!.decode(bytes, 0, bytes.length);
    outcomes[name] =
      `a value of ${type.name}${Array.isArray(value) ? `, ${value.length} long` : ''}`;
  } catch (error) {
    outcomes[name] = error instanceof Error ? error.name : String(error);
  }
}
process.stdout.write(JSON.stringify(outcomes));
