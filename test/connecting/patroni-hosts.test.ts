import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ClientConfigurationError, patroniHosts } from '../../src/index.ts';
import { Authority } from '../support/servers/certificates.ts';

const servers: http.Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function listen(server: http.Server): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A member's REST API, with the requests that it got. */
async function patroni(answer: unknown, status = 200) {
  const requests: http.IncomingMessage[] = [];
  const place = await listen(
    http.createServer((request, response) => {
      requests.push(request);
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
    }),
  );
  return { url: `http://${place}`, requests };
}

/** A place that takes requests and answers none. */
async function silent(): Promise<string> {
  return `http://${await listen(http.createServer(() => {}))}`;
}

const member = (name: string, more: object) => ({
  name,
  role: 'replica',
  state: 'streaming',
  api_url: `http://${name}:8008/patroni`,
  host: name,
  port: 5432,
  timeline: 3,
  lag: 0,
  ...more,
});

/** As Patroni 3 and 4 tell it: a leader that is not first, replicas of every kind. */
const CLUSTER = {
  scope: 'shop',
  members: [
    member('replica', {}),
    member('starting', { state: 'starting', lag: 'unknown' }),
    member('leader', { role: 'leader', state: 'running', port: 5433 }),
    member('sync', { role: 'sync_standby' }),
    member('quorum', { role: 'quorum_standby' }),
    member('late', { lag: 20_000_000 }),
    member('unknown', { state: 'running', lag: 'unknown' }),
    member('private', { tags: { noloadbalance: true } }),
    member('stopped', { state: 'stopped' }),
    member('failed', { state: 'start failed' }),
    member('archive', { state: 'in archive recovery', role: 'standby_leader' }),
    { name: 'unborn', role: 'replica', state: 'creating replica' },
  ],
};

const signal = new AbortController().signal;
const standby = (host: string) => ({ host, port: 5432, role: 'standby' });

describe('patroniHosts', () => {
  it('tells the leader first, then who else serves', async () => {
    const { url, requests } = await patroni(CLUSTER);
    const provider = patroniHosts(url);
    expect(await provider.list({ signal })).toEqual([
      { host: 'leader', port: 5433, role: 'primary' },
      ...['replica', 'sync', 'quorum', 'late', 'unknown', 'archive'].map(standby),
    ]);
    expect(await provider.list()).toHaveLength(7);
    expect(requests[0]!.url).toBe('/cluster');
    expect(requests[0]!.headers['authorization']).toBeUndefined();
    expect(provider.refreshMs).toBe(5_000);
  });

  it('leaves out who is far behind, or does not tell', async () => {
    const { url } = await patroni(CLUSTER);
    const hosts = await patroniHosts(url, { maxLagBytes: 1_000_000 }).list({ signal });
    expect(hosts.map((host) => (host as { host: string }).host)).toEqual([
      'leader',
      'replica',
      'sync',
      'quorum',
      'archive',
    ]);
  });

  it('knows the leader by the name that older versions have for it', async () => {
    const { url } = await patroni({
      members: [member('a', {}), member('b', { role: 'master', state: 'running' })],
    });
    expect(await patroniHosts(url).list({ signal })).toEqual([
      { host: 'b', port: 5432, role: 'primary' },
      standby('a'),
    ]);
  });

  it('tells the replicas alone while there is no leader', async () => {
    const { url } = await patroni({ members: [member('a', {}), member('b', {})] });
    expect(await patroniHosts(url).list({ signal })).toEqual([standby('a'), standby('b')]);
  });

  it('asks the next URL when one does not answer, and begins with it the next time', async () => {
    const broken = await patroni({ error: 'no' }, 503);
    const mute = await silent();
    const good = await patroni(CLUSTER);
    const provider = patroniHosts([broken.url, mute, good.url], { timeoutMs: 200 });
    expect(await provider.list({ signal })).toHaveLength(7);
    expect(await provider.list({ signal })).toHaveLength(7);
    expect(broken.requests).toHaveLength(1);
    expect(good.requests).toHaveLength(2);
    expect(provider.timeoutMs).toBe(600);
  });

  it.each([
    ['an error', '{"members": []}', 500, 'status 500'],
    ['a redirection', '', 302, 'redirect'],
    ['no JSON', '<html>', 200, 'JSON'],
    ['something else', '[1, 2]', 200, 'no member that runs'],
    ['null', 'null', 200, 'no member that runs'],
    [
      'members that are none',
      '{"members": [null, 1, {}, {"host": 5}]}',
      200,
      'no member that runs',
    ],
  ])('fails for %s', async (_, answer, status, message) => {
    const { url } = await patroni(answer, status);
    await expect(patroniHosts(url).list({ signal })).rejects.toThrow(message);
  });

  it('names each place and what is wrong with it, and no secret', async () => {
    const mute = await silent();
    const provider = patroniHosts(
      ['http://ada:s3cret@127.0.0.1:1', mute.replace('//', '//ada:s3cret@')],
      {
        timeoutMs: 100,
      },
    );
    const error: unknown = await Promise.resolve(provider.list({ signal })).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(AggregateError);
    const { message } = error as Error;
    expect(message).toContain('http://127.0.0.1:1/cluster');
    expect(message).toContain(mute);
    expect(message).not.toContain('s3cret');
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('s3cret');
  });

  it('sends who asks, by the URL or by headers', async () => {
    const { url, requests } = await patroni(CLUSTER);
    await patroniHosts(url.replace('//', '//ada:s%40cret@')).list({ signal });
    expect(requests[0]!.headers['authorization']).toBe(
      `Basic ${Buffer.from('ada:s@cret').toString('base64')}`,
    );
    await patroniHosts(`${url}/other/cluster`, { headers: { authorization: 'Bearer x' } }).list({
      signal,
    });
    expect(requests[1]!.headers['authorization']).toBe('Bearer x');
    expect(requests[1]!.url).toBe('/other/cluster');
  });

  it('speaks TLS with the certificate authority that its fetch knows', async () => {
    await using authority = await Authority.create();
    const { cert, key } = await authority.issue({ altNames: ['IP:127.0.0.1'] });
    const ca = await authority.root();
    const place = await listen(
      https.createServer({ cert, key }, (_, response) => response.end(JSON.stringify(CLUSTER))),
    );
    await expect(patroniHosts(`https://${place}`).list({ signal })).rejects.toThrow(/certificate/);
    const trusting = ((url: string, init: RequestInit) =>
      new Promise<Response>((resolve, reject) => {
        https
          .get(url, { ca, signal: init.signal! }, async (answer) => {
            resolve(new Response(Buffer.concat(await answer.toArray())));
          })
          .once('error', reject);
      })) as typeof fetch;
    const provider = patroniHosts(`https://${place}`, { fetch: trusting });
    expect(await provider.list({ signal })).toHaveLength(7);
  });

  it('begins behind the URL that it was waited for in vain', async () => {
    const good = await patroni(CLUSTER);
    const provider = patroniHosts([await silent(), good.url], { timeoutMs: 60_000 });
    const nobodyWaits = AbortSignal.timeout(30);
    await expect(provider.list({ signal: nobodyWaits })).rejects.toThrow();
    expect(await provider.list({ signal })).toHaveLength(7);
  });

  it('stops when nobody waits any more', async () => {
    const abort = new AbortController();
    const listing = Promise.resolve(
      patroniHosts(await silent(), { timeoutMs: 60_000 }).list({ signal: abort.signal }),
    );
    abort.abort(new Error('enough'));
    await expect(listing).rejects.toThrow('enough');
  });

  it.each([
    [[]],
    ['shop'],
    ['ftp://a'],
    [['http://a', 'b']],
    ['http://u:100%@a'],
    [5],
    [undefined],
  ])('refuses %j as its URLs', (urls) => {
    expect(() => patroniHosts(urls as never)).toThrow(ClientConfigurationError);
  });

  it.each([{ timeoutMs: 0 }, { refreshMs: -1 }, { maxLagBytes: '5MB' }, { timeout: 5 }])(
    'refuses the options %j',
    (options) => {
      expect(() => patroniHosts('http://a', options as never)).toThrow(ClientConfigurationError);
    },
  );
});
