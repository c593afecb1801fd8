import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import { findPassword } from '../../src/config/passfile.ts';
import { resolve } from './support.ts';

const query = { hosts: ['h'], port: 5432, database: 'd', user: 'u' };

describe('a password file', () => {
  it.each<[file: string, password: string | null]>([
    ['h:5432:d:u:secret', 'secret'],
    ['h:5432:d:u:secret\r\n', 'secret'],
    ['*:*:*:*:secret', 'secret'],
    ['h:*:d:*:secret', 'secret'],
    ['# h:5432:d:u:no\n\nh:5432:d:u:yes', 'yes'],
    ['h:5432:d:u:first\nh:5432:d:u:second', 'first'],
    ['other:5432:d:u:no', null],
    ['h:5433:d:u:no', null],
    ['h:5432:dd:u:no', null],
    ['h:5432:d:uu:no', null],
    ['hh:5432:d:u:no', null],
    ['*h:5432:d:u:no', null],
    ['h:5432:d', null],
    ['h', null],
    ['', null],
    ['h:5432:d:u:', null],
    ['h:5432:d:u:a\\:b\\\\c', 'a:b\\c'],
    ['h:5432:d:u:a:b', 'a'],
    ['h:5432:d:u:a\\', 'a\\'],
    ['\\h:5432:d:\\u:secret', 'secret'],
    [' h:5432:d:u:no', null],
    ['h:5432:d:u: with space ', ' with space '],
  ])('%j', (file, password) => {
    expect(findPassword(file, query)).toBe(password);
  });

  it('gives back whatever was escaped into it, and to no one else', () => {
    const field = fc.string({ unit: fc.constantFrom('a', '*', ':', '\\', 'é'), minLength: 1 });
    fc.assert(
      fc.property(field, field, field, field, (host, database, user, password) => {
        const protect = (text: string) => text.replace(/[:\\]/g, '\\$&');
        // A lone "*" is the wildcard; escaped it is the character.
        const part = (text: string) => (text === '*' ? '\\*' : protect(text));
        const line = `${part(host)}:1:${part(database)}:${part(user)}:${protect(password)}`;
        const asked = { hosts: [host], port: 1, database, user };
        expect(findPassword(line, asked)).toBe(password);
        expect(findPassword(line, { ...asked, hosts: [`${host}x`] })).toBeNull();
        expect(findPassword(line, { ...asked, user: `x${user}` })).toBeNull();
      }),
    );
  });
});

describe('the password of a connection', () => {
  let home: string;
  let passfile: string;
  let warn: MockInstance<typeof process.emitWarning>;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'passfile-'));
    passfile = join(home, '.pgpass');
    warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  });

  afterEach(() => {
    rmSync(home, { recursive: true });
  });

  function write(lines: string[], mode = 0o600): void {
    writeFileSync(passfile, lines.join('\n'));
    chmodSync(passfile, mode);
  }

  async function passwords(given: Parameters<typeof resolve>[0]): Promise<(string | null)[]> {
    const config = resolve(given);
    return Promise.all(config.hosts.map((host) => config.passwordFor(host)));
  }

  it('is looked up for each host', async () => {
    write(['h1:1:*:*:one', 'h2:2:*:*:two']);
    expect(await passwords({ dsn: 'postgres://h1:1,h2:2,h3:3/d', home })).toEqual([
      'one',
      'two',
      null,
    ]);
  });

  it('is under localhost or under its directory for a Unix socket', async () => {
    write(['localhost:1:*:*:one', '/sock:2:*:*:two']);
    expect(await passwords({ dsn: 'postgres:///d?host=/a,/sock&port=1,2', home })).toEqual([
      'one',
      'two',
    ]);
  });

  it('is under the host name when an address is given too, else under the address', async () => {
    write(['name:*:*:*:one', '10.0.0.1:*:*:*:two']);
    expect(await passwords({ dsn: 'host=name hostaddr=10.0.0.1', home })).toEqual(['one']);
    expect(await passwords({ dsn: 'hostaddr=10.0.0.1', home })).toEqual(['two']);
  });

  it('is not looked up when there is one', async () => {
    write(['*:*:*:*:file']);
    const options = { host: 'h', password: 'given' };
    expect(await passwords({ options, home })).toEqual(['given']);
  });

  it('is read again for every connection', async () => {
    const config = resolve({ options: { host: 'h' }, home });
    const [host] = config.hosts;
    if (!host) throw new Error('no host');
    write(['*:*:*:*:old']);
    expect(await config.passwordFor(host)).toBe('old');
    write(['*:*:*:*:new']);
    expect(await config.passwordFor(host)).toBe('new');
  });

  it.each(['640', '604', '660'])(
    'is not read from a file of mode %s, with a warning',
    async (mode) => {
      write(['*:*:*:*:file'], Number.parseInt(mode, 8));
      expect(await passwords({ options: { host: ['a', 'b'] }, home })).toEqual([null, null]);
      expect(warn).toHaveBeenCalledOnce();
      expect(warn.mock.calls[0]?.[0]).toContain(passfile);
    },
  );

  it('is not read from a directory, with a warning', async () => {
    mkdirSync(passfile);
    expect(await passwords({ options: { host: 'h' }, home })).toEqual([null]);
    expect(warn.mock.calls[0]?.[0]).toContain(passfile);
  });

  it('is null without a word when there is no file', async () => {
    expect(await passwords({ options: { host: 'h' }, home })).toEqual([null]);
    expect(await passwords({ options: { host: 'h', passfile: join(passfile, 'x') } })).toEqual([
      null,
    ]);
    expect(warn).not.toHaveBeenCalled();
  });

  it('is read from the file that passfile or PGPASSFILE names', async () => {
    write(['*:*:*:*:file']);
    expect(await passwords({ options: { host: 'h', passfile } })).toEqual(['file']);
    expect(await passwords({ dsn: 'postgres://h', env: { PGPASSFILE: passfile } })).toEqual([
      'file',
    ]);
    expect(await passwords({ dsn: `host=h passfile='${passfile}'` })).toEqual(['file']);
  });

  it('comes from the function, which is called for every connection', async () => {
    let calls = 0;
    const options = { host: ['a', 'b'], password: async () => `token ${++calls}` };
    expect(await passwords({ options })).toEqual(['token 1', 'token 2']);
  });

  it('is rejected when the function gives no string or throws', async () => {
    const give = (password: () => never) => passwords({ options: { host: 'h', password } });
    await expect(give((() => 1) as unknown as () => never)).rejects.toMatchObject({
      name: 'ClientConfigurationError',
    });
    const own = new Error('vault is sealed');
    await expect(
      give(() => {
        throw own;
      }),
    ).rejects.toBe(own);
  });
});
