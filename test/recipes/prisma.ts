// Runs the same program with a generated client of Prisma's on @prisma/adapter-pg and on asyncpg/prisma, and
// compares what each of its steps comes to: `npm run test:prisma`. It installs Prisma into a folder of its
// own, about 300 MB, and needs the registry for that; nothing else is downloaded.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { TempCluster } from '../../src/cluster/index.ts';
import { connect } from '../../src/index.ts';
import { FOLDER, generateClient } from './prisma-client.ts';
import type { Project } from './project.ts';

/** What the steps come to that are to differ: docs/guides/orms.md says why. */
const DIFFERENT: Readonly<Record<string, unknown>> = {
  'findMany by 40000 values': 3,
  'a failure that is caught': {
    error: 'DriverAdapterError',
    message:
      'the transaction was rolled back instead of committed, because a statement in it failed',
    meta: {},
    cause: {
      kind: 'postgres',
      code: '25P02',
      severity: 'ERROR',
      message:
        'the transaction was rolled back instead of committed, because a statement in it failed',
    },
  },
};

/** Steps of which the server's message is the driver's own. */
const OTHER_WORDS = new Set(['P2010 of too few']);

type Steps = Record<string, unknown>;

async function main(): Promise<void> {
  using project = await generateClient();
  for (const version of [18, 15]) {
    await using cluster = await TempCluster.start({ version, settings: { fsync: false } });
    const theirs = await stepsOn(project, cluster.dsn, 'pg');
    const ours = await stepsOn(project, cluster.dsn, 'asyncpg');
    const names = Object.keys(theirs);
    const wrong = names.filter((name) => !isRight(name, theirs[name], ours[name]));
    for (const name of wrong) {
      console.log(
        `${name}:\n  adapter-pg: ${show(theirs[name])}\n  asyncpg:    ${show(ours[name])}`,
      );
    }
    const same = names.filter((name) => isDeepStrictEqual(theirs[name], ours[name])).length;
    console.log(
      `PostgreSQL ${version}: ${names.length} steps, ${same} the same, ${wrong.length} wrong`,
    );
    if (wrong.length > 0) process.exitCode = 1;
  }
}

async function stepsOn(project: Project, dsn: string, adapter: string): Promise<Steps> {
  const admin = await connect(dsn);
  await admin.execute(`CREATE DATABASE prisma_${adapter}`);
  await admin.close();
  const url = new URL(dsn);
  url.pathname = `/prisma_${adapter}`;
  const connection = await connect(url.href);
  await connection.execute(readFileSync(path.join(FOLDER, 'tables.sql'), 'utf8'));
  await connection.close();
  return JSON.parse(await project.run(process.execPath, ['program.mjs', adapter, url.href], {}));
}

function isRight(name: string, their: unknown, our: unknown): boolean {
  if (name in DIFFERENT) return isDeepStrictEqual(our, DIFFERENT[name]);
  if (!OTHER_WORDS.has(name)) return isDeepStrictEqual(our, their);
  const codes = [their, our].map((step) => (step as { cause: { code: string } }).cause.code);
  return codes[0] === codes[1];
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing';
}

await main();
