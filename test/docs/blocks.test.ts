import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Connection, connect } from '../../src/index.ts';
import { serverDsn, testServer } from '../support/servers/server.ts';
import { closeAll, leadTo } from './asyncpg.ts';
import { type Block, blocksOf, documents, fileOf, ROOT } from './blocks.ts';
import { compared } from './printed.ts';
import { expectationsOf, programOf } from './program.ts';

const GENERATED = path.join(ROOT, 'test/docs/generated');
const TEMPLATE = `docs_${process.pid}`;

const blocks: Block[] = [];
for (const document of await documents()) blocks.push(...(await blocksOf(document)));
const programs = blocks.filter(({ use }) => use !== 'ignore');

let admin: Connection;
let folder: string;

beforeAll(async () => {
  await rm(GENERATED, { recursive: true, force: true });
  await mkdir(GENERATED);
  for (const block of programs) await writeFile(fileOf(block, GENERATED), programOf(block));
  folder = await mkdtemp(path.join(tmpdir(), 'asyncpg-docs-'));
  admin = await connect(serverDsn());
  await admin.execute(`CREATE DATABASE ${TEMPLATE}`);
  const shop = await connect(serverDsn(), { database: TEMPLATE });
  await shop.execute(await readFile(path.join(ROOT, 'docs/shop.sql'), 'utf8'));
  await shop.close();
});

afterAll(async () => {
  await admin.execute(`DROP DATABASE ${TEMPLATE}`);
  await admin.close();
  await rm(folder, { recursive: true });
});

describe('the code of the documentation', () => {
  it('is well typed', () => {
    const tsc = path.join(ROOT, 'node_modules/.bin/tsc');
    const options = { cwd: ROOT, encoding: 'utf8' } as const;
    const { stdout, status } = spawnSync(
      tsc,
      ['-p', 'test/docs/tsconfig.json', '--pretty', 'false'],
      options,
    );
    expect({ status, complaints: inDocuments(stdout) }).toEqual({ status: 0, complaints: '' });
  });

  let count = 0;
  afterEach(closeAll);

  it.for(programs.filter(({ use }) => use === 'run'))('$document:$line runs', async (block) => {
    const database = `${TEMPLATE}_${++count}`;
    await admin.execute(`CREATE DATABASE ${database} TEMPLATE ${TEMPLATE} STRATEGY file_copy`);
    const { socketDirectory: host, port, superuser: user } = testServer();
    leadTo({ host, port, user, database });
    vi.stubEnv('DATABASE_URL', `postgres://${user}@/${database}?host=${host}&port=${port}`);
    vi.spyOn(console, 'log').mockImplementation(() => {});
    const home = process.cwd();
    process.chdir(folder);
    compared.clear();
    try {
      await import(fileOf(block, GENERATED));
      expect(compared).toEqual(new Set(expectationsOf(block)));
    } finally {
      process.chdir(home);
      closeAll();
      await admin.execute(`DROP DATABASE ${database} WITH (FORCE)`);
    }
  });
});

/** The compiler's complaints, with the places in the documents in the stead of the programs'. */
function inDocuments(output: string): string {
  const places = new Map(programs.map((block) => [path.basename(fileOf(block, GENERATED)), block]));
  return output.replace(/^\S*\/(\S+?\.ts)\((\d+),/gm, (whole, file, line) => {
    const block = places.get(file);
    return block === undefined ? whole : `${block.document}(${block.line + Number(line) - 2},`;
  });
}
