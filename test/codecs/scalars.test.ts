import { describe, expect, it } from 'vitest';
import { utf8 } from '../../src/codecs/text-decode.ts';
import { bool } from '../../src/codecs/types/bool.ts';
import { bytea } from '../../src/codecs/types/bytea.ts';
import { singleByteChar, text, textOnly, xml } from '../../src/codecs/types/text.ts';
import { uuid } from '../../src/codecs/types/uuid.ts';
import { DecodeError } from '../../src/errors/client-errors.ts';
import { fromHex, itAgreesWithTheServer, toHex } from './binary-form.ts';

itAgreesWithTheServer('bool', bool, [
  ['t', '01', true],
  ['f', '00', false],
]);
itAgreesWithTheServer('text', text, [
  ['', '', ''],
  ['aü😀', '61c3bcf09f9880', 'aü😀'],
]);
itAgreesWithTheServer('"char"', singleByteChar, [
  ['a', '61', 'a'],
  ['', '00', ''],
  ['\\377', 'ff', '\\377'],
]);
itAgreesWithTheServer('bytea', bytea, [
  ['\\x', '', Buffer.alloc(0)],
  ['\\x00ff5c', '00ff5c', Buffer.of(0, 0xff, 0x5c)],
]);
itAgreesWithTheServer('uuid', uuid, [
  [
    'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
    'a0eebc999c0b4ef8bb6d6bb9bd380a11',
    'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
  ],
]);

describe('bool', () => {
  it('takes true and false only', () => {
    for (const value of [0, 1, 'true', 't', null, undefined]) {
      expect(() => toHex(bool, value)).toThrow('expected a boolean');
      expect(() => bool.text!.encode(value)).toThrow('expected a boolean');
    }
    expect(() => bool.text!.decode('true')).toThrow(DecodeError);
    expect(() => fromHex(bool, '')).toThrow(DecodeError);
  });
});

describe('text', () => {
  it('takes strings only', () => {
    for (const forms of [text, textOnly, xml, singleByteChar]) {
      for (const value of [1, true, null, undefined, new Date(0), ['a'], Buffer.of(1)]) {
        expect(() => forms.text!.encode(value)).toThrow('expected a string');
      }
    }
    expect(() => toHex(text, 1)).toThrow('expected a string');
  });

  it('refuses NUL and lone surrogates', () => {
    expect(() => toHex(text, 'a\0b')).toThrow('NUL');
    expect(() => toHex(text, 'a\ud800')).toThrow('lone surrogate');
  });

  it('refuses invalid UTF-8 instead of replacing it', () => {
    for (const hex of ['ff', 'c3', 'eda080', 'c0af', '61f09f98']) {
      expect(() => fromHex(text, hex)).toThrow(DecodeError);
    }
  });

  it('keeps an honest replacement character and a byte order mark', () => {
    const given = Buffer.from('\ufeffa\ufffdb');
    expect(utf8(given, 0, given.length)).toBe('\ufeffa\ufffdb');
  });
});

describe('xml', () => {
  it('does not send a declared encoding that the server would believe', () => {
    const declared = `<?xml version="1.0" encoding='ISO-8859-1' standalone="no"?><a>ü</a>`;
    const sent = Buffer.from(toHex(xml, declared), 'hex').toString();
    expect(sent).toBe('<?xml version="1.0" standalone="no"?><a>ü</a>');
    expect(xml.text!.encode(declared)).toBe(declared);
  });
});

describe('"char"', () => {
  it('takes one ASCII character, octal digits or nothing', () => {
    expect(toHex(singleByteChar, '\\')).toBe('5c');
    expect(toHex(singleByteChar, '\\101')).toBe('41');
    for (const value of ['ab', 'ü', '\\400', '\0']) {
      expect(() => toHex(singleByteChar, value)).toThrow('one ASCII character');
    }
    expect(() => fromHex(singleByteChar, '6161')).toThrow(DecodeError);
  });
});

describe('bytea', () => {
  it('takes bytes of every kind and nothing else', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    expect(toHex(bytea, bytes)).toBe('010203');
    expect(toHex(bytea, bytes.buffer)).toBe('010203');
    expect(toHex(bytea, bytes.subarray(1))).toBe('0203');
    expect(bytea.text!.encode(bytes.subarray(1))).toBe('\\x0203');
    for (const value of ['\\x00', [1], 1, null, Uint16Array.of(1)]) {
      expect(() => toHex(bytea, value)).toThrow('expected a Buffer');
    }
  });

  it('gives a copy', () => {
    const received = Buffer.of(1, 2, 3);
    const value = bytea.binary!.decode(received, 0, 3);
    received.fill(0xff);
    expect(value).toEqual(Buffer.of(1, 2, 3));
  });

  it('reads the escape format, too', () => {
    expect(bytea.text!.decode('a\\\\b\\000\\377')).toEqual(Buffer.of(0x61, 0x5c, 0x62, 0, 0xff));
    for (const bad of ['\\x0', '\\xzz', '\\9', 'a\\', '\\400']) {
      expect(() => bytea.text!.decode(bad)).toThrow(DecodeError);
    }
  });
});

describe('uuid', () => {
  it('takes the spellings that PostgreSQL takes', () => {
    const hex = 'a0eebc999c0b4ef8bb6d6bb9bd380a11';
    const spellings = [
      hex,
      hex.toUpperCase(),
      'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
      '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}',
      'a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11',
    ];
    for (const spelling of spellings) {
      expect(toHex(uuid, spelling)).toBe(hex);
      expect(uuid.text!.encode(spelling)).toBe(spelling);
    }
  });

  it('refuses everything else', () => {
    const hex = 'a0eebc999c0b4ef8bb6d6bb9bd380a1';
    const bad = ['', hex, `${hex}g`, `g${hex}`, `${hex}11`, `{${hex}1`, `${hex}1}`, `-${hex}1`];
    const worse = [`${hex}1-`, 'a-0eebc999c0b4ef8bb6d6bb9bd380a11', `${hex}ā`, ' '.repeat(32)];
    for (const value of [...bad, ...worse]) {
      expect(() => toHex(uuid, value)).toThrow('expected a UUID');
    }
    for (const value of [1, null, undefined, Buffer.alloc(16)]) {
      expect(() => toHex(uuid, value)).toThrow('expected a string with a UUID');
    }
    expect(() => fromHex(uuid, '00')).toThrow(DecodeError);
    expect(() => uuid.text!.decode(hex)).toThrow(DecodeError);
  });
});
