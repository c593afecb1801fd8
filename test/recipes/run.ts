// Runs the programs of docs/guides/recipes.md and the tools of docs/guides/migrations.md with the real packages, which
// it installs into folders of its own: `npm run test:recipes`, or `npm run test:recipes -- Knex dbmate`. Needs the
// registry. A run of all of them writes its results into the pages.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { TempCluster } from '../../src/cluster/index.ts';
import { connect } from '../../src/index.ts';
import { root } from '../../tools/entries.ts';
import { MIGRATION_TOOLS, runMigrationTool, writeMigrationTools } from './migration-tools.ts';
import { startPgvector } from './pgvector-server.ts';
import { type Packages, Project } from './project.ts';
import { resultsTable } from './results-table.ts';

const PAGE = path.join(root, 'docs/guides/recipes.md');
const PACKAGES: Readonly<Record<string, Packages>> = JSON.parse(
  readFileSync(path.join(root, 'test/recipes/packages.json'), 'utf8'),
);

const LANGCHAIN = 'LangChain';

/** The program below each heading of the page. */
function readRecipes(page: string): Map<string, string> {
  const sections = page.split(/^## /m).slice(1);
  return new Map(
    sections.map((section) => {
      const [name] = section.split('\n', 1);
      const code = /^```ts.*\n([\s\S]*?)^```$/m.exec(section)?.[1];
      if (code === undefined) throw new Error(`${name} has no program`);
      return [name!, code];
    }),
  );
}

/** What a program is to print, line by line: what stands behind its arrows. */
function expectedOf(code: string): string[] {
  return [...code.matchAll(/\/\/ → (.*)$/gm)].map(([, text]) => text!);
}

async function main(): Promise<void> {
  const page = readFileSync(PAGE, 'utf8');
  const recipes = readRecipes(page);
  const asked = process.argv.slice(2);
  const known = [...Object.keys(PACKAGES), ...Object.keys(MIGRATION_TOOLS)];
  const unknown = asked.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`${unknown} is none of ${known}`);
  const isAsked = (name: string) => asked.length === 0 || asked.includes(name);
  const names = [...recipes.keys()].filter(isAsked);
  const tools = Object.keys(MIGRATION_TOOLS).filter(isAsked);

  using project = new Project();
  // What LangChain may go with does not go with the others.
  using langchain = new Project();
  const installed = (wanted: readonly string[]): Packages =>
    Object.assign({}, ...wanted.map((name) => PACKAGES[name]));
  const others = names.filter((name) => name !== LANGCHAIN);
  if (others.length > 0) await project.install(installed(others), true);
  if (names.includes(LANGCHAIN)) await langchain.install(installed([LANGCHAIN]), true);
  await using cluster = await TempCluster.start({ settings: { fsync: false } });
  let failed = 0;
  const attempt = async (name: string, run: () => Promise<void>): Promise<void> => {
    try {
      await run();
      console.log(`ok ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED ${name}: ${(error as Error).message}`);
    }
  };
  for (const [index, name] of names.entries()) {
    const code = recipes.get(name)!;
    const file = `${name}.ts`;
    const place = name === LANGCHAIN ? langchain : project;
    place.write(file, code);
    await using vectors = name === LANGCHAIN ? await startPgvector(place.folder) : null;
    const DATABASE_URL = vectors?.dsn ?? (await makeShop(cluster.dsn, `recipe_${index}`));
    await attempt(name, async () => {
      const printed = await place.run(process.execPath, [file], { DATABASE_URL });
      const expected = `${expectedOf(code).join('\n')}\n`;
      if (printed !== expected) throw new Error(`printed ${printed}and not ${expected}`);
    });
  }
  for (const [index, name] of tools.entries()) {
    using place = new Project();
    await place.install(MIGRATION_TOOLS[name]!, true);
    const dsn = await makeDatabase(cluster.dsn, `tool_${index}`);
    await attempt(name, () => runMigrationTool(name, place, dsn));
  }
  if (failed > 0) process.exitCode = 1;
  else if (asked.length === 0) {
    writeFileSync(PAGE, resultsTable(page, 'results', 'Recipe', PACKAGES));
    writeMigrationTools();
  }
}

/** A database with the tables of the documentation's shop. */
async function makeShop(dsn: string, database: string): Promise<string> {
  const made = await makeDatabase(dsn, database);
  const connection = await connect(made);
  await connection.execute(readFileSync(path.join(root, 'docs/shop.sql'), 'utf8'));
  await connection.close();
  return made;
}

async function makeDatabase(dsn: string, database: string): Promise<string> {
  const admin = await connect(dsn);
  await admin.execute(`CREATE DATABASE ${database}`);
  await admin.close();
  const url = new URL(dsn);
  url.pathname = `/${database}`;
  return url.href;
}

await main();
