import { expect, it, vi } from 'vitest';
import type { Environment } from '../../src/config/environment.ts';
import type { Files } from '../../src/config/files.ts';
import { resolveConfig } from '../../src/config/resolve.ts';
import { Authority } from '../support/servers/certificates.ts';
import { bareEnvironment } from './support.ts';

/** Files that are nowhere but here, and the names of those that were read. */
class MemoryFiles implements Files {
  readonly asked: string[] = [];
  readonly #contents: ReadonlyMap<string, string>;

  constructor(contents: Readonly<Record<string, string>>) {
    this.#contents = new Map(Object.entries(contents));
  }

  readSync(path: string): Buffer {
    this.asked.push(path);
    const text = this.#contents.get(path);
    if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    return Buffer.from(text);
  }

  statusSync(path: string) {
    this.readSync(path);
    return { isFile: true, mode: 0o600, uid: 1000 };
  }

  isMissingSync(path: string): boolean {
    return this.listSync(path).length === 0;
  }

  listSync(path: string): string[] {
    return [...this.#contents.keys()]
      .filter((name) => name.startsWith(`${path}/`))
      .map((name) => name.slice(path.length + 1));
  }

  async read(path: string) {
    return this.readSync(path);
  }

  async status(path: string) {
    return this.statusSync(path);
  }
}

const listOf = (name: string): string =>
  `-----BEGIN X509 CRL-----\n${name}\n-----END X509 CRL-----`;

it('a configuration reads every file through its environment', async () => {
  await using authority = await Authority.create();
  const { cert, key } = await authority.issue({ commonName: 'ada' });
  const files = new MemoryFiles({
    '/home/ada/.pg_service.conf': '[shop]\nhost=db.test\nuser=ada\nsslmode=verify-full\n',
    '/home/ada/.postgresql/root.crt': cert,
    '/home/ada/.postgresql/postgresql.crt': cert,
    '/home/ada/.postgresql/postgresql.key': key,
    '/revoked/one.crl': listOf('first'),
    '/revoked/two.crl': listOf('second'),
    '/home/ada/.pgpass': 'db.test:5432:*:ada:secret\n',
  });
  const environment: Environment = { ...bareEnvironment({}, '/home/ada'), files };
  const config = resolveConfig('service=shop sslcrldir=/revoked', {}, environment);
  const { ca, cert: shown, crl } = config.ssl.tlsOptions();
  expect(String(ca)).toBe(cert);
  expect(String(shown)).toBe(cert);
  expect((crl as Buffer[]).map(String)).toEqual([listOf('first'), listOf('second')]);
  expect(await config.passwordFor(config.hosts[0]!)).toBe('secret');
  expect(files.asked).toContain('/home/ada/.pgpass');
});

it.each([{ code: 'EACCES' }, { code: 'ERR_ACCESS_DENIED' }, { name: 'NotCapable' }])(
  'a home directory that may not be entered, %j, has nothing for this process',
  (reason) => {
    const files = new MemoryFiles({});
    vi.spyOn(files, 'isMissingSync').mockImplementation((path) => {
      throw Object.assign(new Error(path), reason);
    });
    const environment: Environment = { ...bareEnvironment({}, '/root'), files };
    for (const mode of ['prefer', 'require'] as const) {
      expect(resolveConfig('host=db.test user=ada', { ssl: mode }, environment).ssl.mode).toBe(
        mode,
      );
    }
    expect(() => resolveConfig('host=db.test', { ssl: 'verify-full' }, environment)).toThrow(
      /needs a root certificate and none is given/,
    );
    expect(files.asked).toEqual([]);
  },
);
