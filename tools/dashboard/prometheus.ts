import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';

/** One line of a panel: its labels, and its values by seconds since 1970. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [time: number, value: string])[];
}

/** A Prometheus that asks this process for its metrics each second. Debian's package of the name. */
export class Prometheus implements AsyncDisposable {
  readonly #folder = mkdtempSync(path.join(os.tmpdir(), 'asyncpg-prometheus-'));
  readonly #source: ReturnType<typeof createServer>;
  readonly #process: ChildProcess;
  readonly #address: string;

  private constructor(source: ReturnType<typeof createServer>, port: number) {
    this.#source = source;
    this.#address = `http://127.0.0.1:${port}`;
    const { port: target } = source.address() as AddressInfo;
    const config = path.join(this.#folder, 'prometheus.yml');
    writeFileSync(
      config,
      `global: { scrape_interval: 1s }
scrape_configs: [{ job_name: asyncpg, static_configs: [{ targets: ['127.0.0.1:${target}'] }] }]`,
    );
    this.#process = spawn(
      'prometheus',
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${path.join(this.#folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: 'ignore' },
    );
  }

  /** @param collect gives the metrics as text */
  static async start(collect: () => Promise<string>): Promise<Prometheus> {
    const source = createServer(async (_request, answer) => {
      answer.setHeader('content-type', 'text/plain; version=0.0.4');
      answer.end(await collect());
    });
    source.listen(0, '127.0.0.1');
    await once(source, 'listening');
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as AddressInfo;
    probe.close();
    await once(probe, 'close');
    return new Prometheus(source, port);
  }

  /** What a query comes to from one moment to another, in seconds since 1970. */
  async range(query: string, start: number, end: number): Promise<Series[]> {
    const words = new URLSearchParams({ query, start: String(start), end: String(end), step: '1' });
    const answer = await fetch(`${this.#address}/api/v1/query_range?${words}`);
    const { status, data, error } = (await answer.json()) as {
      status: string;
      data: { result: Series[] };
      error?: string;
    };
    if (status !== 'success') throw new Error(`${query}: ${error}`);
    return data.result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill();
    await once(this.#process, 'exit');
    this.#source.closeAllConnections();
    this.#source.close();
    rmSync(this.#folder, { recursive: true });
  }
}
