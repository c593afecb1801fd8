import { expectSize, uint32At } from '../bytes.ts';
import type { CodecForms } from '../codec.ts';
import { TEXT } from '../codec.ts';
import { unreadable, wrongKind } from '../unencodable.ts';

const LSN = /^([0-9a-fA-F]{1,8})\/([0-9a-fA-F]{1,8})$/;
const EXPECTED = 'a log position such as "16/B374D848"';

function halvesOf(value: unknown): [high: number, low: number] {
  if (typeof value !== 'string') throw wrongKind(EXPECTED, value);
  const match = LSN.exec(value);
  if (match === null) throw unreadable(EXPECTED);
  return [Number.parseInt(match[1]!, 16), Number.parseInt(match[2]!, 16)];
}

function print(high: number, low: number): string {
  return `${high.toString(16).toUpperCase()}/${low.toString(16).toUpperCase()}`;
}

/** pg_lsn, a place in the write-ahead log, as PostgreSQL prints it: `16/B374D848`. */
export const pgLsn: CodecForms = {
  text: {
    decode: (text) => text,
    encode: (value) => print(...halvesOf(value)),
  },
  binary: {
    decode(buffer, start, end) {
      expectSize(start, end, 8, 'pg_lsn');
      return print(uint32At(buffer, start), uint32At(buffer, start + 4));
    },
    encode(writer, value) {
      const [high, low] = halvesOf(value);
      writer.uint32(high);
      writer.uint32(low);
    },
  },
  resultFormat: TEXT,
  argumentFormat: TEXT,
  inline: 'text',
};
