import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Pool } from '../../../src/index.ts';
import { type PgOutputSink, readPgOutput } from '../../../src/protocol/replication/pgoutput.ts';
import { until } from './logical-cluster.ts';

const PROGRAM = path.join(import.meta.dirname, 'run-consumer.ts');

/** A process that consumes a change stream: `run-consumer.ts`. */
export class Consumer {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #transactions = 0;
  #errors = '';

  /** @param args the DSN, the slot, the publication, and how it keeps what it got */
  constructor(...args: readonly string[]) {
    this.#child = spawn(process.execPath, [PROGRAM, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#ended = once(this.#child, 'close');
    createInterface(this.#child.stdout!).on('line', () => {
      this.#transactions += 1;
    });
    this.#child.stderr!.on('data', (data) => {
      this.#errors += data;
    });
  }

  /** Resolves when it has processed so many transactions. */
  async processed(count: number): Promise<void> {
    await until(async () => {
      const { exitCode, signalCode } = this.#child;
      if (exitCode !== null || signalCode !== null) {
        throw new Error(`the consumer has ended: ${this.#errors}`);
      }
      return this.#transactions >= count;
    });
  }

  /** Resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
    if (this.#child.signalCode !== 'SIGKILL') {
      throw new Error(`the consumer has ended by itself: ${this.#errors}`);
    }
  }
}

/** The ids of the inserted rows that a slot would still send. Nobody may stream from it. */
export async function idsInSlot(pool: Pool, slot: string, publication: string): Promise<number[]> {
  await until(async () => {
    const active = await pool.fetchVal(
      'SELECT active FROM pg_replication_slots WHERE slot_name = $1',
      slot,
    );
    return active === false;
  });
  const messages = await pool.fetch<{ data: Buffer }>(
    `SELECT data FROM pg_logical_slot_peek_binary_changes($1, NULL, NULL,
      'proto_version', '1', 'publication_names', $2)`,
    slot,
    publication,
  );
  const ids: number[] = [];
  const sink = new Proxy({} as PgOutputSink, {
    get: (_, name) => (name === 'insert' ? takeId : () => {}),
  });
  function takeId(_oid: number, _xid: number, buffer: Buffer, at: number): void {
    // 'N', the count of columns, 't', the length of the first and its text.
    const length = buffer.readInt32BE(at + 4);
    ids.push(Number(buffer.toString('latin1', at + 8, at + 8 + length)));
  }
  for (const { data } of messages) readPgOutput(data, 0, data.length, false, sink);
  return ids;
}

/** Ids that lie next to each other as one text: what a failed check prints has to be read. */
export function ranges(ids: readonly number[]): string[] {
  const found: [number, number][] = [];
  for (const id of ids) {
    const last = found.at(-1);
    if (last !== undefined && last[1] === id - 1) last[1] = id;
    else found.push([id, id]);
  }
  return found.map(([first, last]) => `${first} to ${last}`);
}
