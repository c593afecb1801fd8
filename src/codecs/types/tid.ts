import { expectSize, malformed, uint16At, uint32At } from '../bytes.ts';
import type { CodecForms } from '../codec.ts';
import { BINARY } from '../codec.ts';
import { Unencodable, wrongKind } from '../unencodable.ts';

const TID = /^\((\d{1,10}),(\d{1,5})\)$/;

function tidOf(value: unknown): [block: number, offset: number] {
  if (!Array.isArray(value)) throw wrongKind('[block, offset]', value);
  if (value.length !== 2) {
    throw new Unencodable(`expected [block, offset], got an array of ${value.length}`);
  }
  const [block, offset] = value as [unknown, unknown];
  checkPart(block, 0xffff_ffff, 'the block');
  checkPart(offset, 0xffff, 'the offset');
  return [block, offset];
}

function checkPart(value: unknown, limit: number, what: string): asserts value is number {
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw wrongKind(`${what} as an integer`, value);
  }
  if (value < 0 || value > limit) {
    throw new Unencodable(`${what} ${value} is out of range: 0 to ${limit}`);
  }
}

/** tid, a row's place in its table, as `[block, offset]`. */
export const tid: CodecForms = {
  text: {
    decode(text) {
      const match = TID.exec(text);
      const [block, offset] = [Number(match?.[1]), Number(match?.[2])];
      if (match === null || block > 0xffff_ffff || offset > 0xffff) {
        throw malformed('tid', 'it is not (block,offset)');
      }
      return [block, offset];
    },
    encode(value) {
      const [block, offset] = tidOf(value);
      return `(${block},${offset})`;
    },
  },
  binary: {
    decode(buffer, start, end) {
      expectSize(start, end, 6, 'tid');
      return [uint32At(buffer, start), uint16At(buffer, start + 4)];
    },
    encode(writer, value) {
      const [block, offset] = tidOf(value);
      writer.uint32(block);
      writer.uint16(offset);
    },
  },
  resultFormat: BINARY,
  argumentFormat: BINARY,
  inline: null,
};
