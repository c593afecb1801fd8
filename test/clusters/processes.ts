/** The processes of one run, as a user who is not root, in one temporary folder: all end with the run. */
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { findServerUser } from '../../src/cluster/server-user.ts';
import { sleep } from '../support/pool.ts';

export class Processes implements AsyncDisposable {
  readonly folder: string;
  readonly #user: Awaited<ReturnType<typeof findServerUser>>;
  readonly #running = new Set<ChildProcess>();
  /** Folders with a server that somebody else has started, who may be gone. */
  readonly #servers: string[] = [];

  private constructor(folder: string, user: Awaited<ReturnType<typeof findServerUser>>) {
    this.folder = folder;
    this.#user = user;
    // Ended from outside, it still ends what it has started.
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => process.exit(1));
    process.once('exit', () => {
      for (const child of this.#running) child.kill('SIGKILL');
    });
  }

  static async create(): Promise<Processes> {
    const user = await findServerUser();
    const processes = new Processes(await mkdtemp('/tmp/asyncpg-clusters-'), user);
    await processes.#own(processes.folder);
    await chmod(processes.folder, 0o755);
    return processes;
  }

  async #own(file: string): Promise<void> {
    if (this.#user !== null) await chown(file, this.#user.uid, this.#user.gid);
  }

  async folderOf(name: string): Promise<string> {
    const folder = path.join(this.folder, name);
    await mkdir(folder, { mode: 0o700 });
    await this.#own(folder);
    return folder;
  }

  async write(name: string, text: string): Promise<string> {
    const file = path.join(this.folder, name);
    await writeFile(file, text, { mode: 0o600 });
    await this.#own(file);
    return file;
  }

  /** A server's data directory, whose server is ended with the run. */
  watch(dataDirectory: string): void {
    this.#servers.push(dataDirectory);
  }

  start(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const log = path.join(this.folder, `${path.basename(file)}.log`);
    const child = spawn(file, args, {
      cwd: this.folder,
      env: { ...process.env, HOME: this.folder, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(this.#user === null ? {} : { uid: this.#user.uid, gid: this.#user.gid }),
    });
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on('data', (chunk: Buffer) => appendFileSync(log, chunk));
    }
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    return child;
  }

  /** Runs a program to its end. */
  async run(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const child = this.start(file, args, env);
    let output = '';
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    }
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code !== 0) throw new Error(`${file} ${args.join(' ')} has failed:\n${output}`);
    return output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const leaving = [...this.#running].map(
      (child) => new Promise((resolve) => child.once('exit', resolve)),
    );
    for (const child of this.#running) {
      child.kill('SIGCONT');
      child.kill('SIGTERM');
    }
    await Promise.race([Promise.all(leaving), sleep(15_000)]);
    for (const child of this.#running) child.kill('SIGKILL');
    for (const folder of this.#servers) {
      const pid = await postmaster(folder);
      if (pid !== null) kill(pid, 'SIGQUIT');
    }
    await sleep(500);
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The process of the server of a data directory, if one has been started. */
export async function postmaster(dataDirectory: string): Promise<number | null> {
  const file = await readFile(path.join(dataDirectory, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number.parseInt(file, 10);
  return Number.isNaN(pid) ? null : pid;
}

/** A process and all that it has started. */
export async function family(pid: number): Promise<number[]> {
  const file = `/proc/${pid}/task/${pid}/children`;
  const text = await readFile(file, 'utf8').catch(() => '');
  const children = text.split(' ').filter(Boolean).map(Number);
  const below = await Promise.all(children.map(family));
  return [pid, ...below.flat()];
}

export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone already.
  }
}
