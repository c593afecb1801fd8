import { LEFT_TO_RIGHT, RIGHT_TO_LEFT, UNASSIGNED } from './generated/stringprep.ts';
import { checkPassword } from './password.ts';

/** RFC 3454, C.1.2: spaces other than U+0020. */
const NON_ASCII_SPACE = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu;

/** RFC 3454, B.1: commonly mapped to nothing. */
const MAPPED_TO_NOTHING =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: a table of code points, not a text
  /[\u00ad\u034f\u1806\u180b-\u180d\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff]/gu;

/** RFC 4013, section 2.3: tables C.2.1 to C.9 of RFC 3454, as first and last code points. */
const PROHIBITED: readonly number[] = [
  ...[0x0000, 0x001f], // C.2.1, ASCII control characters
  ...[0x007f, 0x009f], // C.2.1 and C.2.2, non-ASCII control characters
  ...[0x0340, 0x0341], // C.8, change display properties or deprecated
  ...[0x06dd, 0x06dd], // C.2.2
  ...[0x070f, 0x070f], // C.2.2
  ...[0x180e, 0x180e], // C.2.2
  ...[0x200c, 0x200f], // C.2.2 and C.8
  ...[0x2028, 0x202e], // C.2.2 and C.8
  ...[0x2060, 0x2063], // C.2.2
  ...[0x206a, 0x206f], // C.2.2 and C.8
  ...[0x2ff0, 0x2ffb], // C.7, inappropriate for canonical representation
  ...[0xd800, 0xf8ff], // C.5, surrogates; C.3, private use
  ...[0xfdd0, 0xfdef], // C.4, non-characters
  ...[0xfeff, 0xfeff], // C.2.2
  ...[0xfff9, 0xffff], // C.2.2; C.6, inappropriate for plain text; C.4
  ...[0x1d173, 0x1d17a], // C.2.2
  ...[0x1fffe, 0x1ffff], // C.4, and so on for each plane
  ...[0x2fffe, 0x2ffff],
  ...[0x3fffe, 0x3ffff],
  ...[0x4fffe, 0x4ffff],
  ...[0x5fffe, 0x5ffff],
  ...[0x6fffe, 0x6ffff],
  ...[0x7fffe, 0x7ffff],
  ...[0x8fffe, 0x8ffff],
  ...[0x9fffe, 0x9ffff],
  ...[0xafffe, 0xaffff],
  ...[0xbfffe, 0xbffff],
  ...[0xcfffe, 0xcffff],
  ...[0xdfffe, 0xdffff],
  ...[0xe0001, 0xe0001], // C.9, tagging characters
  ...[0xe0020, 0xe007f], // C.9
  ...[0xefffe, 0x10ffff], // C.4 and C.3
];

/** The tables that only a password outside ASCII needs, unpacked for the first of them. */
interface Tables {
  readonly unassigned: readonly number[];
  readonly rightToLeft: readonly number[];
  readonly leftToRight: readonly number[];
}

let tables: Tables | null = null;

function unpackedTables(): Tables {
  tables ??= {
    unassigned: unpacked(UNASSIGNED),
    rightToLeft: unpacked(RIGHT_TO_LEFT),
    leftToRight: unpacked(LEFT_TO_RIGHT),
  };
  return tables;
}

function unpacked(packed: string): number[] {
  let bound = 0;
  return packed.split(' ').map((distance) => {
    bound += Number.parseInt(distance, 36);
    return bound;
  });
}

/** Whether the sorted ranges `first, last, first, last …` hold a code point. */
function holds(ranges: readonly number[], code: number): boolean {
  // The bounds that are below the code point: an odd count is between a first and its last.
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const bound = ranges[middle] ?? 0;
    if (bound === code) return true;
    if (bound < code) low = middle + 1;
    else high = middle;
  }
  return low % 2 === 1;
}

/**
 * The form of a password that SCRAM hashes: SASLprep (RFC 4013), and the password as it is
 * where SASLprep refuses it. Both as the server does, so that each password which it accepts
 * in SQL can also be logged in with:
 *
 * - ASCII is never changed or refused.
 * - Prohibited, unassigned (in Unicode 3.2) and bidirectional characters are looked for before
 *   the normalization, not after it.
 *
 * PostgreSQL manual, section 54.3.1 "SCRAM-SHA-256 Authentication".
 *
 * @throws InvalidArgumentError when the password has a NUL character or a lone surrogate.
 */
export function saslprep(password: string): string {
  checkPassword(password);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant
  if (/^[\x00-\x7f]*$/.test(password)) return password;
  const mapped = password.replace(NON_ASCII_SPACE, ' ').replace(MAPPED_TO_NOTHING, '');
  if (mapped === '' || isProhibited(mapped)) return password;
  return mapped.normalize('NFKC');
}

function isProhibited(text: string): boolean {
  const { unassigned, rightToLeft, leftToRight } = unpackedTables();
  const codes = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  if (codes.some((code) => holds(PROHIBITED, code) || holds(unassigned, code))) return true;
  if (!codes.some((code) => holds(rightToLeft, code))) return false;
  // RFC 3454, section 6: right-to-left from the first to the last, and nothing the other way.
  return (
    codes.some((code) => holds(leftToRight, code)) ||
    !holds(rightToLeft, codes[0] ?? 0) ||
    !holds(rightToLeft, codes.at(-1) ?? 0)
  );
}
