import crypto from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  InvalidArgumentError,
  UnsupportedClientFeatureError,
} from '../../src/errors/client-errors.ts';
import { md5Password } from '../../src/protocol/md5.ts';
import { saslprep } from '../../src/protocol/saslprep.ts';

describe('SASLprep', () => {
  test.each([
    // RFC 4013, section 3
    ['maps a soft hyphen to nothing', 'I\u00adX', 'IX'],
    ['leaves ASCII alone', 'user', 'user'],
    ['preserves case', 'USER', 'USER'],
    ['normalizes U+00AA', '\u00aa', 'a'],
    ['normalizes U+2168', '\u2168', 'IX'],
    // beyond it
    ['maps other spaces to a space', 'a\u00a0b\u3000c\u1680d', 'a b c d'],
    ['takes U+200B for a space, as the server does', 'a\u200bé', 'a é'],
    ['composes', 'e\u0301', '\u00e9'],
    ['maps variation selectors and the byte order mark to nothing', '\ufeffé\ufe0f', 'é'],
    ['accepts right to left from end to end', '\u0627\u0628\ufefb', '\u0627\u0628\u0644\u0627'],
    ['accepts neutral characters between right-to-left ones', '\u06271\u0628', '\u06271\u0628'],
  ])('%s', (_what, password, prepared) => {
    expect(saslprep(password)).toBe(prepared);
  });

  // Each has a U+2168 that would have become IX.
  test.each([
    ['a control character', '\u2168\u0007'],
    ['a control character outside ASCII', '\u2168\u0085'],
    ['a private character', '\u2168\ue000'],
    ['a private character of a higher plane', '\u2168\u{f0000}'],
    ['a non-character', '\u2168\ufdd0'],
    ['a non-character of a higher plane', '\u2168\u{2fffe}'],
    ['a replacement character', '\u2168\ufffd'],
    ['a description character', '\u2168\u2ff0'],
    ['a deprecated character', '\u2168\u0340'],
    ['a direction mark', '\u2168\u200e'],
    ['a language tag', '\u2168\u{e0041}'],
    ['a character that Unicode 3.2 did not have', '\u2168\u{1f600}'],
    ['the first character that Unicode 3.2 did not have', '\u2168\u0221'],
    ['both directions', '\u0627\u2168\u0627'],
    ['right to left but not at the end', '\u0627\uff11'],
    ['right to left but not at the start', '\uff11\u0627'],
  ])('gives the password as it is when it has %s', (_what, password) => {
    expect(password.normalize('NFKC')).not.toBe(password);
    expect(saslprep(password)).toBe(password);
  });

  test('gives the password as it is when nothing would be left of it', () => {
    expect(saslprep('\u00ad')).toBe('\u00ad');
    expect(saslprep('')).toBe('');
  });

  test('never changes ASCII, control characters included', () => {
    const ascii = fc.string({ unit: 'binary-ascii' }).filter((text) => !text.includes('\0'));
    fc.assert(fc.property(ascii, (text) => saslprep(text) === text));
  });
});

describe('the answer to an MD5 request', () => {
  test('is md5 and the hash of the salt and of the hash of password and user', () => {
    // Computed with another implementation of MD5, Python's.
    const salt = Buffer.from([0x93, 0x80, 0x78, 0xff]);
    expect(md5Password('postgres', 'sécret', salt)).toBe('md5ab2351cb829cc249588fd93b92bd80fa');
  });

  test('is a feature that a process in FIPS mode does not have', () => {
    const cause = new Error('digital envelope routines::unsupported');
    const createHash = vi.spyOn(crypto, 'createHash').mockImplementation(() => {
      throw cause;
    });
    onTestFinished(() => createHash.mockRestore());
    const answer = () => md5Password('postgres', 'secret', Buffer.alloc(4));
    expect(answer).toThrow(UnsupportedClientFeatureError);
    expect(answer).toThrow(/FIPS/);
    expect(answer).toThrow(expect.objectContaining({ cause }));
  });
});

describe.each([
  ['SASLprep', (password: string) => saslprep(password)],
  ['MD5', (password: string) => md5Password('u', password, Buffer.alloc(4))],
] as const)('%s', (_name, use) => {
  test.each([
    ['a NUL character', 'hunter2\0'],
    ['a lone surrogate', 'hunter2\ud800'],
  ])('refuses a password with %s and does not quote it', (_what, password) => {
    let failure: unknown = null;
    try {
      use(password);
    } catch (error) {
      failure = error;
    }
    expect(failure).toBeInstanceOf(InvalidArgumentError);
    expect((failure as Error).message).not.toContain('hunter2');
  });
});
