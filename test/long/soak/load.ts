import {
  ConnectionDoesNotExistError,
  ConnectionFailureError,
  InterfaceError,
  type Pool,
  PostgresError,
  TimeoutError,
  TransactionResolutionUnknownError,
} from '../../../src/index.ts';
import { sleep } from '../../support/pool.ts';
import type { Random } from '../../support/samples/random.ts';
import type { Ledger } from './ledger.ts';

/** Accounts between which money moves. */
export const ACCOUNTS = 50;
/** No call may take longer than this, whatever happens, in milliseconds. */
const PATIENCE = 60_000;
/** What the server says when it stops, starts or is full. */
const SERVER_IN_TROUBLE: ReadonlySet<string> = new Set(['57P01', '57P02', '57P03', '53300']);

/** What a caller of the load ends its own call with. */
class OwnFailure extends Error {}

type Kind = (pool: Pool, ledger: Ledger, random: Random) => Promise<void>;

/** Calls of every kind on a pool, by many callers, whose answers are checked. */
export class Load {
  succeeded = 0;
  failed = 0;
  /** Answers that were wrong, errors that nobody foresees, calls that hang. */
  readonly violations: string[] = [];
  /** How often which error was met. */
  readonly errors = new Map<string, number>();
  /** How often which kind of call succeeded and failed. */
  readonly byKind = new Map<string, [succeeded: number, failed: number]>();
  readonly #callers: Promise<void>[] = [];
  readonly #running = new Map<number, { readonly kind: string; readonly since: number }>();
  #stopped = false;

  start(pool: Pool, ledger: Ledger, random: Random, callers: number): void {
    for (let number = 0; number < callers; number++) {
      this.#callers.push(this.#call(number, pool, ledger, random));
    }
  }

  async #call(caller: number, pool: Pool, ledger: Ledger, random: Random): Promise<void> {
    while (!this.#stopped) {
      const [kind, run] = random.pick(Object.entries(KINDS));
      this.#running.set(caller, { kind, since: performance.now() });
      const tally = this.byKind.get(kind) ?? [0, 0];
      this.byKind.set(kind, tally);
      try {
        await run(pool, ledger, random);
        this.succeeded += 1;
        tally[0] += 1;
      } catch (error) {
        tally[1] += 1;
        this.#failed(kind, error);
      }
      this.#running.delete(caller);
      await sleep(random.below(30));
    }
  }

  #failed(kind: string, error: unknown): void {
    if (error instanceof OwnFailure) return;
    this.failed += 1;
    const name = error instanceof Error ? error.name : String(error);
    this.errors.set(name, (this.errors.get(name) ?? 0) + 1);
    if (!isHonest(error)) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.violations.push(`${kind}: ${text}`);
    }
  }

  /** Calls that take longer than anything may. */
  hanging(): string[] {
    const now = performance.now();
    return [...this.#running.values()]
      .filter(({ since }) => now - since > PATIENCE)
      .map(({ kind, since }) => `${kind} hangs since ${Math.round(now - since)} ms`);
  }

  /** Resolves when every caller is done; false: not in time. */
  async stop(): Promise<boolean> {
    this.#stopped = true;
    const late = new AbortController();
    const all = Promise.all(this.#callers).then(() => true);
    const patience = sleepUnless(PATIENCE, late.signal).then(() => false);
    const inTime = await Promise.race([all, patience]);
    late.abort();
    return inTime;
  }
}

function sleepUnless(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => clearTimeout(timer));
  });
}

/** Whether an error says what can befall a call when network and server are in trouble. */
function isHonest(error: unknown): boolean {
  if (
    error instanceof ConnectionDoesNotExistError ||
    error instanceof ConnectionFailureError ||
    error instanceof TransactionResolutionUnknownError ||
    error instanceof TimeoutError
  ) {
    return true;
  }
  // The connection was lost between two calls of one holder.
  if (error instanceof InterfaceError) return error.message.startsWith('the connection is closed');
  return error instanceof PostgresError && SERVER_IN_TROUBLE.has(error.sqlstate ?? '');
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`wrong answer: ${what}`);
}

/** Runs a write that is counted, and notes what the driver told of it. */
async function write(
  ledger: Ledger,
  rows: number,
  run: (id: number) => Promise<unknown>,
  verdictOf: (error: unknown) => 'undone' | 'unknown',
): Promise<void> {
  const id = ledger.newId();
  try {
    await run(id);
  } catch (error) {
    ledger.note(id, rows, error instanceof OwnFailure ? 'undone' : verdictOf(error));
    throw error;
  }
  ledger.note(id, rows, 'done');
}

/** A statement by itself: it is undone for certain only if nothing can have been executed. */
function ofStatement(error: unknown): 'undone' | 'unknown' {
  return (error as { safeToRetry?: boolean }).safeToRetry === true ? 'undone' : 'unknown';
}

/** A transaction: it is undone unless it is said that this is not known. */
function ofTransaction(error: unknown): 'undone' | 'unknown' {
  return error instanceof TransactionResolutionUnknownError ? 'unknown' : 'undone';
}

function* items(id: number, count: number): Generator<[number, number]> {
  for (let item = 0; item < count; item++) yield [id, item];
}

const INSERT = 'INSERT INTO ledger VALUES ($1, $2)';

const KINDS: Readonly<Record<string, Kind>> = {
  value: async (pool, _ledger, random) => {
    const mark = random.below(1_000_000);
    const answer = await pool.fetchVal<number>('SELECT $1::int4', mark);
    check(answer === mark, `${answer} for ${mark}`);
  },

  rows: async (pool, _ledger, random) => {
    const mark = random.below(1_000_000);
    const text = `SELECT n, $1::int4 + n AS sum, repeat('x', n) AS text FROM generate_series(1, 200) n`;
    const rows = await pool.fetch<{ n: number; sum: number; text: string }>(text, mark);
    check(rows.length === 200, `${rows.length} rows`);
    for (const [index, { n, sum, text }] of rows.entries()) {
      check(n === index + 1 && sum === mark + n && text.length === n, `row ${index} of ${mark}`);
    }
  },

  'server error': async (pool) => {
    const error = await pool.fetchVal('SELECT 1 / 0').then(
      () => null,
      (error: unknown) => error,
    );
    if ((error as PostgresError | null)?.sqlstate === '22012') return;
    check(error !== null, 'a division by zero succeeded');
    throw error;
  },

  'time-out': async (pool) => {
    const error = await pool
      .fetchVal({ text: 'SELECT pg_sleep(3)', timeout: 20 })
      .catch((error: unknown) => error);
    if (!(error instanceof TimeoutError)) throw error;
  },

  abort: async (pool, _ledger, random) => {
    const reason = new OwnFailure('enough');
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(reason), random.below(30));
    const mark = random.below(1_000_000);
    try {
      const text = 'SELECT $1::int4 FROM pg_sleep(0.01)';
      const answer = await pool.fetchVal({ text, args: [mark], signal: abort.signal });
      check(answer === mark, `${answer} for ${mark}`);
    } finally {
      clearTimeout(timer);
    }
  },

  insert: (pool, ledger) => write(ledger, 1, (id) => pool.execute(INSERT, id, 0), ofStatement),

  'many inserts': (pool, ledger) =>
    write(ledger, 60, (id) => pool.executeMany(INSERT, items(id, 60)), ofStatement),

  batch: (pool, ledger) =>
    write(
      ledger,
      2,
      async (id) => {
        const query = { text: INSERT, args: [id, 0] };
        const results = await pool.batch([query, { text: 'SELECT $1::int4', args: [id] }, query]);
        check(results[1]?.rows[0]?.[0] === id, 'a batch mixed up its answers');
      },
      ofStatement,
    ),

  transfer: (pool, ledger, random) =>
    write(
      ledger,
      1,
      (id) => {
        // In one order everywhere, so that no two wait for each other.
        const from = random.below(ACCOUNTS - 1);
        const to = from + 1 + random.below(ACCOUNTS - 1 - from);
        const amount = random.below(200) - 100;
        const fails = random.chance(0.1);
        return pool.transaction(async (tx) => {
          const update = 'UPDATE accounts SET balance = balance + $2 WHERE id = $1';
          await tx.execute(update, from, -amount);
          await tx.execute(INSERT, id, 0);
          if (fails) throw new OwnFailure('changed my mind');
          await tx.execute(update, to, amount);
        });
      },
      ofTransaction,
    ),

  'savepoint and cursor': (pool, ledger) =>
    write(
      ledger,
      2,
      (id) =>
        pool.transaction(async (tx) => {
          await tx.execute(INSERT, id, 0);
          await tx
            .transaction(async (inner) => {
              await inner.execute(INSERT, id, 1);
              throw new OwnFailure('undo the inner one');
            })
            .catch((error: unknown) => {
              if (!(error instanceof OwnFailure)) throw error;
            });
          let expected = 1;
          for await (const row of tx.connection.cursor('SELECT generate_series(1, 150)')) {
            check(row[0] === expected++, `${row[0]} from a cursor`);
          }
          check(expected === 151, `${expected} from a cursor`);
          await tx.execute(INSERT, id, 2);
        }),
      ofTransaction,
    ),

  'prepared statement': (pool, _ledger, random) =>
    pool.withConnection(async (connection) => {
      await using statement = await connection.prepare('SELECT $1::int8 * 2');
      for (let i = 0; i < 5; i++) {
        const n = BigInt(random.below(1_000_000));
        check((await statement.fetchVal(n)) === 2n * n, 'a prepared statement');
      }
    }),

  stream: async (pool, _ledger, random) => {
    const last = random.chance(0.3) ? 500 : 3000;
    let expected = 1;
    for await (const row of pool.stream('SELECT generate_series(1, 3000)')) {
      check(row[0] === expected++, `${row[0]} from a stream`);
      if (expected > last) break;
    }
    check(expected === last + 1, `a stream ended at ${expected}`);
  },

  'copy out': async (pool) => {
    let text = '';
    const output = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
    };
    const tag = await pool.copyFromQuery('SELECT generate_series(1, 3000)', { output });
    const wanted = Array.from({ length: 3000 }, (_, index) => `${index + 1}\n`).join('');
    check(tag === 'COPY 3000' && text === wanted, `${tag} with ${text.length} bytes`);
  },

  'copy records': (pool, ledger) =>
    write(
      ledger,
      500,
      (id) => pool.copyRecordsToTable('ledger', { records: items(id, 500) }),
      ofStatement,
    ),

  'copy in': (pool, ledger, random) => {
    const fails = random.chance(0.2);
    return write(
      ledger,
      400,
      (id) => {
        async function* source() {
          for (let part = 0; part < 4; part++) {
            yield Array.from({ length: 100 }, (_, i) => `${id}\t${100 * part + i}\n`).join('');
            if (fails && part === 2) throw new OwnFailure('the source is broken');
            await sleep(1);
          }
        }
        return pool.copyToTable('ledger', { source: source() });
      },
      ofStatement,
    );
  },
};
