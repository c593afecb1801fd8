import { builtinModule } from '../../runtime/builtin-module.ts';

/** Signature algorithms by OID, and the hash that they sign. */
const HASHES: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.1.1.4', 'sha256'], // md5WithRSA: RFC 5929 says SHA-256 in place of MD5
  ['1.2.840.113549.1.1.5', 'sha256'], // sha1WithRSA: likewise
  ['1.2.840.113549.1.1.14', 'sha224'],
  ['1.2.840.113549.1.1.11', 'sha256'],
  ['1.2.840.113549.1.1.12', 'sha384'],
  ['1.2.840.113549.1.1.13', 'sha512'],
  ['1.2.840.10045.4.1', 'sha256'], // ecdsa-with-SHA1
  ['1.2.840.10045.4.3.1', 'sha224'],
  ['1.2.840.10045.4.3.2', 'sha256'],
  ['1.2.840.10045.4.3.3', 'sha384'],
  ['1.2.840.10045.4.3.4', 'sha512'],
]);

const RSA_PSS = '1.2.840.113549.1.1.10';
const PSS_HASHES: ReadonlyMap<string, string> = new Map([
  ['1.3.14.3.2.26', 'sha256'],
  ['2.16.840.1.101.3.4.2.4', 'sha224'],
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
]);

/**
 * The `tls-server-end-point` binding (RFC 5929): the hash of the server's certificate, in DER, by
 * the hash function of its signature. Null where the signature has none (Ed25519) or is unknown:
 * then there is nothing to bind to, and an empty binding would only look like one.
 */
export function serverEndPoint(certificate: Uint8Array): Buffer | null {
  const hash = signatureHash(certificate);
  if (hash === null) return null;
  return builtinModule('node:crypto').createHash(hash).update(certificate).digest();
}

interface Element {
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

/** One DER element at `at`, or null if it does not fit. */
function element(der: Uint8Array, at: number): Element | null {
  const tag = der[at];
  let length = der[at + 1];
  let start = at + 2;
  if (tag === undefined || length === undefined) return null;
  if (length >= 0x80) {
    const size = length & 0x7f;
    if (size < 1 || size > 4 || start + size > der.length) return null;
    length = 0;
    for (let i = 0; i < size; i++) length = length * 256 + der[start + i]!;
    start += size;
  }
  const end = start + length;
  return end > der.length ? null : { tag, start, end };
}

function objectId(der: Uint8Array, { start, end }: Element): string {
  const parts: number[] = [];
  let value = 0;
  for (let i = start; i < end; i++) {
    value = value * 128 + (der[i]! & 0x7f);
    if (der[i]! < 0x80) {
      if (parts.length === 0) {
        // The first two numbers share one place.
        const first = Math.min(2, Math.floor(value / 40));
        parts.push(first, value - 40 * first);
      } else {
        parts.push(value);
      }
      value = 0;
    }
  }
  return parts.join('.');
}

/** The hash of a certificate's signatureAlgorithm: the second element of the certificate. */
function signatureHash(certificate: Uint8Array): string | null {
  const outer = element(certificate, 0);
  const tbs = outer && element(certificate, outer.start);
  const algorithm = tbs && element(certificate, tbs.end);
  const oid = algorithm && element(certificate, algorithm.start);
  if (oid?.tag !== 0x06) return null;
  const id = objectId(certificate, oid);
  if (id !== RSA_PSS) return HASHES.get(id) ?? null;
  return pssHash(certificate, element(certificate, oid.end));
}

/** RSASSA-PSS-params: the hash is in the element tagged [0], SHA-1 if that is left out. */
function pssHash(der: Uint8Array, parameters: Element | null): string | null {
  const tagged = parameters && element(der, parameters.start);
  if (tagged?.tag !== 0xa0) return 'sha256';
  const algorithm = element(der, tagged.start);
  const oid = algorithm && element(der, algorithm.start);
  return oid ? (PSS_HASHES.get(objectId(der, oid)) ?? null) : null;
}
