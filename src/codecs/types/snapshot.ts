import { int32At, int64At, malformed } from '../bytes.ts';
import type { CodecForms } from '../codec.ts';
import { BINARY } from '../codec.ts';
import { Unencodable, wrongKind } from '../unencodable.ts';

/** pg_snapshot as `[xmin, xmax, [xip]]`: transaction ids with epoch, as bigints. */
type Snapshot = [xmin: bigint, xmax: bigint, xip: bigint[]];

const SNAPSHOT = /^(\d{1,19}):(\d{1,19}):(?:\d{1,19}(?:,\d{1,19})*)?$/;
const MAX_XID = 0x7fff_ffff_ffff_ffffn;
const HEADER = 20;
const EXPECTED = 'a snapshot [xmin, xmax, [xip]]';

function snapshotOf(value: unknown): Snapshot {
  if (!Array.isArray(value)) throw wrongKind(EXPECTED, value);
  if (value.length !== 3) {
    throw new Unencodable(`expected ${EXPECTED}, got an array of ${value.length}`);
  }
  const [xmin, xmax, xip] = value as [unknown, unknown, unknown];
  if (!Array.isArray(xip)) throw wrongKind('the transaction ids as an array', xip);
  return [xidOf(xmin), xidOf(xmax), Array.from(xip, xidOf)];
}

function xidOf(value: unknown): bigint {
  const isWhole = typeof value === 'bigint' || Number.isSafeInteger(value);
  if (!isWhole) throw wrongKind('a transaction id as a bigint', value);
  const xid = BigInt(value as bigint | number);
  if (xid < 0n || xid > MAX_XID) throw new Unencodable('the transaction id is out of range');
  return xid;
}

function checked(xid: bigint): bigint {
  if (xid < 0n || xid > MAX_XID) throw malformed('pg_snapshot', 'a transaction id is out of range');
  return xid;
}

/** pg_snapshot and txid_snapshot. */
export const snapshot: CodecForms = {
  text: {
    decode(text) {
      const match = SNAPSHOT.exec(text);
      if (match === null) throw malformed('pg_snapshot', 'it is not xmin:xmax:xip');
      const list = text.slice(text.lastIndexOf(':') + 1);
      const xip = list === '' ? [] : list.split(',').map((xid) => checked(BigInt(xid)));
      return [checked(BigInt(match[1]!)), checked(BigInt(match[2]!)), xip];
    },
    encode(value) {
      const [xmin, xmax, xip] = snapshotOf(value);
      return `${xmin}:${xmax}:${xip.join(',')}`;
    },
  },
  binary: {
    decode(buffer, start, end) {
      const size = end - start;
      if (size < HEADER) throw malformed('pg_snapshot', 'it ends too early');
      const count = int32At(buffer, start);
      if (count < 0 || size !== HEADER + count * 8) {
        throw malformed('pg_snapshot', `${size} bytes for ${count} transaction ids`);
      }
      const xip: bigint[] = [];
      for (let at = start + HEADER; at < end; at += 8) xip.push(checked(int64At(buffer, at)));
      return [checked(int64At(buffer, start + 4)), checked(int64At(buffer, start + 12)), xip];
    },
    encode(writer, value) {
      const [xmin, xmax, xip] = snapshotOf(value);
      writer.int32(xip.length);
      writer.int64(xmin);
      writer.int64(xmax);
      for (const xid of xip) writer.int64(xid);
    },
  },
  resultFormat: BINARY,
  argumentFormat: BINARY,
  inline: null,
};
