import { type Dirent, readdirSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';

const NEVER = new Set(['node_modules', '.git', 'dist', '.asyncpg']);

/** A folder and those below it that may have sources or a schema. */
export function foldersBelow(folder: string): string[] {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (isNotForUs(error)) return [];
    throw error;
  }
  const inner = entries.filter((entry) => entry.isDirectory() && !NEVER.has(entry.name));
  return [folder, ...inner.flatMap(({ name }) => foldersBelow(path.join(folder, name)))];
}

/** The files below a folder, in the order of their paths, numbers in them counted as numbers. */
export async function filesBelow(folder: string): Promise<string[]> {
  const files: string[] = [];
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (isNotForUs(error)) return [];
    throw error;
  });
  entries.sort((a, b) => compareNames(a.name, b.name));
  for (const entry of entries) {
    const file = path.join(folder, entry.name);
    if (entry.isFile() || (entry.isSymbolicLink() && (await isFile(file)))) files.push(file);
    else if (entry.isDirectory() && !NEVER.has(entry.name)) files.push(...(await filesBelow(file)));
  }
  return files;
}

/** As people number their files: `9_a.sql` comes before `10_b.sql`. */
function compareNames(one: string, other: string): number {
  return one.localeCompare(other, 'en', { numeric: true }) || (one < other ? -1 : 1);
}

async function isFile(place: string): Promise<boolean> {
  return (await stat(place).catch(() => null))?.isFile() === true;
}

/** Of a folder that another user has, as a database in a container has its data, or that has just gone. */
function isNotForUs(error: unknown): boolean {
  return ['EACCES', 'EPERM', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '');
}
