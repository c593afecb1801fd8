import { parseIpv4, parseIpv6 } from '../../values/ip-address.ts';
import { expectSize, malformed, uint16At } from '../bytes.ts';
import type { CodecForms } from '../codec.ts';
import { TEXT } from '../codec.ts';
import { Unencodable, unreadable, wrongKind } from '../unencodable.ts';
import { checkedString } from './text.ts';

/*
 * Network addresses, as strings exactly as PostgreSQL prints them. As arguments they travel
 * as text, so that whatever the server reads is accepted; the binary forms read the common
 * notations. https://www.postgresql.org/docs/current/datatype-net-types.html
 */

const IPV4 = 2;
const IPV6 = 3;

/** Longer than any notation with room for blanks around it. */
const MAX_MAC = 64;

type AddressType = 'inet' | 'cidr';

interface Address {
  readonly bytes: readonly number[];
  /** The length of the network's part. */
  readonly bits: number;
}

function parseAddress(text: string, type: AddressType): Address | null {
  const slash = text.indexOf('/');
  const host = slash < 0 ? text : text.slice(0, slash);
  const mask =
    slash < 0 ? null : /^\/\d{1,3}$/.test(text.slice(slash)) ? Number(text.slice(slash + 1)) : NaN;
  const address = host.includes(':') ? ipv6Address(host, mask) : ipv4Address(host, mask, type);
  return address !== null && address.bits <= address.bytes.length * 8 ? address : null;
}

function ipv6Address(host: string, mask: number | null): Address | null {
  const bytes = parseIpv6(host);
  return bytes && { bytes, bits: mask ?? 128 };
}

/** The last octets may be left out, as in `10/8`, and of a network its mask too. */
function ipv4Address(host: string, mask: number | null, type: AddressType): Address | null {
  const missing = 4 - host.split('.').length;
  const bytes = missing < 0 ? null : parseIpv4(host + '.0'.repeat(missing));
  if (bytes === null) return null;
  if (mask === null && missing > 0 && type === 'inet') return null;
  const bits = mask ?? classBits(bytes[0]!, 4 - missing);
  return type === 'inet' && Math.floor(bits / 8) > 4 - missing ? null : { bytes, bits };
}

/** How long a network is that is given by its first octets: as long as they are, and as networks were before masks. */
function classBits(first: number, octets: number): number {
  if (first === 224 && octets === 1) return 4;
  const ofClass = first >= 240 ? 32 : first >= 224 ? 8 : first >= 192 ? 24 : first >= 128 ? 16 : 8;
  return Math.max(ofClass, octets * 8);
}

function hasHostBits({ bytes, bits }: Address): boolean {
  return bytes.some((byte, index) => {
    const networkBits = Math.min(8, Math.max(0, bits - index * 8));
    return (byte & (0xff >> networkBits)) !== 0;
  });
}

function addressOf(value: unknown, type: AddressType): Address {
  const expected = `an IP ${type === 'inet' ? 'address' : 'network'} such as "192.168.0.0/24"`;
  if (typeof value !== 'string') throw wrongKind(expected, value);
  const address = parseAddress(value, type);
  if (address === null) throw unreadable(expected);
  if (type === 'cidr' && hasHostBits(address)) {
    throw new Unencodable('the network has bits set to the right of its mask');
  }
  return address;
}

/** The IPv6 text of 16 bytes: the first longest run of two zero groups or more is cut out. */
function printIpv6(buffer: Uint8Array, at: number): string {
  const words: number[] = [];
  for (let i = 0; i < 16; i += 2) words.push(uint16At(buffer, at + i));
  let best = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && words[i + length] === 0) length++;
    if (length > bestLength) {
      best = i;
      bestLength = length;
    }
    i += length;
  }
  // IPv4-compatible and IPv4-mapped addresses end like an IPv4 address.
  const isIpv4Like = best === 0 && (bestLength === 6 || (bestLength === 5 && words[5] === 0xffff));
  const hex = (from: number, to: number): string =>
    words
      .slice(from, to)
      .map((word) => word.toString(16))
      .join(':');
  if (isIpv4Like) {
    const mapped = bestLength === 5 ? 'ffff:' : '';
    return `::${mapped}${printIpv4(buffer, at + 12)}`;
  }
  if (best < 0) return hex(0, 8);
  return `${hex(0, best)}::${hex(best + bestLength, 8)}`;
}

function printIpv4(buffer: Uint8Array, at: number): string {
  return `${buffer[at]}.${buffer[at + 1]}.${buffer[at + 2]}.${buffer[at + 3]}`;
}

function addressForms(type: AddressType): CodecForms {
  return {
    text: { decode: (text) => text, encode: checkedString },
    binary: {
      decode(buffer, start, end) {
        if (end - start < 4) throw malformed(type, 'it ends too early');
        const family = buffer[start]!;
        const bits = buffer[start + 1]!;
        const size = family === IPV4 ? 4 : 16;
        if (family !== IPV4 && family !== IPV6) throw malformed(type, `its family is ${family}`);
        if (buffer[start + 3] !== size) throw malformed(type, 'its length contradicts its family');
        expectSize(start, end, 4 + size, type);
        if (bits > size * 8) throw malformed(type, 'its mask is too long');
        const print = family === IPV4 ? printIpv4 : printIpv6;
        const host = print(buffer, start + 4);
        return type === 'inet' && bits === size * 8 ? host : `${host}/${bits}`;
      },
      encode(writer, value) {
        const { bytes, bits } = addressOf(value, type);
        writer.uint8(bytes.length === 4 ? IPV4 : IPV6);
        writer.uint8(bits);
        writer.uint8(type === 'cidr' ? 1 : 0);
        writer.uint8(bytes.length);
        for (const byte of bytes) writer.uint8(byte);
      },
    },
    resultFormat: TEXT,
    argumentFormat: TEXT,
    inline: 'text',
  };
}

/** An IP address, with its network's length where that is not all of it. */
export const inet = addressForms('inet');
/** An IP network. */
export const cidr = addressForms('cidr');

/** Bytes of one digit or two with a colon or hyphen between them, or the digits in two or three groups, or in one. */
const MAC =
  /^(?:[0-9a-f]{1,2}([:-])(?:[0-9a-f]{1,2}\1){4}[0-9a-f]{1,2}|[0-9a-f]{6}[:-]?[0-9a-f]{6}|[0-9a-f]{4}([.-])[0-9a-f]{4}\2[0-9a-f]{4})$/i;
/** Two digits for each byte, and one kind of separator wherever it may stand. */
const MAC8 = /^(?!.*:.*[.-]|.*-.*[:.]|.*\..*[:-])(?:[0-9a-f]{2}[:.-]?){5,7}[0-9a-f]{2}$/i;

function macOf(value: unknown, type: 'macaddr' | 'macaddr8'): Buffer {
  const size = type === 'macaddr' ? 6 : 8;
  const example = type === 'macaddr' ? '08:00:2b:01:02:03' : '08:00:2b:01:02:03:04:05';
  const expected = `a MAC address such as "${example}"`;
  if (typeof value !== 'string') throw wrongKind(expected, value);
  const text = value.length > MAX_MAC ? '' : value.trim();
  if (!(size === 6 ? MAC : MAC8).test(text)) throw unreadable(expected);
  const parts = text.split(/[:.-]/);
  const digits = parts.map((part) => (part.length === 1 ? `0${part}` : part)).join('');
  const bytes = Buffer.from(digits, 'hex');
  if (bytes.length === size) return bytes;
  // A 48-bit address stands for the 64-bit one with ff:fe in its middle.
  if (size === 8 && bytes.length === 6) {
    return Buffer.concat([bytes.subarray(0, 3), Buffer.of(0xff, 0xfe), bytes.subarray(3)]);
  }
  throw unreadable(expected);
}

function macForms(type: 'macaddr' | 'macaddr8'): CodecForms {
  const size = type === 'macaddr' ? 6 : 8;
  return {
    text: { decode: (text) => text, encode: checkedString },
    binary: {
      decode(buffer, start, end) {
        expectSize(start, end, size, type);
        let text = '';
        for (let at = start; at < end; at++) {
          const digits = buffer[at]!.toString(16).padStart(2, '0');
          text += at === start ? digits : `:${digits}`;
        }
        return text;
      },
      encode: (writer, value) => writer.bytes(macOf(value, type)),
    },
    resultFormat: TEXT,
    argumentFormat: TEXT,
    inline: 'text',
  };
}

export const macaddr = macForms('macaddr');
export const macaddr8 = macForms('macaddr8');
