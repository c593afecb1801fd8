import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cidr, inet, macaddr, macaddr8 } from '../../../src/codecs/types/network.ts';
import { Unencodable } from '../../../src/codecs/unencodable.ts';
import { DecodeError } from '../../../src/errors/client-errors.ts';
import { fromHex, itAgreesWithTheServer, toHex } from '../binary-form.ts';

function same(samples: readonly (readonly [string, string])[]) {
  return samples.map(([text, hex]) => [text, hex, text] as const);
}

describe('inet and cidr', () => {
  itAgreesWithTheServer(
    'inet',
    inet,
    same([
      ['192.168.0.1', '02200004c0a80001'],
      ['192.168.0.1/24', '02180004c0a80001'],
      ['::1', '0380001000000000000000000000000000000001'],
      ['2001:db8::ff00:42:8329/64', '0340001020010db8000000000000ff0000428329'],
      ['::ffff:1.2.3.4', '0380001000000000000000000000ffff01020304'],
      ['1:0:0:2::3', '0380001000010000000000020000000000000003'],
    ]),
  );
  itAgreesWithTheServer(
    'cidr',
    cidr,
    same([
      ['10.0.0.0/8', '020801040a000000'],
      ['192.168.0.1/32', '02200104c0a80001'],
      ['2001:db8::/32', '0320011020010db8000000000000000000000000'],
    ]),
  );

  it('round-trip any address', () => {
    const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 });
    // Runs of zeros are what the text shortens, so they must be frequent.
    const words = fc.array(fc.constantFrom('0000', '0000', '0001', 'ffff', '1a00'), {
      minLength: 8,
      maxLength: 8,
    });
    const hosts = fc.oneof(
      words.map((list) => list.join('')),
      bytes.map((list) => Buffer.from(list).toString('hex')),
    );
    fc.assert(
      fc.property(hosts, fc.integer({ min: 0, max: 128 }), (host, bits) => {
        const hex = `03${bits.toString(16).padStart(2, '0')}0010${host}`;
        expect(toHex(inet, fromHex(inet, hex))).toBe(hex);
      }),
    );
  });

  it('read the common notations for binary COPY', () => {
    expect(toHex(inet, '2001:DB8:0:0:0:0:0:1')).toBe('0380001020010db8000000000000000000000001');
    expect(toHex(inet, '::')).toBe(`03800010${'00'.repeat(16)}`);
    expect(toHex(inet, '1::')).toBe(`038000100001${'00'.repeat(14)}`);
    expect(toHex(inet, '64:ff9b::192.0.2.33/96')).toBe('036000100064ff9b0000000000000000c0000221');
  });

  it('read IPv4 addresses whose last octets are left out', () => {
    expect(toHex(inet, '10/8')).toBe('020800040a000000');
    expect(toHex(inet, '172.16.5/12')).toBe('020c0004ac100500');
    const networks = { '10': 8, '128.1': 16, '192': 24, '192.168.1': 24, '224': 4, '240': 32 };
    for (const [text, bits] of Object.entries(networks)) {
      expect(toHex(cidr, text).slice(0, 4)).toBe(`02${bits.toString(16).padStart(2, '0')}`);
    }
    expect(toHex(cidr, '133.248/32')).toBe('0220010485f80000');
    expect(() => toHex(inet, '10/16')).toThrow('expected an IP address');
  });

  it.each([
    '1.2.3',
    '1.2.3.256',
    '1.2.3.4/33',
    '1.2.3.4/',
    '1.2.3.4/-1',
    '1.2.3.4.5',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '::1/129',
    '::12345',
    '::g',
    '1.2.3.4::',
    '::1.2.3.4:5',
    'fe80::1%eth0',
    'localhost',
    '',
    ':'.repeat(100_000),
  ])('refuse %.40s in binary, where the server could not', (text) => {
    expect(() => toHex(inet, text)).toThrow('expected an IP address');
  });

  it('refuse a network with host bits', () => {
    expect(() => toHex(cidr, '192.168.0.1/24')).toThrow('bits set to the right of its mask');
    expect(() => toHex(cidr, '::1/127')).toThrow('bits set to the right of its mask');
    expect(toHex(inet, '192.168.0.1/24')).toBe('02180004c0a80001');
  });

  it('leave text arguments to the server, which knows more notations', () => {
    expect(cidr.text!.encode('10.1')).toBe('10.1');
    expect(() => cidr.text!.encode(167_837_696)).toThrow(Unencodable);
  });

  it('refuse malformed values from the server', () => {
    const good = '02200004c0a80001';
    for (const hex of ['', '022000', good.slice(0, -2), `${good}00`]) {
      expect(() => fromHex(inet, hex)).toThrow(DecodeError);
    }
    expect(() => fromHex(inet, `04${good.slice(2)}`)).toThrow('its family is 4');
    expect(() => fromHex(inet, '02210004c0a80001')).toThrow('mask is too long');
    expect(() => fromHex(inet, '02200005c0a80001')).toThrow('contradicts');
    expect(() => fromHex(inet, '0320000400000000')).toThrow('contradicts');
  });
});

describe('macaddr and macaddr8', () => {
  itAgreesWithTheServer('macaddr', macaddr, same([['08:00:2b:01:02:03', '08002b010203']]));
  itAgreesWithTheServer(
    'macaddr8',
    macaddr8,
    same([['08:00:2b:01:02:03:04:05', '08002b0102030405']]),
  );

  it.each([
    '08-00-2B-01-02-03',
    '08002b:010203',
    '08002b-010203',
    '0800.2b01.0203',
    '0800-2b01-0203',
    '08002b010203',
    ' 08:00:2b:01:02:03\n',
  ])('read %j', (text) => {
    expect(toHex(macaddr, text)).toBe('08002b010203');
    expect(toHex(macaddr8, text)).toBe('08002bfffe010203');
  });

  it.each(['', '08:00:2b:01:02', '08:00:2b:01:02:03:04', '08:00-2b:01:02:03', '08:00:2b:01:02:0g'])(
    'refuse %j',
    (text) => {
      expect(() => toHex(macaddr, text)).toThrow('expected a MAC address');
      expect(() => toHex(macaddr8, text)).toThrow('expected a MAC address');
    },
  );

  it('read the notations that only one of them has', () => {
    expect(toHex(macaddr, '8:0:2b:1:2:3')).toBe('08002b010203');
    expect(() => toHex(macaddr8, '8:0:2b:1:2:3')).toThrow('expected a MAC address');
    for (const text of ['08002b:0102030405', '08002b01-02030405', '0800:2b01:0203:0405']) {
      expect(toHex(macaddr8, text)).toBe('08002b0102030405');
    }
    for (const text of ['08.00.2b.01.02.03', '0800:2b01:0203']) {
      expect(toHex(macaddr8, text)).toBe('08002bfffe010203');
      expect(() => toHex(macaddr, text)).toThrow('expected a MAC address');
    }
  });

  it('refuse values of another size', () => {
    expect(() => fromHex(macaddr, '08002b01020304')).toThrow(DecodeError);
    expect(() => fromHex(macaddr8, '08002b010203')).toThrow(DecodeError);
  });
});
