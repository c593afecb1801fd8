import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { findBinaries } from '../../src/cluster/binaries.ts';
import { ClusterError, TempCluster } from '../../src/cluster/index.ts';

/** Everything that the tests make goes below a folder of their own, so that leftovers are seen. */
let root: string;

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'cluster-test-'));
  await chmod(root, 0o755);
});

beforeEach(() => {
  vi.stubEnv('TMPDIR', root);
});

afterAll(async () => {
  await rm(root, { recursive: true, force: true });
});

/** What is there now, but for copies of binaries, which are meant to stay. */
async function leftovers(): Promise<string[]> {
  const names = await readdir(root);
  return names.filter((name) => !name.startsWith('asyncpg-postgres-'));
}

async function ask(dsn: string, query: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: dsn });
  await client.connect();
  try {
    const result = await client.query<unknown[]>({ text: query, rowMode: 'array' });
    return result.rows[0]?.[0];
  } finally {
    await client.end();
  }
}

function refusesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', () => resolve(true));
  });
}

describe('a temporary cluster', () => {
  const note = 'it\'s a "\\back\\slash" — ü\nand a line';
  let cluster: TempCluster;

  beforeAll(async () => {
    const settings = { max_connections: 7, enable_seqscan: false, 'my.note': note };
    vi.stubEnv('TMPDIR', root);
    cluster = await TempCluster.start({ version: 18, settings, files: { 'note.txt': 'hello' } });
  });

  afterAll(() => cluster.stop());

  test('accepts the superuser at its dsn and through its Unix socket', async () => {
    expect(await ask(cluster.dsn, 'SELECT current_user')).toBe('postgres');
    const { port, socketDirectory } = cluster;
    const client = new pg.Client({ host: socketDirectory, port, user: cluster.superuser });
    await client.connect();
    await client.end();
  });

  test('holds UTF-8 text in the C locale and is of the version it reports', async () => {
    expect(await ask(cluster.dsn, 'SHOW server_encoding')).toBe('UTF8');
    expect(await ask(cluster.dsn, 'SELECT datcollate FROM pg_database LIMIT 1')).toBe('C');
    expect(cluster.version).toMatch(/^18\./);
    expect(await ask(cluster.dsn, 'SHOW server_version')).toBe(cluster.version);
  });

  test('listens on the loopback interface alone', async () => {
    expect(await ask(cluster.dsn, 'SHOW listen_addresses')).toBe('127.0.0.1');
  });

  test('never runs as root', async () => {
    expect((await stat(cluster.dataDirectory)).uid).not.toBe(0);
  });

  test('takes settings, whatever characters they have', async () => {
    expect(await ask(cluster.dsn, 'SHOW max_connections')).toBe('7');
    expect(await ask(cluster.dsn, 'SHOW enable_seqscan')).toBe('off');
    expect(await ask(cluster.dsn, 'SHOW my.note')).toBe(note);
  });

  test('puts files into the data directory for the server alone to read', async () => {
    expect(await ask(cluster.dsn, "SELECT pg_read_file('note.txt')")).toBe('hello');
    const file = await stat(path.join(cluster.dataDirectory, 'note.txt'));
    expect(file.mode & 0o777).toBe(0o600);
    expect(file.uid).toBe((await stat(cluster.dataDirectory)).uid);
  });

  test('keeps its port and data over a restart, which may change settings', async () => {
    const { dsn, pid } = cluster;
    await ask(dsn, 'CREATE TABLE t AS SELECT 5 AS n');
    await cluster.restart({ settings: { work_mem: '8MB' } });
    expect(cluster.dsn).toBe(dsn);
    expect(cluster.pid).not.toBe(pid);
    expect(await ask(dsn, 'SELECT n FROM t')).toBe(5);
    expect(await ask(dsn, 'SHOW work_mem')).toBe('8MB');
    expect(await ask(dsn, 'SHOW max_connections')).toBe('7');
  });
});

describe('starting and stopping a temporary cluster', () => {
  test('refuses settings that it chooses itself, and names that are none', async () => {
    const outside = { max_connections: 9 } as object;
    await expect(TempCluster.start(outside)).rejects.toThrow(/"max_connections": settings of/);
    await expect(TempCluster.start({ settings: { Port: 5432 } })).rejects.toThrow(/Port is chosen/);
    await expect(TempCluster.start({ settings: { 'a b': 1 } })).rejects.toThrow(/"a b" is not/);
    expect(await leftovers()).toEqual([]);
  });

  test.each([
    [{ settings: { work_mem: undefined } }, /work_mem must be a text, a number, true or false/],
    [{ settings: { work_mem: ['1MB'] } }, /work_mem must be/],
    [{ version: '18' }, /version: expected a number such as 18, got "18"/],
    [{ hba: 'local all all trust' }, /hba: expected a list of the lines/],
    [{ hba: [5] }, /hba: expected/],
    [{ files: { 'a.txt': 5 } }, /the content of "a\.txt" must be text or bytes/],
  ])('refuses %j before anything is made', async (options, message) => {
    const error = await TempCluster.start(options as object).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ClusterError);
    expect((error as ClusterError).message).toMatch(message);
    expect((error as ClusterError).log).toBe('');
  });

  test('takes the lines of pg_hba.conf', async () => {
    const hba = ['local all all trust', 'host all nosuch 127.0.0.1/32 trust'];
    await using cluster = await TempCluster.start({ hba });
    await expect(ask(cluster.dsn, 'SELECT 1')).rejects.toThrow(/no pg_hba.conf entry/);
    await cluster.restart({ hba: ['host all all 127.0.0.1/32 trust'] });
    expect(await ask(cluster.dsn, 'SELECT 1')).toBe(1);
  });

  test('refuses a file outside of the data directory', async () => {
    const start = TempCluster.start({ files: { '../note.txt': '' } });
    await expect(start).rejects.toThrow(/must be a name without a folder/);
    expect(existsSync(path.join(root, 'note.txt'))).toBe(false);
  });

  test('leaves nothing behind when it is stopped, however often', async () => {
    const cluster = await TempCluster.start();
    const { port } = cluster;
    await Promise.all([cluster.stop(), cluster.stop()]);
    await cluster.stop();
    expect(await refusesConnections(port)).toBe(true);
    expect(await leftovers()).toEqual([]);
    await expect(cluster.restart()).rejects.toThrow(/stopped/);
    await expect(cluster.promote()).rejects.toThrow('the cluster is stopped');
    expect(() => cluster.pid).toThrow(/stopped/);
  });

  test('leaves nothing behind when it is stopped while it is restarted, however often', async () => {
    const cluster = await TempCluster.start();
    const { dsn, port } = cluster;
    await Promise.all([
      cluster.restart({ settings: { work_mem: '7MB' } }),
      cluster.restart({ settings: { temp_buffers: '9MB' } }),
    ]);
    expect(
      await ask(dsn, "SELECT current_setting('work_mem') || current_setting('temp_buffers')"),
    ).toBe('7MB9MB');
    const restarted = cluster.restart();
    await Promise.all([restarted.catch(() => {}), cluster.stop()]);
    expect(await refusesConnections(port)).toBe(true);
    expect(await leftovers()).toEqual([]);
  });

  test('tells the end of the log when the server does not come up, and leaves nothing', async () => {
    const start = TempCluster.start({ settings: { max_connections: 'many' } });
    const error: unknown = await start.then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ClusterError);
    expect((error as ClusterError).message).toMatch(/ended before accepting connections/);
    expect((error as ClusterError).log).toMatch(/invalid value for parameter "max_connections"/);
    expect(await leftovers()).toEqual([]);
  });

  test('names what was found when no installation has the wanted version', async () => {
    const start = TempCluster.start({ version: 9 });
    await expect(start).rejects.toThrow(/no PostgreSQL 9 .* PostgreSQL 18\.\d+/);
  });

  test('looks nowhere but in the binDir that is given', async () => {
    await expect(TempCluster.start({ binDir: root })).rejects.toThrow(/has no runnable initdb/);
    const { binDir } = await findBinaries({ version: 18 });
    expect(await findBinaries({ binDir })).toMatchObject({ binDir, major: 18 });
  });
});

describe.runIf(process.getuid?.() === 0)('started by root', () => {
  test('runs binaries from a folder that only root may enter', async () => {
    const { binDir } = await findBinaries({ version: 18 });
    const closed = path.join(root, 'closed');
    await cp(path.dirname(binDir), closed, { recursive: true, verbatimSymlinks: true });
    await chmod(closed, 0o700);
    const options = { binDir: path.join(closed, 'bin') };

    const first = await TempCluster.start(options);
    expect(await ask(first.dsn, 'SELECT 1')).toBe(1);
    expect(first.binDir.startsWith(closed)).toBe(false);
    const second = await TempCluster.start(options);
    expect(second.binDir).toBe(first.binDir);
    await Promise.all([first.stop(), second.stop()]);

    // A copy that somebody else may have changed is not believed.
    await chmod(path.dirname(first.binDir), 0o777);
    await expect(TempCluster.start(options)).rejects.toThrow(/no copy can be made/);
    await rm(closed, { recursive: true });
    await rm(path.dirname(first.binDir), { recursive: true });
  });
});

describe('a program with a temporary cluster', () => {
  const children: ChildProcess[] = [];

  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  function run(name: string): ChildProcess {
    const file = fileURLToPath(new URL(`programs/${name}`, import.meta.url));
    const child = spawn(process.execPath, [file], {
      env: { ...process.env, TMPDIR: root, NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    return child;
  }

  async function whereabouts(child: ChildProcess): Promise<{ port: number; folder: string }> {
    const [line] = (await once(child.stdout ?? child, 'data')) as [Buffer];
    return JSON.parse(line.toString('utf8')) as { port: number; folder: string };
  }

  test('ends by itself when it forgets to stop it, and leaves nothing behind', async () => {
    const child = run('start-and-end.ts');
    const { port } = await whereabouts(child);
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(0);
    await vi.waitFor(async () => expect(await leftovers()).toEqual([]), 20_000);
    await vi.waitFor(async () => expect(await refusesConnections(port)).toBe(true), 20_000);
  });

  test.each(['SIGKILL', 'SIGINT', 'SIGTERM'] as const)(
    'leaves nothing behind when it is ended by %s',
    async (signal) => {
      const child = run('start-and-wait.ts');
      const { port, folder } = await whereabouts(child);
      expect(await leftovers()).toEqual([path.basename(folder)]);
      child.kill(signal);
      await vi.waitFor(async () => expect(await leftovers()).toEqual([]), 20_000);
      await vi.waitFor(async () => expect(await refusesConnections(port)).toBe(true), 20_000);
    },
  );

  test('leaves nothing behind when it is killed while the cluster is being made', async () => {
    const child = run('start-and-wait.ts');
    await vi.waitFor(
      async () => {
        const [folder = ''] = await leftovers();
        expect(await readdir(path.join(root, folder))).toContain('data');
      },
      { timeout: 20_000, interval: 5 },
    );
    child.kill('SIGKILL');
    await vi.waitFor(async () => expect(await leftovers()).toEqual([]), 20_000);
  });
});
