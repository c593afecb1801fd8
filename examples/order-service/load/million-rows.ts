/**
 * A CSV file of a million users up and down through the service, which must not need more memory for it
 * than for a small one. `npm run service:csv`, half a minute; another number of rows can be given:
 * `-- 5000000`. Exits with 1 if memory grows with the file, or a row is missing.
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { connect } from 'asyncpg';
import { findDatabase } from '../database.ts';
import { type Instance, startInstance } from './start-instance.ts';

const ROWS = Number(process.argv[2] ?? 1_000_000);
const FEW_ROWS = 50_000;
const CHUNK_ROWS = 1_000;
const HEADER = 'email,name,is_active\n';
/** What the service may need more than for few rows, in bytes: buffers on their way. */
const ALLOWANCE = 16 * 1024 * 1024;
/** How often memory is looked at, in milliseconds. */
const INTERVAL = 100;

interface Transfer {
  readonly bytes: number;
  readonly hash: string;
}

/** The file, a chunk at a time; what goes by is counted. */
function* csvFile(prefix: string, rows: number, progress: Progress): Generator<Buffer> {
  yield progress.count(Buffer.from(HEADER));
  for (let row = 0; row < rows; row += CHUNK_ROWS) {
    let text = '';
    for (let i = row; i < Math.min(rows, row + CHUNK_ROWS); i += 1) {
      text += `${prefix}${i}@example.com,"User, ${i}",t\n`;
    }
    yield progress.count(Buffer.from(text));
  }
}

/** What has gone by, shown on the terminal while it goes. */
class Progress {
  readonly #label: string;
  readonly #hash = createHash('sha256');
  readonly #started = performance.now();
  #shown = 0;
  #bytes = 0;

  constructor(label: string) {
    this.#label = label;
  }

  count(chunk: Buffer): Buffer {
    this.#bytes += chunk.length;
    this.#hash.update(chunk);
    if (process.stdout.isTTY && performance.now() - this.#shown > 100) {
      this.#shown = performance.now();
      process.stdout.write(`\r${this.#label}: ${megabytes(this.#bytes)} `);
    }
    return chunk;
  }

  end(): Transfer {
    const seconds = (performance.now() - this.#started) / 1000;
    const rate = megabytes(this.#bytes / seconds);
    const start = process.stdout.isTTY ? '\r' : '';
    console.log(
      `${start}${this.#label}: ${megabytes(this.#bytes)} in ${seconds.toFixed(1)} s, ${rate}/s`,
    );
    return { bytes: this.#bytes, hash: this.#hash.digest('hex') };
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** The most memory that the service had while something was done. */
async function peakDuring(instance: Instance, work: () => Promise<void>): Promise<number> {
  let most = 0;
  let done = false;
  const watch = async (): Promise<void> => {
    while (!done) {
      most = Math.max(most, await instance.ask('memory'));
      await new Promise((resolve) => setTimeout(resolve, INTERVAL));
    }
  };
  const watching = watch();
  try {
    await work();
  } finally {
    done = true;
    await watching;
  }
  return most;
}

async function upload(address: string, prefix: string, rows: number): Promise<Transfer> {
  const progress = new Progress(`${rows.toLocaleString('en')} rows up`);
  const answer = await fetch(`${address}/api/users.csv`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: Readable.toWeb(Readable.from(csvFile(prefix, rows, progress))) as ReadableStream,
    duplex: 'half',
  } as RequestInit);
  const result = (await answer.json()) as { added?: number };
  if (result.added !== rows) throw new Error(`not all were added: ${JSON.stringify(result)}`);
  return progress.end();
}

async function download(address: string, rows: number): Promise<Transfer> {
  const progress = new Progress(`${rows.toLocaleString('en')} rows down`);
  const answer = await fetch(`${address}/api/users.csv`);
  for await (const chunk of answer.body!) progress.count(Buffer.from(chunk));
  return progress.end();
}

await using database = await findDatabase();
await using instance = await startInstance('asyncpg', database.dsn);
const { address } = instance;

/** Up and down, and nobody else is in the file: what comes down is what went up. */
async function roundTrip(rows: number): Promise<number> {
  await emptyUsers();
  return await peakDuring(instance, async () => {
    const sent = await upload(address, `u${rows}x`, rows);
    const received = await download(address, rows);
    if (sent.hash !== received.hash) throw new Error('what came down is not what went up');
  });
}

async function emptyUsers(): Promise<void> {
  await using connection = await connect(database.dsn);
  await connection.execute('TRUNCATE order_service.users CASCADE');
}

const few = await roundTrip(FEW_ROWS);
const many = await roundTrip(ROWS);
const growth = many - few;
const isFlat = growth <= ALLOWANCE;
console.log(
  `memory of the service: ${megabytes(few)} with ${FEW_ROWS.toLocaleString('en')} rows, ` +
    `${megabytes(many)} with ${ROWS.toLocaleString('en')}: ${isFlat ? 'flat' : 'GROWS'}`,
);
if (!isFlat) process.exitCode = 1;
