import type { ConnectionOptions } from 'node:tls';
import { describe, expect, it, vi } from 'vitest';
import type { SslConfig } from '../../../src/config/connect-config.ts';
import { withSecureContext } from '../../../src/transport/node/secure-context.ts';

const UNVERIFIED = { rejectUnauthorized: false, minVersion: 'TLSv1.2' } as const;

describe('the TLS context', () => {
  it('is one for all that verify nothing and show nothing, with the same versions', () => {
    const { secureContext } = withSecureContext({}, { ...UNVERIFIED });
    const identity = { checkServerIdentity: () => undefined };
    expect(withSecureContext({}, { ...UNVERIFIED, ...identity }).secureContext).toBe(secureContext);
    const newer = withSecureContext({}, { ...UNVERIFIED, minVersion: 'TLSv1.3' });
    expect(newer.secureContext).not.toBe(secureContext);
  });

  it.each<[string, ConnectionOptions]>([
    ['verifies', { rejectUnauthorized: true, minVersion: 'TLSv1.2' }],
    ['leaves verifying to the default', { minVersion: 'TLSv1.2' }],
    ['has roots of its own', { ...UNVERIFIED, ca: [] }],
    ['has ciphers of its own', { ...UNVERIFIED, ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' }],
  ])('is for one owner alone that %s', (_, options) => {
    const owner = {};
    const { secureContext } = withSecureContext(owner, options);
    expect(withSecureContext(owner, options).secureContext).toBe(secureContext);
    expect(withSecureContext({}, options).secureContext).not.toBe(secureContext);
  });

  it('is the one that was given', () => {
    const { secureContext } = withSecureContext({}, { ...UNVERIFIED });
    const given = withSecureContext(
      {},
      { rejectUnauthorized: true, secureContext: secureContext! },
    );
    expect(given.secureContext).toBe(secureContext);
  });
});

it('a list of revoked certificates is refused in Deno, which would not look at it', async () => {
  const request = (options: ConnectionOptions) => ({
    ssl: { tlsOptions: () => options } as SslConfig,
    host: 'db.test',
    alpn: 'postgresql',
  });
  vi.resetModules();
  vi.stubGlobal('Deno', {});
  const { tlsOptions } = await import('../../../src/transport/node/tls-options.ts');
  vi.unstubAllGlobals();
  expect(() => tlsOptions(request({ crl: [] }))).toThrow(/Deno takes no lists of revoked/);
  expect(tlsOptions(request({}))).toMatchObject({ host: 'db.test' });
});
