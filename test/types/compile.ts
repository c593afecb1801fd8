import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What the compiler says of a program, which may declare things that this project must not. */
export async function compile(program: string): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'asyncpg-types-'));
  try {
    await writeFile(path.join(folder, 'package.json'), '{"type":"module"}');
    await writeFile(path.join(folder, 'main.ts'), program);
    await writeFile(
      path.join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: path.join(root, 'tsconfig.json'),
        compilerOptions: {
          types: ['node'],
          typeRoots: [path.join(root, 'node_modules/@types')],
          paths: { asyncpg: [path.join(root, 'src/index.ts')] },
        },
        include: ['main.ts'],
      }),
    );
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
    const child = spawn(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return await text(child.stdout);
  } finally {
    await rm(folder, { recursive: true });
  }
}
