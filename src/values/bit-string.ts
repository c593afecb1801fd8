import { isWithoutMemory, WITHOUT_MEMORY } from '../runtime/without-memory.ts';

/** The bits of each byte, made when some are first read. */
let spelledBytes: readonly string[] | null = null;

function spellBytes(): readonly string[] {
  return Array.from({ length: 256 }, (_, byte) => byte.toString(2).padStart(8, '0'));
}

/** How the bits of a BitString stand for an integer. */
export interface BitStringIntegerOptions {
  /** Which end has the most significant bit: `big`, the default, has it first. */
  bitOrder?: 'big' | 'little' | undefined;
  /** Two's complement; false by default. */
  signed?: boolean | undefined;
}

function reversed(bits: string): string {
  return [...bits].reverse().join('');
}

/**
 * A `bit` or `varbit` value: zeros and ones, of any length, the leftmost first.
 *
 * @example
 * const mask = new BitString('0101');
 * mask.toInt(); // 5
 * await connection.execute('UPDATE device SET flags = flags | $1', mask);
 *
 * PostgreSQL manual: "Bit String Types" (datatype-bit).
 */
export class BitString {
  /** The zeros and ones, e.g. `0101`. */
  readonly bits: string;

  /** Takes zeros and ones; spaces between them are left out. Throws a SyntaxError for others. */
  constructor(bits: string) {
    if (typeof bits !== 'string') {
      throw new TypeError('a BitString is made from a string of zeros and ones');
    }
    const digits = bits.includes(' ') ? bits.replaceAll(' ', '') : bits;
    const wrong = digits.search(/[^01]/);
    if (wrong !== -1) {
      throw new SyntaxError(
        `a BitString has zeros and ones only, not ${JSON.stringify(digits[wrong])}`,
      );
    }
    this.bits = digits;
    Object.freeze(this);
  }

  /** Reads PostgreSQL's text, e.g. `0101`. */
  static fromString(text: string): BitString {
    return new BitString(text);
  }

  /**
   * The first `length` bits of the bytes, the most significant bit of each byte first; by
   * default all of them. Throws a RangeError if there are fewer, and a TypeError if the memory of the
   * bytes has been transferred to somebody else.
   */
  static fromBytes(bytes: Uint8Array, length: number = bytes.length * 8): BitString {
    if (isWithoutMemory(bytes)) {
      throw new TypeError(WITHOUT_MEMORY);
    }
    if (!Number.isInteger(length) || length < 0 || length > bytes.length * 8) {
      throw new RangeError(
        `length must be an integer from 0 to ${bytes.length * 8}, the number of bits given`,
      );
    }
    spelledBytes ??= spellBytes();
    let bits = '';
    const end = Math.ceil(length / 8);
    for (let index = 0; index < end; index += 1) bits += spelledBytes[bytes[index] ?? 0];
    return new BitString(bits.slice(0, length));
  }

  /** The integer in `length` bits. Throws a RangeError if it does not fit. */
  static fromInt(
    value: number | bigint,
    length: number,
    options?: BitStringIntegerOptions,
  ): BitString {
    if (typeof value !== 'bigint' && !Number.isSafeInteger(value)) {
      throw new TypeError('value must be a bigint or a safe integer');
    }
    if (!Number.isInteger(length) || length < 0) {
      throw new RangeError('length must be an integer and not negative');
    }
    const integer = BigInt(value);
    const signed = options?.signed === true;
    const unsigned = BigInt.asUintN(length, integer);
    if (integer !== (signed ? BigInt.asIntN(length, integer) : unsigned)) {
      throw new RangeError(
        `${integer} does not fit into ${length} ${signed ? 'signed' : 'unsigned'} bits`,
      );
    }
    const bits = length === 0 ? '' : unsigned.toString(2).padStart(length, '0');
    return new BitString(options?.bitOrder === 'little' ? reversed(bits) : bits);
  }

  /** The number of bits. */
  get length(): number {
    return this.bits.length;
  }

  /** The bits, most significant first in each byte; the last byte is filled up with zeros. */
  get bytes(): Buffer {
    const bytes = Buffer.alloc(Math.ceil(this.bits.length / 8));
    for (let index = 0; index < bytes.length; index += 1) {
      bytes[index] = Number.parseInt(this.bits.slice(index * 8, index * 8 + 8).padEnd(8, '0'), 2);
    }
    return bytes;
  }

  /** The bit at `index`, from the left and from 0; negative ones count from the right. */
  at(index: number): 0 | 1 | undefined {
    const bit = this.bits.at(index);
    return bit === undefined ? undefined : bit === '1' ? 1 : 0;
  }

  /** The bits from the left. */
  *[Symbol.iterator](): Generator<0 | 1> {
    for (const bit of this.bits) yield bit === '1' ? 1 : 0;
  }

  /** The bits in groups of four, e.g. `0000 0101`; `toString()` gives them without spaces. */
  asString(): string {
    return this.bits.replace(/.{4}(?=.)/g, '$& ');
  }

  /** The bits as an integer: a number, or a bigint beyond ±(2^53 - 1). Without bits, it is 0. */
  toInt(options?: BitStringIntegerOptions): number | bigint {
    const bits = options?.bitOrder === 'little' ? reversed(this.bits) : this.bits;
    const unsigned = bits === '' ? 0n : BigInt(`0b${bits}`);
    const integer = options?.signed === true ? BigInt.asIntN(bits.length, unsigned) : unsigned;
    const number = Number(integer);
    return Number.isSafeInteger(number) ? number : integer;
  }

  /** Whether the other is a BitString of the same length and bits. */
  equals(other: unknown): boolean {
    return other instanceof BitString && this.bits === other.bits;
  }

  /** PostgreSQL's own text: the zeros and ones. */
  toString(): string {
    return this.bits;
  }

  /** The same as `toString()`. */
  toJSON(): string {
    return this.bits;
  }
}
