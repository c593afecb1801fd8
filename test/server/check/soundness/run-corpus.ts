import { type Connection, connect } from 'asyncpg';
import { Describer, isObjection } from '../../../../src/check/describe.ts';
import { randomData, SCHEMA, SCHEMA_18 } from './schema.ts';

/** A query of a corpus. */
interface Case {
  readonly text: string;
  /** For each column `!` where it can be proved that it is not NULL, `?` elsewhere. */
  readonly expected: string;
  readonly since: number;
}

/** What became of a corpus. */
export interface Verdict {
  /** Columns that are told as is expected, and those that could have been told to be not NULL. */
  right: number;
  readonly tooWide: string[];
  /** Columns that are said not to be NULL, and can be. */
  readonly wrong: string[];
  /** Queries that gave NULL for a column that was said not to be NULL. */
  readonly refuted: string[];
  /** Queries that the server refuses. */
  readonly refused: string[];
  /** How many rows were looked at. */
  rows: number;
}

/** The queries of a corpus that a version of PostgreSQL knows. */
function casesOf(corpus: string, version: number): Case[] {
  return corpus
    .trim()
    .split('\n')
    .map((line) => {
      const [, expected = '', since, text = ''] = /^([!?]+)\s+(?:@(\d+)\s+)?(.*)$/.exec(line) ?? [];
      return { expected, since: Number(since ?? 0), text };
    })
    .filter(({ since }) => since <= version);
}

/**
 * Tells for each query of a corpus which columns may be NULL, and executes it on random data, `rounds` times,
 * in a database of its own.
 */
export async function runCorpus(
  dsn: string,
  version: number,
  corpus: string,
  rounds: number,
  seed = 1,
): Promise<Verdict> {
  const name = `soundness_${process.pid}_${seed}`;
  await using admin = await connect(dsn);
  await admin.execute(`CREATE DATABASE ${name}`);
  try {
    const own = new URL(dsn);
    own.pathname = `/${name}`;
    await using db = await connect(own.href, { types: { json: 'text' }, rows: 'array' });
    await db.execute(SCHEMA);
    if (version >= 18) await db.execute(SCHEMA_18);
    return await judge(db, own.href, casesOf(corpus, version), rounds, generator(seed));
  } finally {
    await admin.execute(`DROP DATABASE ${name} WITH (FORCE)`);
  }
}

async function judge(
  db: Connection<'array'>,
  dsn: string,
  cases: readonly Case[],
  rounds: number,
  random: () => number,
): Promise<Verdict> {
  const verdict: Verdict = { right: 0, tooWide: [], wrong: [], refuted: [], refused: [], rows: 0 };
  const told = new Map<string, readonly boolean[]>();
  await using catalogs = await connect(dsn);
  await using describer = await Describer.open(dsn, catalogs);
  for (const { text, expected } of cases) {
    const answer = await describer.describe(text);
    if (isObjection(answer)) {
      verdict.refused.push(`${text}: ${answer.message}`);
      continue;
    }
    const nullable = answer.columns.map(({ isNullable }) => isNullable);
    told.set(text, nullable);
    const shown = nullable.map((each) => (each ? '?' : '!')).join('');
    if (shown.length !== expected.length) verdict.refused.push(`${shown} ${text}: other columns`);
    for (const [index, each] of nullable.entries()) {
      const line = `${text}: column ${index + 1}, ${shown}`;
      if (each === (expected[index] === '?')) verdict.right += 1;
      else (each ? verdict.tooWide : verdict.wrong).push(line);
    }
  }
  for (let round = 0; round < rounds; round += 1) {
    await db.execute(randomData(random));
    for (const [text, nullable] of told) await refute(db, text, nullable, verdict);
  }
  return verdict;
}

async function refute(
  db: Connection<'array'>,
  text: string,
  nullable: readonly boolean[],
  verdict: Verdict,
): Promise<void> {
  await db.execute('BEGIN');
  try {
    const rows: unknown[][] = await db.fetch(text);
    verdict.rows += rows.length;
    const bad = nullable.findIndex(
      (each, index) => !each && rows.some((row) => row[index] === null),
    );
    if (bad >= 0) verdict.refuted.push(`${text}: column ${bad + 1}`);
  } catch {
    // A value that the query does not take, such as a text that is no number.
  } finally {
    await db.execute('ROLLBACK');
  }
}

/** Random numbers from a seed: mulberry32. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
