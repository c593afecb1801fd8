// Runs the tools of docs/guides/migrations.md as the page says: writes the files of each section, runs its commands,
// and looks for the table that they are to make. Part of `npm run test:recipes`.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { connect } from '../../src/index.ts';
import { root } from '../../tools/entries.ts';
import type { Packages, Project } from './project.ts';
import { resultsTable } from './results-table.ts';

const PAGE = path.join(root, 'docs/guides/migrations.md');

/** The sections that are run, and what is installed for them. All but dbmate run on `@asyncpg/pg`. */
export const MIGRATION_TOOLS: Readonly<Record<string, Packages>> = {
  'node-pg-migrate': { 'node-pg-migrate': '9.0.0' },
  'graphile-migrate': { 'graphile-migrate': '1.4.1' },
  'Drizzle Kit': { 'drizzle-kit': '0.31.11', 'drizzle-orm': '0.45.4' },
  dbmate: { dbmate: '2.36.0' },
};

interface Section {
  /** Text by path. */
  readonly files: ReadonlyMap<string, string>;
  readonly commands: string;
}

function sectionOf(name: string): Section {
  const page = readFileSync(PAGE, 'utf8');
  const text = page.split(/^## /m).find((each) => each.startsWith(`${name}\n`));
  const commands = /^```sh\n([\s\S]*?)^```$/m.exec(text ?? '')?.[1];
  if (commands === undefined) throw new Error(`${PAGE} has no commands for ${name}`);
  const files = text!.matchAll(/^`([^`]+)`:\n\n```.*\n([\s\S]*?)^```$/gm);
  return { files: new Map([...files].map(([, file, code]) => [file!, code!])), commands };
}

/** @param dsn of a database without any tables */
export async function runMigrationTool(name: string, project: Project, dsn: string): Promise<void> {
  const { files, commands } = sectionOf(name);
  const folder = name.replaceAll(' ', '-');
  for (const [file, text] of files) {
    const target = path.join(project.folder, folder, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, text);
  }
  const script = `set -e; cd '${folder}'\n${commands}`;
  // dbmate's driver asks for TLS, which the server has none of.
  const DATABASE_URL = name === 'dbmate' ? `${dsn}?sslmode=disable` : dsn;
  const printed = await project.run('bash', ['-c', script], { DATABASE_URL });
  const connection = await connect(dsn);
  try {
    const columns = await connection.fetch<{ name: string }>(`SELECT attname AS name
      FROM pg_attribute WHERE attrelid = to_regclass('tags') AND attnum > 0 ORDER BY attnum`);
    const names = columns.map((column) => column.name).join();
    if (names !== 'id,name') throw new Error(`tags has the columns (${names}): ${printed}`);
  } finally {
    await connection.close();
  }
}

/** Writes into the page what was run. */
export function writeMigrationTools(): void {
  writeFileSync(
    PAGE,
    resultsTable(readFileSync(PAGE, 'utf8'), 'migration tools', 'Tool', MIGRATION_TOOLS),
  );
}
