import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseKeywords } from '../../src/config/dsn-keyword.ts';
import { places, refusal, resolve } from './support.ts';

const parse = (dsn: string) => Object.fromEntries(parseKeywords(dsn, () => true));

describe('a keyword/value string', () => {
  it.each<[dsn: string, values: Record<string, string>]>([
    ['a=1 b=2', { a: '1', b: '2' }],
    ['  a = 1\tb\n=\n2  ', { a: '1', b: '2' }],
    ["a='x y' b=''", { a: 'x y', b: '' }],
    ["a='it\\'s' b='\\\\'", { a: "it's", b: '\\' }],
    ["a='it''s'", { a: "it's" }],
    ["a=''''", { a: "'" }],
    ["a='x'b=2", { a: 'x', b: '2' }],
    ['a=x\\ y', { a: 'x y' }],
    ["a=it's", { a: "it's" }],
    ['a=b=c', { a: 'b=c' }],
    ['a=1 a=2', { a: '2' }],
    ['a=x\\', { a: 'x' }],
    ['a= b=2', { a: 'b=2' }],
    ['a=', { a: '' }],
    // Space to JavaScript, not to libpq.
    ['a=x\u00a0y\ufeff b=\u2028', { a: 'x\u00a0y\ufeff', b: '\u2028' }],
  ])('%j', (dsn, values) => {
    expect(parse(dsn)).toEqual(values);
  });

  it.each([
    ['a keyword without "="', 'host=h password=hunter2 hunter2'],
    ['an unquoted password with a space', 'host=h password=hun ter2=x'],
    ['an open quote', "host=h password='hunter2"],
    ['an escaped closing quote', "host=h password='hunter2\\'"],
    ['no keyword in front of "="', 'host=h =hunter2'],
    ['an unknown keyword', 'host=h hunter2=1'],
  ])('with %s is refused, and nothing of it is told', (_why, dsn) => {
    const error = refusal({ dsn });
    expect(error.message).toMatch(/character \d+/);
    expect(error.message).not.toMatch(/hun|ter2/);
  });

  it('says where a setting of the server goes', () => {
    const { message } = refusal({ dsn: 'host=h statement_timeout=5000' });
    expect(message).toMatch(/unknown keyword at character 8\n.*options='-c name=value'/);
    const { startupParameters } = resolve({ dsn: "host=h options='-c statement_timeout=5000'" });
    expect(startupParameters.get('options')).toBe('-c statement_timeout=5000');
  });

  it('ends where its password ends, whatever that ends with', async () => {
    const config = resolve({ dsn: ' host=h password=secret\u00a0\n' });
    expect(await config.passwordFor(config.hosts[0]!)).toBe('secret\u00a0');
  });

  it('means the same as the URI', () => {
    const config = resolve({ dsn: "host=h1,/tmp,[::1]:3 port=1,2,9 user=u dbname='d b'" });
    expect(places(config)).toEqual(['h1:1', '/tmp/.s.PGSQL.2', '::1:3']);
    expect(config).toMatchObject({ user: 'u', database: 'd b' });
  });

  it('gives back whatever was quoted into it', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z_]+$/), fc.string()), (values) => {
        const quote = (text: string) => `'${text.replace(/[\\']/g, '\\$&')}'`;
        const dsn = Object.entries(values).map(([key, value]) => `${key}=${quote(value)}`);
        expect(parseKeywords(dsn.join(' '), () => true)).toEqual(new Map(Object.entries(values)));
      }),
    );
  });

  it.skipIf(spawnSync('psql', ['--version']).status !== 0)(
    'is read as libpq reads it, or refused where libpq refuses it',
    () => {
      const strings = fc.sample(
        fc.string({ unit: fc.constantFrom('a', 'b', ' ', '=', "'", '\\', '\t'), maxLength: 10 }),
        { numRuns: 40, seed: 1 },
      );
      for (const tail of strings.filter((text) => !text.includes("''"))) {
        // A port out of range makes libpq answer at once and with the value it has read.
        const dsn = `host=x port=70000 dbname=${tail}`;
        const { stderr } = spawnSync('psql', [dsn], {
          encoding: 'utf8',
          env: { PATH: process.env['PATH'], LC_ALL: 'C' },
        });
        let ours = true;
        try {
          parseKeywords(dsn, (key) => ['host', 'port', 'dbname'].includes(key));
        } catch {
          ours = false;
        }
        expect([dsn, ours]).toEqual([dsn, stderr.includes('invalid port number')]);
      }
    },
  );
});
