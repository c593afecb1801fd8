import { type ElementParser, parseArray, parseIntegers } from './array-parser.ts';
import { parseDate } from './date-parser.ts';
import { parseInterval } from './postgres-interval.ts';

/** Makes a value of what the server has sent in text format. */
export type TextParser = (text: string) => unknown;

/** The parser of a type that has none: the text is the value. */
export function noParse(value: unknown): string {
  return String(value);
}

function parseBool(text: string | null): boolean | null {
  if (text === null) return null;
  switch (text) {
    case 't':
    case 'true':
    case 'TRUE':
    case 'y':
    case 'yes':
    case 'on':
    case '1':
      return true;
    default:
      return false;
  }
}

function parseInteger(text: string): number {
  return Number.parseInt(text, 10);
}

/** A number of 64 bits stays text. */
export function parseBigInteger(text: unknown): unknown {
  if (typeof text === 'string') return text;
  const digits = String(text);
  return /^\d+$/.test(digits) ? digits : text;
}

function parseJson(text: string): unknown {
  return JSON.parse(text);
}

/** A point, `(x,y)`. */
interface Point {
  x: number;
  y: number;
}

function parsePoint(text: string): Point | null {
  if (text[0] !== '(') return null;
  const [x = '', y = ''] = text.slice(1, -1).split(',');
  return { x: Number.parseFloat(x), y: Number.parseFloat(y) };
}

/** A circle, `<(x,y),radius>`. */
interface Circle extends Point {
  radius: number;
}

function parseCircle(text: string): Circle | null {
  if (text[0] !== '<' && text[1] !== '(') return null;
  const end = text.indexOf(')', 2);
  const [x = '', y = ''] = text.slice(2, end).split(',');
  return {
    x: Number.parseFloat(x),
    y: Number.parseFloat(y),
    radius: Number.parseFloat(text.slice(end + 1, -1).replaceAll(',', '')),
  };
}

const BACKSLASH = 0x5c;

/** Bytes in either of the styles of `bytea_output`. */
function parseBytea(text: string): Buffer {
  if (text.startsWith('\\x')) return Buffer.from(text.slice(2), 'hex');
  const bytes = Buffer.alloc(text.length);
  let written = 0;
  for (let i = 0; i < text.length; ) {
    const code = text.charCodeAt(i);
    if (code !== BACKSLASH) {
      bytes[written++] = code;
      i += 1;
    } else if (/^[0-7]{3}/.test(text.slice(i + 1, i + 4))) {
      bytes[written++] = Number.parseInt(text.slice(i + 1, i + 4), 8);
      i += 4;
    } else {
      bytes[written++] = BACKSLASH;
      i += 2;
    }
  }
  return bytes.subarray(0, written);
}

function arrayOf(parse: ElementParser | null): TextParser {
  return (text) => (text ? parseArray(text, parse) : null);
}

const parseBoolArray = arrayOf(parseBool);
const parseIntegerArray: TextParser = (text) => (text ? parseIntegers(text) : null);
const parseBigIntegerArray = arrayOf((text) => text.trim());
const parseFloatArray = arrayOf((text) => Number.parseFloat(text));
const parseStringArray = arrayOf(null);
const parseDateArray = arrayOf(parseDate);
const parseIntervalArray = arrayOf(parseInterval);
const parseByteaArray = arrayOf(parseBytea);
const parseJsonArray = arrayOf(parseJson);
const parsePointArray = arrayOf(parsePoint);

/** The parsers of the types that have one, by OID. */
export const TEXT_PARSERS: ReadonlyMap<number, TextParser> = new Map<number, TextParser>([
  [16, parseBool],
  [17, parseBytea],
  [20, parseBigInteger],
  [21, parseInteger],
  [23, parseInteger],
  [26, parseInteger],
  [114, parseJson],
  [199, parseJsonArray],
  [600, parsePoint],
  [651, parseStringArray], // cidr[]
  // The global function itself, as programs that ask for the parser of float8 get it from pg.
  [700, Number.parseFloat],
  [701, Number.parseFloat],
  [718, parseCircle],
  [791, parseStringArray], // money[]
  [1000, parseBoolArray],
  [1001, parseByteaArray],
  [1005, parseIntegerArray],
  [1007, parseIntegerArray],
  [1008, parseStringArray], // regproc[]
  [1009, parseStringArray], // text[]
  [1014, parseStringArray], // char(n)[]
  [1015, parseStringArray], // varchar[]
  [1016, parseBigIntegerArray],
  [1017, parsePointArray],
  [1021, parseFloatArray],
  [1022, parseFloatArray],
  [1028, parseIntegerArray], // oid[]
  [1040, parseStringArray], // macaddr[]
  [1041, parseStringArray], // inet[]
  [1082, parseDate],
  [1114, parseDate],
  [1115, parseDateArray],
  [1182, parseDateArray],
  [1183, parseStringArray], // time[]
  [1184, parseDate],
  [1185, parseDateArray],
  [1186, parseInterval],
  [1187, parseIntervalArray],
  // Loses digits, unlike numeric: that is what pg does.
  [1231, parseFloatArray],
  [1270, parseStringArray], // timetz[]
  [2951, parseStringArray], // uuid[]
  [3802, parseJson],
  [3807, parseJsonArray],
  [3907, parseStringArray], // numrange[]
]);
