const OCTETS = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;

/** The four bytes of an IPv4 address, or null. */
export function parseIpv4(text: string): number[] | null {
  const match = OCTETS.exec(text);
  if (match === null) return null;
  const octets = match.slice(1).map(Number);
  return octets.every((octet) => octet < 256) ? octets : null;
}

/** Colon-separated groups of hex digits, the last perhaps an IPv4 address, as bytes. */
function parseGroups(text: string): number[] | null {
  if (text === '') return [];
  const groups = text.split(':');
  const bytes: number[] = [];
  for (const [index, group] of groups.entries()) {
    if (index === groups.length - 1 && group.includes('.')) {
      const octets = parseIpv4(group);
      if (octets === null) return null;
      bytes.push(...octets);
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(group)) return null;
      const word = Number.parseInt(group, 16);
      bytes.push(word >> 8, word & 0xff);
    }
  }
  return bytes;
}

/** The sixteen bytes of an IPv6 address without a zone, or null. */
export function parseIpv6(text: string): number[] | null {
  // The longest text has 45 characters: nothing longer is worth splitting.
  if (text.length > 45) return null;
  const gap = text.indexOf('::');
  if (gap < 0) {
    const bytes = parseGroups(text);
    return bytes?.length === 16 ? bytes : null;
  }
  const head = parseGroups(text.slice(0, gap));
  const tail = parseGroups(text.slice(gap + 2));
  if (head === null || tail === null || head.length + tail.length > 14) return null;
  if (text.slice(0, gap).includes('.')) return null;
  return [...head, ...new Array<number>(16 - head.length - tail.length).fill(0), ...tail];
}

/** A zone of an IPv6 address, such as `%eth0`. */
const ZONE = /%[0-9a-z\-.:]+$/i;
/** An octet with a leading zero: some read it as octal, so that it names no one address. */
const OCTAL = /(?:^|[.:])0\d+(?:\.|$)/;

/**
 * Which kind of address a host's text is, 4 or 6, and 0 if it is a name. As the resolver sees it:
 * IPv6 with or without a zone, octets without leading zeros.
 */
export function ipVersion(text: string): 0 | 4 | 6 {
  if (!text.includes(':')) return parseIpv4(text) !== null && !OCTAL.test(text) ? 4 : 0;
  const address = text.replace(ZONE, '');
  if (address.includes('.') && OCTAL.test(address.slice(address.lastIndexOf(':')))) return 0;
  return parseIpv6(address) === null ? 0 : 6;
}

/** The first twelve bytes of an IPv4 address that is written as IPv6. */
const MAPPED = '0,0,0,0,0,0,0,0,0,0,255,255';

/** Whether an address never leaves the machine. IPv4 addresses written as IPv6 count too. */
export function isLoopback(address: string): boolean {
  switch (ipVersion(address)) {
    case 4:
      return address.startsWith('127.');
    case 6: {
      const bytes = parseIpv6(address.replace(ZONE, '')) ?? [];
      if (bytes.slice(0, 12).join() === MAPPED) return bytes[12] === 127;
      return bytes.every((byte, index) => byte === (index === 15 ? 1 : 0));
    }
    default:
      return false;
  }
}
