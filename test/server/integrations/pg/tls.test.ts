import { afterAll, beforeAll, expect, test } from 'vitest';
import { TempCluster } from '../../../../src/cluster/index.ts';
import { Authority } from '../../../support/servers/certificates.ts';
import { both, plain } from './both.ts';

let authority: Authority;
let cluster: TempCluster;
let login: { host: string; port: number; user: string; database: string };

beforeAll(async () => {
  authority = await Authority.create();
  const { cert, key } = await authority.issue({ altNames: ['DNS:db.test'] });
  cluster = await TempCluster.start({
    settings: { ssl: true, ssl_cert_file: 'server.crt', ssl_key_file: 'server.key' },
    files: { 'server.crt': cert, 'server.key': key },
  });
  login = { host: '127.0.0.1', port: cluster.port, user: 'postgres', database: 'postgres' };
});

afterAll(async () => {
  await cluster?.stop();
  await authority?.[Symbol.asyncDispose]();
});

/** What the stream of a client tells of the server, which is connected with these options. */
async function peerOf(Client: any, options: object): Promise<unknown> {
  const client = new Client({ ...login, ...options });
  client.on('error', () => {});
  try {
    await client.connect();
  } catch (error) {
    return plain(error);
  }
  const { stream } = client.connection;
  const peer = [
    stream.encrypted,
    stream.authorized,
    String(stream.authorizationError),
    stream.getPeerCertificate?.().subject,
    stream.getPeerCertificate?.(true).raw?.length,
    stream.getCipher?.(),
    stream.getProtocol?.(),
  ];
  await client.end();
  return peer;
}

test('the stream tells of the certificate, and whether it was verified', async () => {
  const ca = await authority.root();
  const told = await both(async ({ Client }) => [
    await peerOf(Client, { ssl: { ca, servername: 'db.test' } }),
    // The name is not that of the certificate.
    await peerOf(Client, { ssl: { ca } }),
    await peerOf(Client, { ssl: { ca, rejectUnauthorized: false } }),
    await peerOf(Client, { ssl: { rejectUnauthorized: false } }),
    await peerOf(Client, {}),
    // A host that has a name is called by that.
    await peerOf(Client, { host: 'localhost', ssl: { ca, servername: 'db.test' } }),
  ]);
  expect((told as unknown[])[5]).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  expect((told as unknown[][])[3]?.slice(0, 2)).toEqual([true, false]);
});

test('the certificate of an address is that of the host among the options of TLS', async () => {
  const ca = await authority.root();
  const told = await both(async ({ Client }) => [
    await peerOf(Client, { ssl: { ca, host: 'db.test' } }),
    await peerOf(Client, { ssl: { ca, host: 'other.test' } }),
    await peerOf(Client, { ssl: { ca, host: 'db.test', servername: 'other.test' } }),
    // A host that has a name is called by that.
    await peerOf(Client, { host: 'localhost', ssl: { ca, host: 'db.test' } }),
  ]);
  const refusal = { code: 'ERR_TLS_CERT_ALTNAME_INVALID' };
  expect((told as unknown[][])[0]?.slice(0, 2)).toEqual([true, true]);
  expect((told as unknown[]).slice(1)).toMatchObject([refusal, refusal, refusal]);
});

test('who is told no user is refused by the server, which says so', async () => {
  const refused = await both(({ Client }) =>
    peerOf(
      class extends Client {
        constructor(options: object) {
          super(options);
          const nobody = { user: undefined, database: undefined };
          Object.assign(this, nobody);
          Object.assign((this as any).connectionParameters, nobody);
        }
      },
      {},
    ),
  );
  expect(refused).toMatchObject({ code: '28000' });
});
