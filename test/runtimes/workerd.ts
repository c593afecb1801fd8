import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

/** Which server a Worker is to reach, and whose certificates it trusts. */
interface WorkerTarget {
  readonly dsn: string;
  readonly ca: string | null;
}

/** Runs the checks in a Worker, under Cloudflare's own runtime, and gives the lines that it answers. */
export async function runWorker(executable: string, { dsn, ca }: WorkerTarget): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'asyncpg-worker-'));
  try {
    const input = fileURLToPath(new URL('worker.mjs', import.meta.url));
    const bundle = await rolldown({
      input,
      platform: 'node',
      external: /^cloudflare:/,
      tsconfig: false,
      logLevel: 'silent',
    });
    await bundle.write({ file: path.join(folder, 'worker.mjs'), codeSplitting: false });
    const port = await freePort();
    await writeFile(path.join(folder, 'config.capnp'), configuration(port, dsn, ca));
    const child = spawn(executable, ['serve', 'config.capnp'], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    const exit = once(child, 'exit');
    try {
      const lines = await answer(`http://127.0.0.1:${port}/`);
      return lines.startsWith('{') ? lines : `${lines}\n${errors}`;
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : error}\n${errors}`);
    } finally {
      child.kill();
      await exit;
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

function configuration(port: number, dsn: string, ca: string | null): string {
  const trust = ca === null ? '' : `, tlsOptions = (trustedCertificates = [${JSON.stringify(ca)}])`;
  return `
    using Workerd = import "/workerd/workerd.capnp";
    const config :Workerd.Config = (
      services = [
        (name = "main", worker = .main),
        (name = "internet", network = (allow = ["public", "private"]${trust})),
      ],
      sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]
    );
    const main :Workerd.Worker = (
      modules = [(name = "main", esModule = embed "worker.mjs")],
      compatibilityDate = "2026-11-01",
      compatibilityFlags = ["nodejs_compat"],
      bindings = [(name = "DSN", text = ${JSON.stringify(dsn)})]
    );`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** It takes a moment until the runtime listens. */
async function answer(url: string): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(url);
      return await response.text();
    } catch (error) {
      if (attempt === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}
