import { describe, expect, it } from 'vitest';
import { pgLsn } from '../../src/codecs/types/pg-lsn.ts';
import { snapshot } from '../../src/codecs/types/snapshot.ts';
import { tid } from '../../src/codecs/types/tid.ts';
import { voidForms } from '../../src/codecs/types/void.ts';
import { Unencodable } from '../../src/codecs/unencodable.ts';
import { DecodeError } from '../../src/errors/client-errors.ts';
import { fromHex, itAgreesWithTheServer, toHex } from './binary-form.ts';

describe('tid', () => {
  itAgreesWithTheServer('tid', tid, [
    ['(0,1)', '000000000001', [0, 1]],
    ['(4294967295,65535)', 'ffffffffffff', [4_294_967_295, 65_535]],
  ]);

  it.each([
    [[0], 'got an array'],
    [[0, 1, 2], 'got an array'],
    ['(0,1)', 'got a string'],
    [[-1, 0], 'the block -1 is out of range'],
    [[2 ** 32, 0], 'out of range'],
    [[0, 65_536], 'the offset 65536 is out of range'],
    [[0.5, 0], 'got the number 0.5'],
    [[0, 1n], 'got the bigint 1n'],
  ])('refuses %s', (value, reason) => {
    expect(() => toHex(tid, value)).toThrow(Unencodable);
    expect(() => toHex(tid, value)).toThrow(reason);
  });

  it('refuses malformed values from the server', () => {
    expect(() => fromHex(tid, '0000000000')).toThrow(DecodeError);
    for (const text of ['0,1', '(0,65536)', '(4294967296,0)', '(-1,0)', '']) {
      expect(() => tid.text!.decode(text)).toThrow(DecodeError);
    }
  });
});

describe('pg_snapshot', () => {
  itAgreesWithTheServer('pg_snapshot', snapshot, [
    ['10:20:', '00000000000000000000000a0000000000000014', [10n, 20n, []]],
    [
      '10:20:11,15',
      '00000002000000000000000a0000000000000014000000000000000b000000000000000f',
      [10n, 20n, [11n, 15n]],
    ],
  ]);

  it('takes safe integers, too', () => {
    expect(snapshot.text!.encode([10, 20n, [11]])).toBe('10:20:11');
  });

  it.each([
    [[1n, 2n]],
    [[1n, 2n, 3n]],
    ['1:2:'],
    [[1.5, 2n, []]],
    [[1n, 2n ** 63n, []]],
    [[-1n, 2n, []]],
  ])('refuses %s', (value) => {
    expect(() => toHex(snapshot, value)).toThrow(Unencodable);
  });

  it('refuses malformed values from the server', () => {
    const empty = '00000000000000000000000a0000000000000014';
    for (const hex of ['', empty.slice(2), `${empty}00`, `00000001${empty.slice(8)}`]) {
      expect(() => fromHex(snapshot, hex)).toThrow(DecodeError);
    }
    expect(() => fromHex(snapshot, `7fffffff${empty.slice(8)}`)).toThrow(DecodeError);
    expect(() => fromHex(snapshot, `00000000${'ff'.repeat(16)}`)).toThrow(DecodeError);
    for (const text of ['', '1:2', '1:2:3,', '1:9223372036854775808:', 'a:b:']) {
      expect(() => snapshot.text!.decode(text)).toThrow(DecodeError);
    }
  });
});

describe('pg_lsn', () => {
  itAgreesWithTheServer('pg_lsn', pgLsn, [
    ['16/B374D848', '00000016b374d848', '16/B374D848'],
    ['0/0', '0000000000000000', '0/0'],
    ['FFFFFFFF/FFFFFFFF', 'ffffffffffffffff', 'FFFFFFFF/FFFFFFFF'],
  ]);

  it.each(['', '16', '16/', '/16', '123456789/0', '0/g', ' 0/0', 22n, undefined])(
    'refuses %s',
    (value) => {
      expect(() => toHex(pgLsn, value)).toThrow(Unencodable);
      expect(() => pgLsn.text!.encode(value)).toThrow('expected a log position');
    },
  );
});

describe('void', () => {
  it('is null in either format', () => {
    expect(fromHex(voidForms, '')).toBeNull();
    expect(voidForms.text!.decode('')).toBeNull();
    expect(toHex(voidForms, null)).toBe('');
  });
});
