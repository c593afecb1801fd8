import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseService } from '../../src/config/service-file.ts';
import { places, refusal, resolve } from './support.ts';

describe('a service file', () => {
  const parse = (text: string) => {
    const values = parseService(text, 'a', 'f', () => true);
    return values && Object.fromEntries(values);
  };

  it.each<[text: string, values: Record<string, string> | null]>([
    ['[a]\nhost=h\nport=1', { host: 'h', port: '1' }],
    ['# c\r\n\r\n  [a]\r\n  host=h  \r\n# x\r\n', { host: 'h' }],
    ['[b]\nhost=no\n[a]\nhost=h\n[c]\nhost=no', { host: 'h' }],
    ['[a]\nhost=h\n[b]\n[a]\nport=1', { host: 'h' }],
    ['[a]\nhost=first\nhost=second', { host: 'first' }],
    ['[a]\npassword=x=y # z', { password: 'x=y # z' }],
    ['[a]\npassword= x', { password: ' x' }],
    ['[a]\npassword=x\u00a0', { password: 'x\u00a0' }],
    ['[a]\nhost = h', { host: 'h' }],
    ['[a]', {}],
    ['[ab]\nhost=h', null],
    ['nonsense\n[b]', null],
    ['', null],
  ])('%j', (text, values) => {
    expect(parse(text)).toEqual(values);
  });
});

describe('a service', () => {
  let home: string;
  let file: string;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'service-'));
    file = join(home, '.pg_service.conf');
    const lines = [
      '[a]',
      'host=h',
      'port=7',
      'dbname=d',
      'user=u',
      'password=p',
      'sslmode=disable',
    ];
    writeFileSync(file, lines.join('\n'));
  });

  afterEach(() => {
    rmSync(home, { recursive: true });
  });

  it.each([
    ['the option without a DSN', { options: { service: 'a' } }],
    ['the DSN', { dsn: 'postgres://?service=a' }],
    ['a keyword DSN', { dsn: 'service=a' }],
    ['PGSERVICE', { env: { PGSERVICE: 'a' } }],
  ])('is found by %s', async (_by, given) => {
    const config = resolve({ ...given, home });
    expect(places(config)).toEqual(['h:7']);
    expect(config).toMatchObject({ user: 'u', database: 'd', ssl: { mode: 'disable' } });
    const [host] = config.hosts;
    expect(host && (await config.passwordFor(host))).toBe('p');
  });

  it('is found in the file that servicefile or PGSERVICEFILE names', () => {
    expect(resolve({ options: { service: 'a', servicefile: file } }).user).toBe('u');
    expect(resolve({ dsn: `service=a servicefile='${file}'` }).user).toBe('u');
    expect(resolve({ options: { service: 'a' }, env: { PGSERVICEFILE: file } }).user).toBe('u');
  });

  it('is found in the system file when the own has it not', () => {
    writeFileSync(join(home, 'pg_service.conf'), '[b]\nuser=system');
    const env = { PGSYSCONFDIR: home };
    expect(resolve({ options: { service: 'b' }, home, env }).user).toBe('system');
  });

  it('goes behind the DSN and in front of the environment', () => {
    const config = resolve({
      dsn: 'postgres://dsn@/?service=a',
      env: { PGUSER: 'env', PGDATABASE: 'env', PGAPPNAME: 'env' },
      home,
    });
    expect(config).toMatchObject({ user: 'dsn', database: 'd' });
    expect(config.startupParameters.get('application_name')).toBe('env');
  });

  it('that does not exist is refused', () => {
    expect(refusal({ options: { service: 'x' }, home }).message).toContain(
      'definition of service "x" not found',
    );
    expect(refusal({ env: { PGSERVICE: 'x' } }).message).toContain('"x"');
    expect(refusal({ options: { service: 'a', servicefile: '/nowhere' }, home }).message).toContain(
      '"/nowhere" does not exist',
    );
  });

  it.each([
    ['a nested service', 'service=b'],
    ['a nested service file', 'servicefile=/b'],
    ['an unknown keyword', 'hunter2=1'],
    ['a line without "="', 'hunter2'],
  ])('with %s is refused, naming the line only', (_why, line) => {
    writeFileSync(file, `[a]\npassword=hunter2\n${line}`);
    const { message } = refusal({ options: { service: 'a' }, home });
    expect(message).toContain(`"${file}", line 3`);
    expect(message).not.toContain('hunter2');
  });

  it('says where a setting of the server goes', () => {
    writeFileSync(file, '[a]\nstatement_timeout=5000');
    expect(refusal({ options: { service: 'a' }, home }).message).toMatch(
      /unknown keyword\n.*options=-c name=value/,
    );
    writeFileSync(file, '[a]\noptions=-c statement_timeout=5000');
    const { startupParameters } = resolve({ options: { service: 'a' }, home });
    expect(startupParameters.get('options')).toBe('-c statement_timeout=5000');
  });

  it('with a wrong value is refused, naming service and file', () => {
    writeFileSync(file, '[a]\nport=many');
    expect(refusal({ options: { service: 'a' }, home }).message).toBe(
      `port (from service "a" in ${file}): expected a port, 1 to 65535, got "many"`,
    );
  });
});
