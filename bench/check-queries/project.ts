import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { root } from '../../tools/entries.ts';

const QUERIES_IN_FILE = 10;

const SCHEMA = `
CREATE TYPE mood AS ENUM ('low', 'high');
CREATE TABLE users (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL, name text, mood mood NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id bigint NOT NULL REFERENCES users, total numeric NOT NULL,
  note text, created_at timestamptz NOT NULL DEFAULT now()
);
`;

/** A query that is another one than all others. */
export function queryText(number: number): string {
  return `
    SELECT u.id, u.email, u.name, u.mood,
      o.total, o.note AS note_${number}, count(*) OVER () AS all_of_them
    FROM users u
    LEFT JOIN orders o ON o.user_id = u.id AND o.total > ${number}
    WHERE u.id = $1 AND u.created_at > $2
    ORDER BY o.created_at DESC
    LIMIT $3`;
}

/** A project in a temporary folder with so many queries. */
export class GeneratedProject implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(queries: number): Promise<GeneratedProject> {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'asyncpg-bench-'));
    const project = new GeneratedProject(folder);
    await mkdir(path.join(folder, 'node_modules'));
    await mkdir(path.join(folder, 'src'));
    await symlink(root, path.join(folder, 'node_modules/asyncpg'));
    for (const name of ['@types', 'undici-types']) {
      await symlink(path.join(root, 'node_modules', name), path.join(folder, 'node_modules', name));
    }
    await project.write('package.json', '{ "type": "module" }');
    await project.write('schema.sql', SCHEMA);
    await project.write('asyncpg.config.mjs', "export default { schema: ['schema.sql'] };\n");
    const compilerOptions = {
      target: 'esnext',
      module: 'nodenext',
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      types: ['node'],
    };
    await project.write('tsconfig.json', JSON.stringify({ compilerOptions, include: ['src'] }));
    for (let file = 0; file * QUERIES_IN_FILE < queries; file += 1) {
      await project.write(`src/f${file}.ts`, source(file));
    }
    return project;
  }

  path(name: string): string {
    return path.join(this.folder, name);
  }

  async write(name: string, text: string): Promise<void> {
    await writeFile(this.path(name), text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

function source(file: number): string {
  const functions = Array.from({ length: QUERIES_IN_FILE }, (_, index) => {
    const number = file * QUERIES_IN_FILE + index;
    return `export async function query${number}(pool: Pool, id: bigint, since: Date) {
  const rows = await pool.fetch(\`${queryText(number)}\`, id, since, 20);
  return rows.map((row) => [row.id, row.email, row.note_${number}]);
}`;
  });
  return `import type { Pool } from 'asyncpg';\n\n${functions.join('\n\n')}\n`;
}
