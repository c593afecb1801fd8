import net, { type AddressInfo, type LookupFunction, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { TempCluster } from '../../../src/cluster/index.ts';
import {
  ClientConfigurationError,
  ConnectionFailureError,
  type ConnectOptions,
  connect,
  type DialFunction,
  InterfaceError,
  InvalidCatalogNameError,
  InvalidPasswordError,
  TimeoutError,
} from '../../../src/index.ts';
import { failure } from '../../support/connections.ts';
import { Authority } from '../../support/servers/certificates.ts';
import { asOwner } from '../../support/servers/owner.ts';
import { testServer } from '../../support/servers/server.ts';

const SECRET = 'correct horse';

let authority: Authority;
/** A server with a password and TLS; `testServer()` is one without either. */
let cluster: TempCluster;
let closedPort: number;
/** A server that accepts connections and never says a word. */
let deaf: net.Server;
let deafPort: number;
const deafSockets = new Set<Socket>();

beforeAll(async () => {
  authority = await Authority.create();
  const server = await authority.issue({ altNames: ['DNS:db.test'] });
  cluster = await TempCluster.start({
    settings: { ssl: true, ssl_cert_file: 'server.crt', ssl_key_file: 'server.key' },
    hba: ['local all postgres trust', 'host all all all scram-sha-256'],
    files: { 'server.crt': server.cert, 'server.key': server.key },
  });
  await asOwner(cluster, `ALTER ROLE postgres PASSWORD '${SECRET}'`, 'CREATE DATABASE only_here');
  deaf = net.createServer(sayNothing);
  deafPort = await listen(deaf);
  const closed = net.createServer();
  closedPort = await listen(closed);
  await new Promise((resolve) => closed.close(resolve));
});

afterAll(async () => {
  for (const socket of deafSockets) socket.destroy();
  deaf?.close();
  await cluster?.stop();
  await authority?.[Symbol.asyncDispose]();
});

beforeEach(() => {
  vi.stubEnv('HOME', authority.folder);
});

// Whatever a test did: an attempt that was given up leaves no connection open.
afterEach(async () => {
  await expect.poll(() => deafSockets.size).toBe(0);
});

function sayNothing(socket: Socket): void {
  deafSockets.add(socket);
  socket.resume();
  socket.on('error', () => {});
  socket.on('close', () => deafSockets.delete(socket));
}

async function listen(server: net.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function options(more: ConnectOptions = {}): ConnectOptions {
  return { user: 'postgres', database: 'postgres', password: SECRET, ...more };
}

/** To these ports of this machine. */
function ports(...list: number[]): ConnectOptions {
  return options({ host: list.map((port) => `127.0.0.1:${port}`) });
}

async function portOf(given: ConnectOptions, dsn?: string): Promise<number | null> {
  await using connection = await connect(dsn, given);
  return connection.fetchVal<number>('SELECT inet_server_port()');
}

function refusal(given: ConnectOptions & { signal?: AbortSignal }, dsn?: string): Promise<Error> {
  return failure(connect(dsn, given));
}

describe('a list of hosts', () => {
  it('is tried in order', async () => {
    expect(await portOf(ports(cluster.port, testServer().port))).toBe(cluster.port);
    expect(await portOf(ports(testServer().port, cluster.port))).toBe(testServer().port);
  });

  it('goes on after a host where nobody listens', async () => {
    expect(await portOf(ports(closedPort, cluster.port))).toBe(cluster.port);
  });

  it('goes on after a host that says nothing, in time', async () => {
    const given = { ...ports(deafPort, deafPort, cluster.port), timeout: 1_500 };
    expect(await portOf(given)).toBe(cluster.port);
  });

  it('goes on after a host whose name cannot be looked up', async () => {
    const host = ['no.such.host.invalid', cluster.host];
    expect(await portOf(options({ host, port: cluster.port }))).toBe(cluster.port);
  });

  it('goes on after a server that refuses, whatever for', async () => {
    const given = { ...ports(testServer().port, cluster.port), database: 'only_here' };
    expect(await portOf(given)).toBe(cluster.port);
    const strict = { ...ports(testServer().port, cluster.port), ssl: 'require' } as const;
    expect(await portOf(strict)).toBe(cluster.port);
  });

  it('goes on after a missing Unix socket', async () => {
    const host = [authority.folder, cluster.host];
    expect(await portOf(options({ host, port: cluster.port }))).toBe(cluster.port);
  });

  it('ends with wrong credentials', async () => {
    const given = { ...ports(closedPort, cluster.port, testServer().port), password: 'wrong' };
    expect(await refusal(given)).toBeInstanceOf(InvalidPasswordError);
  });

  it('is tried in random order when asked to', async () => {
    const given = {
      ...ports(cluster.port, testServer().port),
      loadBalanceHosts: 'random',
    } as const;
    const seen = new Set<number | null>();
    for (let i = 0; i < 200 && seen.size < 2; i++) seen.add(await portOf(given));
    expect(seen.size).toBe(2);
  });
});

describe('the error when no host will do', () => {
  it('is that of the host when there is but one', async () => {
    const error = await refusal(ports(closedPort));
    expect(error).toBeInstanceOf(ConnectionFailureError);
    expect(error.message).toContain(`127.0.0.1:${closedPort}`);
    expect(error).toMatchObject({
      sqlstate: '08006',
      safeToRetry: true,
      isTransient: true,
      cause: { code: 'ECONNREFUSED', syscall: 'connect' },
    });
  });

  it('lists every attempt with its host and its reason', async () => {
    const host = [`127.0.0.1:${closedPort}`, 'no.such.host.invalid:5432', authority.folder];
    const error = await refusal(options({ host }));
    expect(error).toBeInstanceOf(ConnectionFailureError);
    expect(error.message).toMatch(/3 addresses/);
    expect(error.message).toMatch(new RegExp(`127\\.0\\.0\\.1:${closedPort}: .*ECONNREFUSED`));
    expect(error.message).toMatch(/no\.such\.host\.invalid:5432: .*(ENOTFOUND|EAI_AGAIN)/);
    expect(error.message).toContain(`${authority.folder}/.s.PGSQL.5432: `);
    const { errors, code } = error.cause as AggregateError & { code: string };
    expect(errors).toHaveLength(3);
    for (const one of errors) expect(one).toBeInstanceOf(ConnectionFailureError);
    expect(code).toBe('ECONNREFUSED');
  });

  it("is the one server's answer when all others did not answer, with the rest as its cause", async () => {
    const given = { ...ports(closedPort, testServer().port), database: 'only_here' };
    const error = await refusal(given);
    expect(error).toBeInstanceOf(InvalidCatalogNameError);
    expect((error.cause as AggregateError).message).toContain('ECONNREFUSED');
  });

  it('is a TimeoutError that tells where the time went', async () => {
    const one = await refusal({ ...ports(deafPort), timeout: 200, ssl: 'disable' });
    expect(one).toBeInstanceOf(TimeoutError);
    expect(one.message).toContain(`127.0.0.1:${deafPort} took too long, authenticating`);
    const tls = await refusal({ ...ports(deafPort), timeout: 200 });
    expect(tls.message).toContain(`127.0.0.1:${deafPort} took too long, negotiating TLS`);
    const direct = { ...ports(deafPort), timeout: 200, ssl: 'require', directTls: true } as const;
    expect((await refusal(direct)).message).toContain('negotiating TLS');
    const two = await refusal({ ...ports(closedPort, deafPort), timeout: 200 });
    expect(two).toBeInstanceOf(TimeoutError);
    expect(two.message).toContain('ECONNREFUSED');
    expect(two.message).toContain('took too long');
  });

  it('says that nobody has said where the server is', async () => {
    vi.stubEnv('PGHOST', undefined);
    vi.stubEnv('PGSERVICE', undefined);
    const error = await connect(undefined, { port: closedPort, ssl: false }).catch((e) => e);
    expect(error).toBeInstanceOf(ConnectionFailureError);
    expect(error.message).toMatch(/of \d addresses: [\s\S]*\nHINT: {2}No DSN, host or PGHOST says/);
    expect(error.hint).toMatch(/Is a variable unset/);
    const told = await refusal(ports(closedPort, closedPort));
    expect(told).toMatchObject({ message: expect.not.stringContaining('HINT'), hint: null });
  });

  it('comes at once when there is no time at all', async () => {
    for (const timeout of [0, -1]) {
      const error = await refusal({ ...ports(cluster.port), timeout });
      expect(error).toBeInstanceOf(TimeoutError);
      expect(error).toMatchObject({ safeToRetry: true });
    }
  });

  it('is a TimeoutError for each host with connect_timeout', async () => {
    const dsn = `host=127.0.0.1,127.0.0.1 port=${deafPort},${cluster.port} connect_timeout=1`;
    expect(await portOf(options(), dsn)).toBe(cluster.port);
    const error = await refusal(options(), `host=127.0.0.1 port=${deafPort} connect_timeout=1`);
    expect(error).toBeInstanceOf(TimeoutError);
    const both = `host=127.0.0.1,127.0.0.1 port=${deafPort},${deafPort} connect_timeout=1`;
    const two = await refusal(options(), both);
    expect(two).toBeInstanceOf(TimeoutError);
    expect(two.message.match(/took too long/g)).toHaveLength(2);
  });
});

describe('the addresses of a name', () => {
  const lookup = (...addresses: string[]): LookupFunction =>
    vi.fn<LookupFunction>((_, settings, callback) => {
      if (settings.all) {
        callback(
          null,
          addresses.map((address) => ({ address, family: net.isIP(address) })),
        );
      } else {
        callback(null, addresses[0]!, 4);
      }
    });

  it('are all tried, in order', async () => {
    const all = lookup('127.0.0.2', '::1', '127.0.0.1');
    const given = options({ host: 'db.test', port: cluster.port, lookup: all });
    expect(await portOf(given)).toBe(cluster.port);
    expect(all).toHaveBeenCalledTimes(1);
    expect(all).toHaveBeenCalledWith(
      'db.test',
      expect.objectContaining({ all: true }),
      expect.anything(),
    );
  });

  it.runIf(process.platform === 'linux')('have connect_timeout each', async () => {
    const other = net.createServer(sayNothing);
    await new Promise<void>((resolve) => other.listen(deafPort, '127.0.0.2', resolve));
    try {
      const given = options({ lookup: lookup('127.0.0.2', '127.0.0.1'), ssl: false });
      const error = await refusal(given, `host=db.test port=${deafPort} connect_timeout=1`);
      expect(error).toBeInstanceOf(TimeoutError);
      // Half of it if the two addresses had to share it.
      const limits = error.message.match(/time-out of \d+ ms/g);
      expect(limits).toEqual(Array(2).fill('time-out of 1000 ms'));
    } finally {
      other.close();
    }
  });

  it.runIf(process.platform === 'linux')('are all tried when the first says nothing', async () => {
    const other = net.createServer(sayNothing);
    await new Promise<void>((resolve) => other.listen(cluster.port, '127.0.0.2', resolve));
    try {
      const given = options({
        host: 'db.test',
        port: cluster.port,
        lookup: lookup('127.0.0.2', '127.0.0.1'),
        timeout: 2_000,
      });
      expect(await portOf(given)).toBe(cluster.port);
      expect((await refusal({ ...given, database: 'nowhere' })).message).toContain('nowhere');
    } finally {
      other.close();
    }
  });

  it('are all tried when the network of the first is silent', async () => {
    const given = options({
      host: 'db.test',
      port: cluster.port,
      lookup: lookup('192.0.2.1', '127.0.0.1'),
    });
    expect(await portOf(given)).toBe(cluster.port);
  });

  it('are all in the error', async () => {
    const all = lookup('127.0.0.1', '127.0.0.2');
    const error = await refusal(options({ host: 'db.test', port: closedPort, lookup: all }));
    expect(error.message).toContain(`db.test:${closedPort} (127.0.0.1): `);
    expect(error.message).toContain(`db.test:${closedPort} (127.0.0.2): `);
  });

  it('may be one that the hook gives in place of a list', async () => {
    const one: LookupFunction = (_, __, callback) => callback(null, '127.0.0.1', 4);
    expect(await portOf(options({ host: 'db.test', port: cluster.port, lookup: one }))).toBe(
      cluster.port,
    );
  });

  it.each([[null], [undefined], [[]], [[null]], [['127.0.0.1']], [[{ address: 'db.test' }]]])(
    'are none where the hook, a moment later, gives %j',
    async (found) => {
      const odd = (_: unknown, __: unknown, callback: (...args: unknown[]) => void): void => {
        setTimeout(() => callback(null, found), 1);
      };
      const given = { host: 'db.test', timeout: 5000, lookup: odd as never as LookupFunction };
      const error = await refusal(options(given));
      expect(error).toBeInstanceOf(ConnectionFailureError);
      expect(error.message).toContain('looking up db.test gave no IP address');
    },
  );

  it('are not looked up for an address, a socket or with hostaddr', async () => {
    const hook = lookup('192.0.2.1');
    const { port, socketDirectory } = cluster;
    await portOf(options({ host: '127.0.0.1', port, lookup: hook }));
    await portOf(options({ host: socketDirectory, port, lookup: hook }));
    await portOf(options({ host: 'db.test', hostaddr: '127.0.0.1', port, lookup: hook }));
    expect(hook).not.toHaveBeenCalled();
  });

  it('that cannot be had are a connection failure with the reason', async () => {
    const reason = new Error('the name server is on fire');
    const failing: LookupFunction = (_, __, callback) => callback(reason, '', 0);
    const error = await refusal(options({ host: 'db.test', lookup: failing }));
    expect(error).toBeInstanceOf(ConnectionFailureError);
    expect(error.cause).toBe(reason);
    const throwing: LookupFunction = () => {
      throw reason;
    };
    expect((await refusal(options({ host: 'db.test', lookup: throwing }))).cause).toBe(reason);
    for (const nonsense of [lookup(), lookup('not an address')]) {
      const wrong = await refusal(options({ host: 'db.test', lookup: nonsense }));
      expect(wrong.message).toContain('gave no IP address');
    }
  });

  it('are waited for no longer than the time-out', async () => {
    const never: LookupFunction = () => {};
    const error = await refusal(options({ host: 'db.test', lookup: never, timeout: 150 }));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.message).toContain('db.test:5432 took too long, looking up its addresses');
    const host = ['db.test', '127.0.0.1'];
    expect(await portOf(options({ host, port: cluster.port, lookup: never, timeout: 1_000 }))).toBe(
      cluster.port,
    );
  });
});

describe('a dial function', () => {
  const toCluster: DialFunction = () => net.connect(cluster.port, '127.0.0.1');

  it('opens the stream to the host that it is told', async () => {
    const dial = vi.fn(toCluster);
    const given = options({ host: 'db.test', port: 7777, dial, ssl: 'disable' });
    expect(await portOf(given)).toBe(cluster.port);
    expect(dial).toHaveBeenCalledTimes(1);
    expect(dial).toHaveBeenCalledWith(expect.objectContaining({ host: 'db.test', port: 7777 }), {
      signal: expect.any(AbortSignal),
    });
  });

  it('may give any Duplex; TLS checks the name of the host over it', async () => {
    const dial: DialFunction = async () => {
      const socket = net.connect(cluster.port, '127.0.0.1');
      return Duplex.from({ readable: socket, writable: socket });
    };
    const dsn = `sslmode=verify-full sslrootcert=${authority.rootFile}`;
    await using connection = await connect(dsn, options({ host: 'db.test', dial }));
    expect(
      await connection.fetchVal('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'),
    ).toBe(true);
    const wide = 'x'.repeat(3_000_000);
    expect(await connection.fetchVal('SELECT $1::text', wide)).toBe(wide);
    await expect(connect(dsn, options({ host: 'other.test', dial }))).rejects.toThrow(/altnames/);
  });

  it('may come too late with anything', async () => {
    const failed = vi.fn<() => void>();
    process.on('unhandledRejection', failed);
    const late = new Promise((resolve) => setTimeout(resolve, 60, {}));
    const dial = (() => late) as never as DialFunction;
    const error = await refusal(options({ host: 'db.test', dial, timeout: 20 }));
    expect(error).toBeInstanceOf(TimeoutError);
    await late;
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off('unhandledRejection', failed);
    expect(failed).not.toHaveBeenCalled();
  });

  it('that fails is a connection failure, and the next host is tried', async () => {
    for (const nothing of [null, undefined, Object.create(null)]) {
      const dial = (): Promise<never> => Promise.reject(nothing);
      expect(await refusal(options({ host: 'db.test', dial }))).toBeInstanceOf(
        ConnectionFailureError,
      );
    }
    const reason = new Error('the tunnel has caved in');
    const error = await refusal(options({ host: 'db.test', dial: () => Promise.reject(reason) }));
    expect(error).toBeInstanceOf(ConnectionFailureError);
    expect(error.cause).toBe(reason);
    expect(error.message).toContain('db.test:5432: the tunnel has caved in');
    const dial: DialFunction = (host, how) => {
      if (host.host === 'db1.test') throw reason;
      return toCluster(host, how);
    };
    expect(await portOf(options({ host: 'db1.test,db2.test', dial }))).toBe(cluster.port);
  });

  it('may give a socket that fails only later', async () => {
    const dial: DialFunction = () => net.connect(closedPort, '127.0.0.1');
    const error = await refusal(options({ host: 'db.test', dial }));
    expect(error).toBeInstanceOf(ConnectionFailureError);
    expect(error.cause).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('may give a stream that has ended before it is used', async () => {
    const destroyed = new Duplex({ read() {}, write() {} }).destroy();
    const ended = new Duplex({ allowHalfOpen: true, read() {}, write() {} });
    ended.resume().push(null);
    const reason = new Error('the tunnel has caved in');
    const failed = new Duplex({ read() {}, write() {} }).on('error', () => {}).destroy(reason);
    await new Promise((resolve) => setTimeout(resolve, 5));
    for (const stream of [destroyed, ended, failed]) {
      const error = await refusal(options({ host: 'db.test', dial: () => stream, timeout: 2_000 }));
      expect(error).toBeInstanceOf(ConnectionFailureError);
      expect(error.message).toMatch(/db\.test:5432: .*(has ended|caved in)/);
      expect(stream.destroyed).toBe(true);
    }
  });

  it('that gives no stream is refused', async () => {
    for (const nothing of [null, {}, 'stream']) {
      const dial = (() => nothing) as unknown as DialFunction;
      expect(await refusal(options({ host: 'db.test', dial }))).toBeInstanceOf(InterfaceError);
    }
  });

  it('is waited for no longer than the time-out, and what it gives later is destroyed', async () => {
    let aborted: AbortSignal | null = null;
    let deliver: (stream: Duplex) => void = () => {};
    const dial: DialFunction = (_, { signal }) => {
      aborted = signal;
      return new Promise((resolve) => {
        deliver = resolve;
      });
    };
    const error = await refusal(options({ host: 'db.test', dial, timeout: 150 }));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.message).toContain('db.test:5432 took too long, connecting');
    expect(aborted).toMatchObject({ aborted: true, reason: expect.any(TimeoutError) });
    const late = new Duplex({ read() {}, write() {} });
    deliver(late);
    await expect.poll(() => late.destroyed).toBe(true);
  });

  it('is used for a cancellation as well', async () => {
    const dial = vi.fn(toCluster);
    await using connection = await connect(options({ host: 'db.test', dial, ssl: 'disable' }));
    await expect(connection.execute({ text: 'SELECT pg_sleep(60)', timeout: 100 })).rejects.toThrow(
      TimeoutError,
    );
    expect(await connection.fetchVal('SELECT 1')).toBe(1);
    expect(dial).toHaveBeenCalledTimes(2);
  });
});

describe('a signal', () => {
  it('ends connecting with its reason, wherever it is', async () => {
    const aborted = AbortSignal.abort('never mind');
    expect(await refusal({ ...ports(cluster.port), signal: aborted })).toBe('never mind');
    const abort = new AbortController();
    const attempt = refusal({ ...ports(deafPort, cluster.port), signal: abort.signal });
    await expect.poll(() => deafSockets.size).toBe(1);
    abort.abort();
    expect(await attempt).toMatchObject({ name: 'AbortError' });
  });

  it('ends waiting for a password function', async () => {
    const abort = new AbortController();
    const password = () => {
      abort.abort();
      return new Promise<string>(() => {});
    };
    const error = await refusal({ ...ports(cluster.port), password, signal: abort.signal });
    expect(error).toMatchObject({ name: 'AbortError' });
  });

  it('that does not abort has no effect, and that is none is refused', async () => {
    const { signal } = new AbortController();
    await using connection = await connect({ ...ports(cluster.port), signal });
    expect(await connection.fetchVal('SELECT 1')).toBe(1);
    const error = await refusal({ ...ports(cluster.port), signal: {} as AbortSignal });
    expect(error).toBeInstanceOf(ClientConfigurationError);
  });
});

it('a cancellation reaches the very address of a name that the session has', async () => {
  const addresses = ['127.0.0.2', '127.0.0.1'];
  const lookup = vi.fn<LookupFunction>((_, __, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: 4 })),
    ),
  );
  await using connection = await connect(options({ host: 'db.test', port: cluster.port, lookup }));
  await expect(connection.execute({ text: 'SELECT pg_sleep(60)', timeout: 100 })).rejects.toThrow(
    TimeoutError,
  );
  expect(await connection.fetchVal('SELECT 1')).toBe(1);
  expect(lookup).toHaveBeenCalledTimes(1);
});
