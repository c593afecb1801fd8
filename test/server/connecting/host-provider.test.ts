import { once } from 'node:events';
import net from 'node:net';
import { describe, expect, it } from 'vitest';
import {
  ClientConfigurationError,
  ConnectionFailureError,
  connect,
  createPool,
  type Host,
  type HostProvider,
  TimeoutError,
} from '../../../src/index.ts';
import { freePort, sleep, until } from '../../support/pool.ts';
import { testServer } from '../../support/servers/server.ts';
import { StreamingCluster } from '../../support/servers/streaming-cluster.ts';

const PORT = 'SELECT inet_server_port()';
const AS = { user: 'postgres', database: 'postgres' };

/** A provider that tells what the test says, and counts. */
class Told implements HostProvider {
  asked = 0;
  refreshMs?: number;
  timeoutMs?: number;
  answer: () => Promise<readonly (Host | string)[]> | readonly (Host | string)[];

  constructor(answer: Told['answer'], limits: { refreshMs?: number; timeoutMs?: number } = {}) {
    this.answer = answer;
    Object.assign(this, limits);
  }

  list(): Promise<readonly (Host | string)[]> | readonly (Host | string)[] {
    this.asked += 1;
    return this.answer();
  }
}

const here = (): Host => ({ host: '127.0.0.1', port: testServer().port });

describe('hosts as objects', () => {
  it('are as good as text', async () => {
    const { host, port } = here();
    const nowhere = { host: '127.0.0.1', port: await freePort() };
    for (const hosts of [
      [here()],
      [nowhere, here()],
      [`${host}:${port}`],
      [{ host: 'db.invalid', hostaddr: '127.0.0.1', port, role: 'primary' as const }],
      [{ host: testServer().socketDirectory, port }],
    ]) {
      await using connection = await connect({ ...AS, hosts });
      expect(await connection.fetchVal('SELECT 1')).toBe(1);
    }
  });

  it.each([
    [{ hosts: [] }, 'hosts'],
    [{ hosts: 'localhost' }, 'hosts'],
    [{ hosts: [5] }, 'hosts'],
    [{ hosts: [{ host: 'a', port: 0 }] }, 'port'],
    [{ hosts: [{ host: 'a', prot: 5 }] }, 'prot'],
    [{ hosts: [{ host: 'a', role: 'leader' }] }, 'role'],
    [{ hosts: ['a'], host: 'b' }, 'host'],
    [{ hosts: ['a'], port: 5 }, 'port'],
    [{ hostProvider: {} }, 'list'],
    [{ hostProvider: { list: () => [], refreshMs: -1 } }, 'refreshMs'],
    [{ hostProvider: { list: () => [], timeoutMs: 0 } }, 'timeoutMs'],
  ])('%j is refused', async (options, named) => {
    const refused = connect({ ...AS, ...(options as object) });
    await expect(refused).rejects.toBeInstanceOf(ClientConfigurationError);
    await expect(refused).rejects.toThrow(named);
  });
});

describe('a host provider', () => {
  it('is asked before a connection is opened, and its list holds for a while', async () => {
    const provider = new Told(() => [here()]);
    await using connection = await connect({ ...AS, hostProvider: provider });
    expect(await connection.fetchVal('SELECT 1')).toBe(1);
    expect(provider.asked).toBe(1);
    await using pool = await createPool({ ...AS, hostProvider: provider, minSize: 4, maxSize: 4 });
    await pool.expireConnections();
    await Promise.all(
      Array.from({ length: 4 }, () => pool.acquire().then((each) => pool.release(each))),
    );
    expect(pool.stats.opened).toBeGreaterThan(4);
    expect(provider.asked).toBe(2);
  });

  it('is asked before each connection if its list holds for no time', async () => {
    const provider = new Told(async () => [here()], { refreshMs: 0 });
    await using pool = await createPool({ ...AS, hostProvider: provider, minSize: 1, maxSize: 1 });
    for (let i = 2; i < 5; i++) {
      await pool.expireConnections();
      await pool.fetchVal('SELECT 1');
      expect(provider.asked).toBe(i);
    }
  });

  it('is asked again when none of its hosts will do, and once only', async () => {
    const nowhere = { host: '127.0.0.1', port: await freePort() };
    const lists = [[nowhere], [here()], [nowhere]];
    const provider = new Told(() => lists.shift() ?? [nowhere], { refreshMs: 60_000 });
    await using connection = await connect({ ...AS, hostProvider: provider });
    expect(await connection.fetchVal(PORT)).toBe(here().port);
    expect(provider.asked).toBe(2);
    const failing = new Told(() => [nowhere]);
    await expect(connect({ ...AS, hostProvider: failing })).rejects.toBeInstanceOf(
      ConnectionFailureError,
    );
    expect(failing.asked).toBe(2);
  });

  it('that fails leaves the list as it was', async () => {
    let answer = (): readonly Host[] => [here()];
    const provider = new Told(() => answer(), { refreshMs: 0, timeoutMs: 50 });
    await using pool = await createPool({ ...AS, hostProvider: provider, minSize: 1, maxSize: 1 });
    for (const failure of [
      () => {
        throw new Error('down');
      },
      () => Promise.reject(new Error('down')),
      () => new Promise(() => {}),
      () => [],
      () => 'localhost',
      () => [{ host: 'a', port: -1 }],
    ]) {
      answer = failure as never;
      await pool.expireConnections();
      expect(await pool.fetchVal(PORT)).toBe(here().port);
    }
  });

  it('that has told nothing yet is a failure to connect, unless hosts are given as well', async () => {
    const down = new Error('down');
    const provider = new Told(() => Promise.reject(down));
    const error = await connect({ ...AS, hostProvider: provider }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ConnectionFailureError);
    expect(error).toMatchObject({ cause: down, isTransient: true, safeToRetry: true });
    await using connection = await connect({ ...AS, hostProvider: provider, ...here() } as never);
    expect(await connection.fetchVal(PORT)).toBe(here().port);
    const silent = new Told(() => new Promise(() => {}), { timeoutMs: 50 });
    await expect(connect({ ...AS, hostProvider: silent })).rejects.toMatchObject({
      cause: expect.any(TimeoutError),
    });
  });

  it('takes no longer than connecting may', async () => {
    const provider = new Told(() => new Promise(() => {}), { timeoutMs: 60_000 });
    const began = performance.now();
    await expect(connect({ ...AS, hostProvider: provider, timeout: 100 })).rejects.toBeInstanceOf(
      TimeoutError,
    );
    const abort = new AbortController();
    const connecting = connect({ ...AS, hostProvider: provider, signal: abort.signal });
    await until(() => provider.asked === 2);
    abort.abort(new Error('enough'));
    await expect(connecting).rejects.toThrow('enough');
    expect(performance.now() - began).toBeLessThan(20_000);
  });

  it('has each of its hosts take connect_timeout, and is asked for as long', async () => {
    const held: net.Socket[] = [];
    const silent = net.createServer((socket) => held.push(socket)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const nobody = { host: '127.0.0.1', port: (silent.address() as net.AddressInfo).port };
    // It answers later than a third of the time-out.
    const slow = net.createServer((socket) => {
      held.push(socket);
      const server = net.connect(here().port!, '127.0.0.1');
      held.push(server);
      setTimeout(() => socket.pipe(server).pipe(socket), 600);
    });
    await once(slow.listen(0, '127.0.0.1'), 'listening');
    const late = { host: '127.0.0.1', port: (slow.address() as net.AddressInfo).port };
    try {
      const dsn = 'postgres://postgres@/postgres?connect_timeout=1&sslmode=disable';
      const three = new Told(() => [nobody, nobody, late]);
      await using connection = await connect(dsn, { hostProvider: three });
      expect(await connection.fetchVal(PORT)).toBe(here().port);
      const hanging = new Told(() => new Promise(() => {}), { timeoutMs: 60_000 });
      const error = await connect(dsn, { hostProvider: hanging }).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(TimeoutError);
      expect(error).toMatchObject({
        message: expect.stringMatching(/^the host provider did not answer in time: .* 1000 ms$/),
        safeToRetry: true,
      });
      const abort = new AbortController();
      const connecting = connect(dsn, { hostProvider: three, signal: abort.signal });
      await until(() => three.asked === 2);
      abort.abort(new Error('enough'));
      await expect(connecting).rejects.toThrow('enough');
      // Who was asked again does not answer: what the hosts said is told.
      const lists = [Promise.resolve([{ host: '127.0.0.1', port: await freePort() }])];
      const asked = new Told(() => lists.shift() ?? new Promise(() => {}), { timeoutMs: 60_000 });
      await expect(connect(dsn, { hostProvider: asked })).rejects.toBeInstanceOf(
        ConnectionFailureError,
      );
      expect(asked.asked).toBe(2);
    } finally {
      for (const socket of held) socket.destroy();
      silent.close();
      slow.close();
    }
  });

  it('takes new connections to the new primary after a failover, and the readers with them', async () => {
    await using cluster = await StreamingCluster.start(18, 2, { synchronous_commit: 'on' });
    await cluster.write('CREATE TABLE entries (id int)');
    const [one, two] = cluster.standbys as [typeof cluster.primary, typeof cluster.primary];
    const at = ({ port }: { port: number }, role: 'primary' | 'standby'): Host => ({
      host: '127.0.0.1',
      port,
      role,
    });
    let list = [at(one, 'standby'), at(cluster.primary, 'primary')];
    const provider = new Told(() => list, { refreshMs: 60_000 });
    await using pool = await createPool({
      ...AS,
      hostProvider: provider,
      minSize: 1,
      maxSize: 4,
      readers: {},
    });
    expect(await pool.fetchVal(PORT)).toBe(cluster.primary.port);
    expect(await pool.readers.fetchVal(PORT)).toBe(one.port);
    expect(provider.asked).toBe(1);
    // The new primary was not on the list before.
    await cluster.primary.stop();
    await two.promote();
    list = [at(two, 'primary'), at(one, 'standby')];
    const began = performance.now();
    for (;;) {
      try {
        await pool.execute('INSERT INTO entries VALUES (1)');
        break;
      } catch {
        expect(performance.now() - began).toBeLessThan(20_000);
        await sleep(5);
      }
    }
    expect(await pool.fetchVal(PORT)).toBe(two.port);
    expect(await pool.readers.fetchVal(PORT)).toBe(one.port);
  });

  it('is not asked on and on while no server can be had', async () => {
    const nowhere = { host: '127.0.0.1', port: await freePort() };
    const provider = new Told(() => [nowhere], { refreshMs: 60_000 });
    await using pool = await createPool({ ...AS, hostProvider: provider, minSize: 0, maxSize: 2 });
    const began = performance.now();
    for (let i = 0; i < 50; i++) {
      await expect(pool.fetchVal('SELECT 1')).rejects.toBeInstanceOf(ConnectionFailureError);
    }
    // Once before connecting, and then four times a second.
    expect(provider.asked).toBeLessThanOrEqual(2 + Math.ceil((performance.now() - began) / 250));
  });

  it('may tell more of a server than is used', async () => {
    const more = { ...here(), role: 'leader', lag: 0, name: 'n1' } as unknown as Host;
    await using connection = await connect({ ...AS, hostProvider: new Told(() => [more]) });
    expect(await connection.fetchVal(PORT)).toBe(here().port);
  });

  it('may tell a wrong role of a server, which decides itself', async () => {
    const { port } = here();
    const nowhere = await freePort();
    const provider = new Told(() => [
      { host: '127.0.0.1', port: nowhere, role: 'standby' },
      { host: '127.0.0.1', port, role: 'standby' },
    ]);
    await using connection = await connect({ ...AS, hostProvider: provider });
    expect(await connection.fetchVal('SELECT pg_is_in_recovery()')).toBe(false);
  });
});
