import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { contextFor } from '../../src/client/connect.ts';
import type { ConnectOptions } from '../../src/config/options.ts';
import { resolveConfig } from '../../src/config/resolve.ts';
import { connectSession } from '../../src/connecting/connect-session.ts';
import { writeAuthentication } from '../../src/protocol/backend/authentication.ts';
import { QueryRequest } from '../../src/session/requests/query-request.ts';
import type { Session } from '../../src/session/session.ts';
import { systemClock } from '../../src/transport/clock.ts';
import { MemoryNetwork, MemoryStream } from '../support/fakes/memory-network.ts';
import { Puppet } from '../support/fakes/puppet.ts';
import { encoded } from '../support/fakes/scripted-connection.ts';
import { Authority } from '../support/servers/certificates.ts';

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
const YES = Buffer.from('S');

function open(network: MemoryNetwork, options: ConnectOptions): Promise<Session> {
  const config = resolveConfig('postgres://ada:secret@db.test/shop', options);
  return connectSession(contextFor(config, systemClock, network));
}

function puppetNetwork(): MemoryNetwork {
  return new MemoryNetwork('192.0.2.7', (address) => {
    const puppet = new Puppet({
      results: { 'SELECT 1': { columns: [['one', 25]], rows: [[Buffer.from('1')]] } },
    });
    return new MemoryStream((chunk) => puppet.receive(chunk), address);
  });
}

it('a session runs over whatever byte stream the network of its context gives', async () => {
  const network = puppetNetwork();
  const session = await open(network, { ssl: 'disable' });
  const request = new QueryRequest('SELECT 1', [], { wanted: 'value', prepare: false }, null);
  session.submit(request);
  expect(await request.promise).toBe('1');
  expect(network.resolved).toEqual(['db.test']);
  expect(network.dialled).toEqual([{ host: '192.0.2.7', port: 5432 }]);
  session.destroy(null);
});

it('the stream is asked for TLS, with the host and the protocol to agree on', async () => {
  const puppet = new Puppet();
  const network = new MemoryNetwork(
    '192.0.2.7',
    (address) =>
      new MemoryStream(
        (chunk) => (chunk.equals(SSL_REQUEST) ? [YES] : puppet.receive(chunk)),
        address,
      ),
  );
  const session = await open(network, { ssl: 'require' });
  const { request } = network.streams[0]!;
  expect(request).toMatchObject({ host: 'db.test', alpn: 'postgresql' });
  session.destroy(null);
});

it('SCRAM is bound to the bytes of the certificate that the stream tells', async () => {
  await using authority = await Authority.create();
  const { cert } = await authority.selfSigned({ digest: 'sha384' });
  const der = Buffer.from(cert.replace(/-----.*-----|\s/g, ''), 'base64');
  const sent: Buffer[] = [];
  const network = new MemoryNetwork(
    '192.0.2.7',
    (address) =>
      new MemoryStream(
        (chunk) => {
          sent.push(chunk);
          if (chunk.equals(SSL_REQUEST)) return [YES];
          const text = chunk.toString('latin1');
          if (text.includes('SCRAM-SHA-256-PLUS')) {
            const nonce = /r=([^,]*)/.exec(text)?.[1];
            const data = Buffer.from(`r=${nonce}server,s=c2FsdA==,i=4096`);
            return [
              encoded((writer) => writeAuthentication(writer, { method: 'SASLContinue', data })),
            ];
          }
          if (text.startsWith('p')) return [];
          const mechanisms = ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'];
          return [encoded((writer) => writeAuthentication(writer, { method: 'SASL', mechanisms }))];
        },
        address,
        der,
      ),
  );
  const opening = open(network, { ssl: 'require', timeout: 2_000 });
  await expect.poll(() => sent.length).toBe(4);
  network.streams[0]?.destroy();
  await expect(opening).rejects.toThrow('closed the connection');
  const binding = /c=([^,]*)/.exec(sent[3]!.toString('latin1'))?.[1] ?? '';
  const header = Buffer.from('p=tls-server-end-point,,');
  const hash = createHash('sha384').update(der).digest();
  expect(Buffer.from(binding, 'base64')).toEqual(Buffer.concat([header, hash]));
});

it('only a peer on this machine is trusted with a password in the clear', async () => {
  for (const [address, sends] of [
    ['127.0.0.1', true],
    ['::ffff:127.0.0.1', true],
    ['192.0.2.7', false],
  ] as const) {
    const sent: Buffer[] = [];
    const network = new MemoryNetwork(
      address,
      () =>
        new MemoryStream((chunk, stream) => {
          sent.push(chunk);
          if (sent.length > 1) stream.destroy();
          return [
            encoded((writer) => writeAuthentication(writer, { method: 'CleartextPassword' })),
          ];
        }, address),
    );
    await expect(open(network, { ssl: 'disable' })).rejects.toThrow(
      sends ? 'closed the connection' : 'in clear text',
    );
    expect(sent.some((chunk) => chunk.includes('secret'))).toBe(sends);
  }
});
