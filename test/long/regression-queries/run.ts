/**
 * PostgreSQL's own regression tests, executed: what `asyncpg check` says not to be NULL, never is. The tests' scripts
 * are read from a checkout of PostgreSQL, in the order of its schedule. Each statement that has rows is described,
 * then executed, in the session that its script has.
 *
 *     npm run test:regression-queries -- /path/to/postgresql 18
 *
 * The second argument is a major version, or the folder of a server's binaries. Further ones name scripts: only these
 * and what they need are run. Exits with 1 where a promise is broken. Takes about a quarter of an hour,
 * and never more than forty minutes.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type Connection, connect, InterfaceError } from 'asyncpg';
import { TempCluster } from 'asyncpg/cluster';
import { Describer, type Description, isObjection } from '../../../src/check/describe.ts';
import { broken } from '../../server/check/soundness/promises.ts';
import { PsqlScript, type Step, withoutComments } from './psql-script.ts';

/** How long all of it may take, in milliseconds. */
const LIMIT = 40 * 60_000;
/** How long one statement may take: some wait for what never comes without psql. */
const STATEMENT_LIMIT = 15_000;
/** Scripts that need what is not here, or change what all others use. */
const LEFT_OUT = new Set(['tablespace', 'infinite_recurse', 'event_trigger_login']);
const HAS_ROWS = /^\(*\s*(?:select|with|insert|update|delete|merge|values|table)\b/i;

const counts = {
  statements: 0,
  described: 0,
  refused: 0,
  executed: 0,
  rows: 0,
  columns: 0,
  notNull: 0,
  one: 0,
};
const findings: string[] = [];
const unreadable: string[] = [];
/** Statements after which the connection was gone. */
const lost: string[] = [];

/** The session of a script: one connection, on which statements are described and executed. */
class Session {
  readonly #dsn: string;
  readonly #folder: string;
  #db!: Connection;
  #describer!: Describer;
  #last = '';

  constructor(dsn: string, folder: string) {
    this.#dsn = dsn;
    this.#folder = folder;
  }

  async open(user: string | null): Promise<void> {
    const serverSettings = {
      client_min_messages: 'log',
      debug_print_parse: 'on',
      debug_pretty_print: 'off',
      statement_timeout: `${STATEMENT_LIMIT}`,
    };
    await this.#waitForServer();
    this.#db = await connect(this.#dsn, {
      ...(user === null ? {} : { user }),
      types: { json: 'text' },
      statementCacheSize: 0,
      serverSettings,
    });
    this.#describer = new Describer(this.#db, this.#db);
  }

  /** A test may have crashed the server, which is there again after a moment. */
  async #waitForServer(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await using _ = await connect(this.#dsn);
        return;
      } catch (error) {
        if (attempt > 100 || !(error as { isTransient?: boolean }).isTransient) throw error;
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
    }
  }

  async close(): Promise<void> {
    await this.#db.close({ timeout: 1000 }).catch(() => this.#db.terminate());
  }

  async step(script: string, step: Step, variables: Map<string, string>): Promise<void> {
    if (step.kind === 'connect') {
      await this.close();
      await this.open(step.user).catch(() => this.open(null));
      this.#last = 'connect';
      return;
    }
    if (this.#db.isClosed) {
      lost.push(`${script}: ${this.#last}`);
      await this.open(null);
    }
    counts.statements += 1;
    const { text, end } = step;
    this.#last = text;
    if (end.data !== null) {
      const file = path.join(this.#folder, 'copy.data');
      await writeFile(file, end.data);
      await this.#execute(text.replace(/\bfrom\s+stdin\b/i, `FROM '${file}'`));
      return;
    }
    const rows = HAS_ROWS.test(withoutComments(text))
      ? await this.#look(script, text)
      : await this.#execute(text);
    if (end.gexec) for (const value of rows.rows.flat()) await this.#execute(String(value));
    for (const [index, name] of end.gset === null ? [] : rows.names.entries()) {
      const value = rows.rows[0]?.[index];
      if (value !== null && value !== undefined) variables.set(`${end.gset}${name}`, String(value));
    }
  }

  async #look(script: string, text: string): Promise<Result> {
    this.#describer.forget();
    let answer: Awaited<ReturnType<Describer['describe']>>;
    try {
      answer = await this.#describer.describe(text);
    } catch (error) {
      // COPY among several statements of one text.
      if (!(error instanceof InterfaceError)) {
        unreadable.push(`${script}: ${(error as Error).message}: ${text}`);
      }
      return EMPTY;
    }
    if (isObjection(answer)) {
      counts.refused += 1;
      if (answer.code === 'tree') unreadable.push(`${script}: ${answer.message}: ${text}`);
      return await this.#execute(text);
    }
    counts.described += 1;
    return answer.columns.length === 0
      ? await this.#execute(text)
      : await this.#refute(script, text, answer);
  }

  async #refute(script: string, text: string, answer: Description): Promise<Result> {
    try {
      const rows: unknown[][] = await this.#db.fetch({ text, rows: 'array' });
      counts.executed += 1;
      counts.rows += rows.length;
      counts.columns += answer.columns.length;
      counts.notNull += answer.columns.filter(({ isNullable }) => !isNullable).length;
      if (answer.hasOneRow) counts.one += 1;
      for (const each of broken(answer, rows)) findings.push(`${script}: ${each}: ${text}`);
      return { rows, names: answer.columns.map(({ name }) => name) };
    } catch {
      return EMPTY;
    }
  }

  async #execute(text: string): Promise<Result> {
    await this.#db.execute(text).catch(() => {});
    return EMPTY;
  }
}

interface Result {
  readonly rows: readonly (readonly unknown[])[];
  readonly names: readonly string[];
}

const EMPTY: Result = { rows: [], names: [] };

async function main(checkout: string, server: string, only: readonly string[]): Promise<boolean> {
  const tests = path.join(checkout, 'src/test/regress');
  const schedule = await readFile(path.join(tests, 'parallel_schedule'), 'utf8');
  const scripts = [...schedule.matchAll(/^test:(.*)$/gm)].flatMap(([, names = '']) =>
    names.trim().split(/\s+/),
  );
  const wanted = scripts.filter(
    (each) =>
      !LEFT_OUT.has(each) && (only.length === 0 || only.includes(each) || each === 'test_setup'),
  );
  const folder = await mkdtemp(path.join(os.tmpdir(), 'asyncpg-regression-'));
  const settings = { max_prepared_transactions: 4, wal_level: 'logical' } as const;
  const version = Number(server);
  await using cluster = await TempCluster.start({
    ...(Number.isNaN(version) ? { binDir: server } : { version }),
    settings,
  });
  const dsn = cluster.dsn.replace(/\/postgres$/, '/regression');
  {
    await using admin = await connect(cluster.dsn);
    await admin.execute('CREATE DATABASE regression TEMPLATE template0');
  }
  const before = new Map([
    ['abs_srcdir', tests],
    ['abs_builddir', folder],
    ['libdir', folder],
    ['dlsuffix', '.so'],
    ['DBNAME', 'regression'],
    ['USER', cluster.superuser],
  ]);
  const start = performance.now();
  for (const name of wanted) {
    if (performance.now() - start > LIMIT) {
      console.log(`${name} and what follows is left out: ${LIMIT / 60_000} minutes are over`);
      break;
    }
    const text = await readFile(path.join(tests, 'sql', `${name}.sql`), 'utf8').catch(() => '');
    // Paths that psql takes from the environment.
    const script = new PsqlScript(text.replaceAll(/^\\getenv .*$/gm, ''), before);
    const session = new Session(dsn, folder);
    await session.open(null);
    for (const step of script.steps()) {
      await session.step(name, step, script.variables);
      if (performance.now() - start > LIMIT) break;
    }
    await session.close();
  }
  await rm(folder, { recursive: true });
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  console.log(
    `PostgreSQL ${cluster.version}, ${wanted.length} scripts, ${seconds} s: ${JSON.stringify(counts)}`,
  );
  console.log(`${lost.length} connections lost\n${lost.join('\n')}`);
  console.log(`${unreadable.length} trees that cannot be read\n${unreadable.join('\n')}`);
  console.log(`${findings.length} broken promises\n${findings.join('\n')}`);
  return findings.length === 0 && unreadable.length === 0;
}

const [checkout, server = '18', ...only] = process.argv.slice(2);
if (checkout === undefined) {
  console.error('Usage: npm run test:regression-queries -- CHECKOUT [VERSION | FOLDER] [SCRIPT …]');
  process.exitCode = 2;
} else {
  process.exitCode = (await main(checkout, server, only)) ? 0 : 1;
}
