/** Makes a value of what the server has sent in binary format. */
export type BinaryParser = (bytes: Buffer) => unknown;

/** 2000-01-01 in milliseconds since 1970. */
const POSTGRES_EPOCH = 946_684_800_000;

const INFINITE = 0x7fff_ffff_ffff_ffffn;
const MINUS_INFINITE = -0x8000_0000_0000_0000n;

const parseBool: BinaryParser = (bytes) => (bytes === null ? null : bytes[0] !== 0);
const parseInt2: BinaryParser = (bytes) => bytes.readInt16BE(0);
const parseInt4: BinaryParser = (bytes) => bytes.readInt32BE(0);
const parseInt8: BinaryParser = (bytes) => bytes.readBigInt64BE(0).toString();
const parseFloat4: BinaryParser = (bytes) => bytes.readFloatBE(0);
const parseFloat8: BinaryParser = (bytes) => bytes.readDoubleBE(0);
const parseText: BinaryParser = (bytes) => bytes.toString('utf8');

/** As the number that is nearest, like the parser of `float8`. */
const parseNumeric: BinaryParser = (bytes) => {
  const sign = bytes.readUInt16BE(4);
  if (sign === 0xc000) return NaN;
  if (sign === 0xd000) return Infinity;
  if (sign === 0xf000) return -Infinity;
  const count = bytes.readUInt16BE(0);
  if (count === 0) return 0;
  let digits = '';
  for (let i = 0; i < count; i++) {
    digits += String(bytes.readUInt16BE(8 + 2 * i)).padStart(4, '0');
  }
  const exponent = (bytes.readInt16BE(2) - count + 1) * 4;
  const value = Number(`${digits}e${exponent}`);
  return sign === 0 ? value : -value;
};

/** A Date that also knows its microseconds, which node-postgres tells in binary mode alone. */
interface BinaryDate extends Date {
  usec?: number;
  getMicroSeconds?: () => number | undefined;
  setMicroSeconds?: (value: number) => void;
  getUTCMicroSeconds?: () => number | undefined;
}

function dateParser(isUtc: boolean): BinaryParser {
  return (bytes) => {
    const microseconds = bytes.readBigInt64BE(0);
    if (microseconds === INFINITE) return Infinity;
    if (microseconds === MINUS_INFINITE) return -Infinity;
    const rest = Number(((microseconds % 1000n) + 1000n) % 1000n);
    const utc: BinaryDate = new Date(Number(microseconds - BigInt(rest)) / 1000 + POSTGRES_EPOCH);
    const date = isUtc ? utc : sameInLocalTime(utc);
    date.usec = rest;
    date.getMicroSeconds = getMicroSeconds;
    date.setMicroSeconds = setMicroSeconds;
    date.getUTCMicroSeconds = getMicroSeconds;
    return date;
  };
}

function getMicroSeconds(this: BinaryDate): number | undefined {
  return this.usec;
}

function setMicroSeconds(this: BinaryDate, value: number): void {
  this.usec = value;
}

/** The moment at which the clocks here show what those at Greenwich show at the given one. */
function sameInLocalTime(utc: Date): BinaryDate {
  const date = new Date(0, 0);
  date.setFullYear(utc.getUTCFullYear(), utc.getUTCMonth(), utc.getUTCDate());
  date.setHours(
    utc.getUTCHours(),
    utc.getUTCMinutes(),
    utc.getUTCSeconds(),
    utc.getUTCMilliseconds(),
  );
  return date;
}

/** Of those element types that arrays of the built-in types below have. Int8 is a number in them. */
const ELEMENTS: ReadonlyMap<number, BinaryParser> = new Map<number, BinaryParser>([
  [16, parseBool],
  [20, (bytes) => Number(bytes.readBigInt64BE(0))],
  [23, parseInt4],
  [24, (bytes) => bytes.readUInt32BE(0)],
  [25, parseText],
]);

const parseArray: BinaryParser = (bytes) => {
  const dimensions = bytes.readInt32BE(0);
  const parse = ELEMENTS.get(bytes.readUInt32BE(8)) ?? parseText;
  let offset = 12 + 8 * dimensions;
  const read = (dimension: number): unknown[] => {
    const entries: unknown[] = [];
    if (dimension === dimensions) return entries;
    const count = bytes.readInt32BE(12 + 8 * dimension);
    for (let i = 0; i < count; i++) {
      if (dimension + 1 < dimensions) {
        entries.push(read(dimension + 1));
        continue;
      }
      const length = bytes.readInt32BE(offset);
      offset += 4;
      if (length < 0) {
        entries.push(null);
        continue;
      }
      entries.push(parse(bytes.subarray(offset, offset + length)));
      offset += length;
    }
    return entries;
  };
  return read(0);
};

/** The parsers for binary format, by OID: the types that node-postgres has one for, and no others. */
export const BINARY_PARSERS: ReadonlyMap<number, BinaryParser> = new Map<number, BinaryParser>([
  [16, parseBool],
  [20, parseInt8],
  [21, parseInt2],
  [23, parseInt4],
  [25, parseText],
  [26, parseInt4],
  [700, parseFloat4],
  [701, parseFloat8],
  [1000, parseArray],
  [1007, parseArray],
  [1008, parseArray],
  [1009, parseArray],
  [1016, parseArray],
  [1114, dateParser(false)],
  [1184, dateParser(true)],
  [1700, parseNumeric],
]);
