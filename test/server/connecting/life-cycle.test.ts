import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { promisify } from 'node:util';
import { expect, it, onTestFinished, vi } from 'vitest';
import {
  ConnectionDoesNotExistError,
  connect,
  InterfaceError,
  TimeoutError,
} from '../../../src/index.ts';
import { collect, describeEach, failure, open } from '../../support/connections.ts';
import { serverDsn, testServer } from '../../support/servers/server.ts';

/** The state of a connection that is open, in /proc/net/tcp. */
const ESTABLISHED = '01';

/**
 * The timer of a TCP connection that begins at a local port, as Linux shows it, and the seconds
 * until it fires: 2 is that of keepalive, 0 none.
 */
function tcpTimer(port: number): { timer: number; seconds: number } | null {
  const local = port.toString(16).toUpperCase().padStart(4, '0');
  for (const line of readFileSync('/proc/net/tcp', 'latin1').split('\n')) {
    const [, address, , state, , due] = line.trim().split(/\s+/);
    // The port may have been another connection's a moment ago, which is in TIME_WAIT.
    if (!address?.endsWith(`:${local}`) || state !== ESTABLISHED) continue;
    const [timer, when] = due!.split(':').map((field) => Number.parseInt(field, 16));
    return { timer: timer!, seconds: when! / 100 };
  }
  return null;
}

/** What the handles of all of Node's TCP sockets have in common. */
async function tcpHandle(): Promise<unknown> {
  const { host, port } = testServer();
  const socket = net.connect({ host, port });
  await once(socket, 'connect');
  const { _handle } = socket as unknown as { _handle: object };
  socket.destroy();
  return Object.getPrototypeOf(_handle);
}

/** A way to the server that can be made to swallow everything. */
class Gate {
  #open = true;
  readonly dial = (): net.Socket => {
    const { host, port } = testServer();
    const socket = net.connect({ host, port });
    const { write, emit, end } = socket;
    const gated =
      <A extends unknown[], R>(call: (...args: A) => R, shut: R) =>
      (...args: A): R =>
        this.#open || args[0] === 'close' ? call.apply(socket, args) : shut;
    socket.write = gated(write as (...args: unknown[]) => boolean, true) as typeof write;
    socket.end = gated(end as (...args: unknown[]) => net.Socket, socket) as typeof end;
    socket.emit = gated(emit as (...args: unknown[]) => boolean, true) as typeof emit;
    return socket;
  };
  shut(): void {
    this.#open = false;
  }
}

describeEach('the life of a connection', (version) => {
  it.runIf(process.platform === 'linux').each([
    [undefined, 60],
    [5_000, 5],
    [1, 1],
    [false, null],
  ])('with keepAlive %j, a silent one is probed after %j seconds', async (keepAlive, seconds) => {
    const c = await open(version, { keepAlive });
    const port = await c.fetchVal<number>('SELECT inet_client_port()');
    const timer = () => tcpTimer(port!)?.timer;
    await expect.poll(timer).toBe(seconds === null ? 0 : 2);
    if (seconds === null) return;
    expect(tcpTimer(port!)!.seconds).toBeGreaterThan(seconds - 4);
    expect(tcpTimer(port!)!.seconds).toBeLessThanOrEqual(seconds);
  });

  it.runIf(process.platform === 'linux')(
    'with keepalives_idle=0, a silent one is probed when the system does it',
    async () => {
      const c = await connect(`${serverDsn(version)}?keepalives_idle=0`);
      onTestFinished(() => c.terminate());
      const port = await c.fetchVal<number>('SELECT inet_client_port()');
      await expect.poll(() => tcpTimer(port!)?.timer).toBe(2);
      const usual = Number(readFileSync('/proc/sys/net/ipv4/tcp_keepalive_time', 'latin1'));
      expect(tcpTimer(port!)!.seconds).toBeGreaterThan(usual - 4);
    },
  );

  it('with keepalives_interval and keepalives_count, they are the system’s for the socket', async () => {
    const handle = (await tcpHandle()) as { setKeepAlive(...args: unknown[]): void };
    const setKeepAlive = vi.spyOn(handle, 'setKeepAlive');
    onTestFinished(() => setKeepAlive.mockRestore());
    const calls = async (query: string): Promise<unknown[]> => {
      setKeepAlive.mockClear();
      const c = await connect(`${serverDsn(version)}?${query}`);
      c.terminate();
      return setKeepAlive.mock.calls.map((args) => args.map(Number));
    };
    const both = 'keepalives_interval=7&keepalives_count=3';
    expect((await calls(both)).at(-1)).toEqual([1, 60, 7, 3]);
    expect((await calls('keepalives_idle=5&keepalives_count=4')).at(-1)).toEqual([1, 5, 1, 4]);
    expect(await calls(`keepalives=0&${both}`)).toEqual([]);
  });

  it('sends small messages at once: TCP_NODELAY is set', async () => {
    // Below Node's API, which has no way to ask for it.
    const handle = (await tcpHandle()) as { setNoDelay(on: boolean): void };
    const setNoDelay = vi.spyOn(handle, 'setNoDelay');
    onTestFinished(() => setNoDelay.mockRestore());
    await open(version);
    expect(setNoDelay.mock.calls).toEqual([[true]]);
  });

  it('has a process ID, a version and settings that follow the server', async () => {
    const c = await open(version, { applicationName: 'life' });
    expect(c.serverPid).toBe(await c.fetchVal('SELECT pg_backend_pid()'));
    expect(c.serverVersion.major).toBe(version);
    expect(c.serverVersion).toMatchObject({ minor: 0, releaselevel: 'final', serial: 0 });
    expect(c.settings['application_name']).toBe('life');
    expect(c.settings['server_encoding']).toBe('UTF8');
    await c.execute("SET application_name = 'other'");
    expect(c.settings['application_name']).toBe('other');
    expect(Object.getPrototypeOf(c.settings)).toBeNull();
  });

  it('ends with close after the calls that were made, and refuses further ones', async () => {
    const c = await open(version);
    const calls = [c.fetchVal('SELECT pg_sleep(0.05)::text'), c.fetchVal('SELECT 2')];
    const closing = c.close();
    expect(c.isClosed).toBe(true);
    for (const call of [
      () => c.fetch('SELECT 1'),
      () => c.execute('SELECT 1'),
      () => c.executeMany('SELECT $1::int4', [[1]]),
      () => c.prepare('SELECT 1'),
      () => c.transaction(async () => {}),
      () => c.begin(),
      () => c.reset(),
      () => c.batch(['SELECT 1']),
      () => c.notify('x'),
      () => c.stream('SELECT 1').next(),
      () => c.copyFromTable('t', { output: () => {} }),
      () => c.reloadSchemaState(),
      async () => c.isInTransaction(),
    ]) {
      const error = await failure<InterfaceError>(call());
      expect(error).toBeInstanceOf(InterfaceError);
      expect(error.message).toContain('closed');
      expect(error.safeToRetry).toBe(true);
    }
    expect(await Promise.all(calls)).toEqual(['', 2]);
    await closing;
    await c.close();
    await c[Symbol.asyncDispose]();
    c.terminate();
  });

  it('closes after calls that take several steps: transactions, and what waits for one', async () => {
    const c = await open(version);
    let goOn!: () => void;
    const paused = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const transaction = c.transaction({ settings: { 'life.step': 'one' } }, async (tx) => {
      const step = await tx.fetchVal("SELECT current_setting('life.step')");
      await paused;
      return [step, await tx.fetchVal('SELECT 2'), await c.fetchVal('SELECT 3')];
    });
    const calls = [
      transaction,
      c.with({ settings: { 'life.step': 'four' } }).fetchVal("SELECT current_setting('life.step')"),
      c.setTypeCodec('numeric', { schema: 'pg_catalog', decoder: Number, encoder: String }),
      c.fetchVal('SELECT 5'),
    ];
    const closing = c.close();
    await c
      .transaction(async () => {})
      .catch((error: Error) => expect(error.message).toContain('closed'));
    goOn();
    expect(await Promise.all(calls)).toEqual([['one', 2, 3], 'four', undefined, 5]);
    await closing;
    const other = await open(version);
    const begun = other.begin();
    const step = failure<InterfaceError>(begun.then((tx) => tx.fetchVal('SELECT 1')));
    await other.close();
    // It is not its call any more that keeps it open.
    expect(await step).toMatchObject({ safeToRetry: true });
  });

  it('is closed inside of a transaction’s function, also where a close waits for that', async () => {
    for (const isClosing of [false, true]) {
      const c = await open(version);
      const closings: Promise<void>[] = [];
      const transaction = failure(
        c.transaction(async (tx) => {
          await tx.execute('SELECT 1');
          if (isClosing) await expect.poll(() => closings.length, { interval: 1 }).toBe(1);
          await c.close();
          await tx.execute('SELECT 2');
        }),
      );
      if (isClosing) setImmediate(() => closings.push(c.close()));
      expect(await transaction).toMatchObject({ message: 'the connection is closed' });
      await Promise.all(closings);
    }
  });

  it('is over on the server, too, when close resolves', async () => {
    const observer = await open(version);
    for (let i = 0; i < 20; i++) {
      const c = await open(version);
      const { serverPid } = c;
      await c.close();
      const alive = 'SELECT count(*) FROM pg_stat_activity WHERE pid = $1';
      await expect.poll(() => observer.fetchVal(alive, serverPid)).toBe(0n);
    }
  });

  it('closes at the end of its block', async () => {
    let kept: Awaited<ReturnType<typeof connect>>;
    {
      await using c = await connect(serverDsn(version));
      kept = c;
      expect(await c.fetchVal('SELECT 1')).toBe(1);
    }
    expect(kept.isClosed).toBe(true);
  });

  it('closes within the time that it is given, or is terminated', async () => {
    const c = await open(version);
    // The server works on when its client is gone.
    const running = failure(c.fetch('SELECT pg_sleep(5)'));
    const error = await failure(c.close({ timeout: 50 }));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(await running).toBeInstanceOf(ConnectionDoesNotExistError);
    const quick = await open(version);
    await quick.close({ timeout: 10_000 });
  });

  it.skipIf(version !== 18)('closes on a network that swallows everything', async () => {
    for (const busy of [false, true]) {
      const gate = new Gate();
      const c = await connect(serverDsn(), { dial: gate.dial });
      onTestFinished(() => c.terminate());
      gate.shut();
      const running = busy ? failure(c.fetch('SELECT 1')) : null;
      expect(await failure(c.close({ timeout: 60 }))).toBeInstanceOf(TimeoutError);
      if (running !== null) expect(await running).toBeInstanceOf(ConnectionDoesNotExistError);
      expect(c.isClosed).toBe(true);
      const silent = new Gate();
      const other = await connect(serverDsn(), { dial: silent.dial });
      silent.shut();
      await other.close();
    }
  });

  it('terminates at once, and calls under way are told', async () => {
    const c = await open(version);
    const calls = [
      c.fetch('SELECT pg_sleep(60)'),
      c.fetch('SELECT 1'),
      collect(c.stream('SELECT 1')),
    ];
    const results = Promise.allSettled(calls);
    c.terminate();
    c.terminate();
    expect((await results).map(({ status }) => status)).toEqual(new Array(3).fill('rejected'));
    await expect(c.fetch('SELECT 1')).rejects.toThrow(InterfaceError);
    await c.close();
  });

  it('ends with the server, with its words', async () => {
    const observer = await open(version);
    const c = await open(version);
    await observer.fetch('SELECT pg_terminate_backend($1)', c.serverPid);
    await expect.poll(() => c.isClosed).toBe(true);
    const error = await failure(c.fetch('SELECT 1'));
    expect(error).toBeInstanceOf(InterfaceError);
    expect(error.message).toContain('terminating connection');
    await c.close();
  });

  it('keeps no process alive after close, terminate or unref', async () => {
    const program = (end: string) => `
      import { connect } from '${new URL('../../../src/index.ts', import.meta.url).href}';
      const c = await connect(${JSON.stringify(serverDsn(version))}, { commandTimeout: 60_000 });
      await c.fetch('SELECT 1');
      const late = c.fetch({ text: 'SELECT pg_sleep(60)', timeout: 20 }).catch(() => {});
      await late;
      ${end};
      console.log('ended');
    `;
    for (const end of ['await c.close()', 'c.terminate()', 'c.unref()']) {
      const run = promisify(execFile)(
        process.execPath,
        ['--input-type=module', '--eval', program(end)],
        { timeout: 15_000 },
      );
      expect((await run).stdout).toBe('ended\n');
    }
  });

  it('refuses to close within what is no time, and stays open', async () => {
    const c = await open(version);
    for (const timeout of [Number.NaN, '5' as never]) {
      await expect(c.close({ timeout })).rejects.toThrow('invalid timeout value');
    }
    expect(c.isClosed).toBe(false);
    expect(await c.fetchVal('SELECT 1')).toBe(1);
    await Promise.all([c.close({ timeout: 5_000 }), c.close({ timeout: 5_000 })]);
    expect(c.isClosed).toBe(true);
  });
});
