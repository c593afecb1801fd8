/**
 * What `asyncpg check` costs, for projects of 200, 2,000 and 10,000 queries: the command with a new database, with
 * that of the last time, without any, and after a save; the compiler with and without the types; and what an editor
 * shows, by TypeScript's own language server.
 *
 *     npm run bench:check-queries [-- 200 2000]
 *
 * Of a command: wall seconds, and in brackets the seconds of CPU of its own.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { root } from '../../tools/entries.ts';
import { LanguageServer } from './language-server.ts';
import { GeneratedProject } from './project.ts';

const CLI = path.join(root, 'dist/check/cli.js');
const COMPILER = path.join(root, 'node_modules/.bin/tsc');

/** Runs a command and tells what it took. */
function timed(folder: string, ...command: readonly string[]): string {
  const script = `TIMEFORMAT='took %R %U %S'; time "$0" "$@"`;
  const { stderr, stdout } = spawnSync('bash', ['-c', script, ...command], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  const [, wall, user, system] = /took (\S+) (\S+) (\S+)/.exec(stderr) ?? [];
  if (/ error /.test(stdout)) throw new Error(stdout.slice(0, 2000));
  return `${Number(wall).toFixed(2)} (${(Number(user) + Number(system)).toFixed(2)})`;
}

/** How long `--watch` takes to answer a save, in milliseconds. */
async function saved(project: GeneratedProject): Promise<number> {
  const child = spawn(process.execPath, [CLI, 'check', '--watch'], { cwd: project.folder });
  child.stderr.pipe(process.stderr);
  try {
    await once(child.stdout, 'data');
    const text = await readFile(project.path('src/f0.ts'), 'utf8');
    const times: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const start = performance.now();
      await project.write(
        'src/f0.ts',
        text.replace('o.note AS note_0', `o.note AS again_${round}, o.note AS note_0`),
      );
      await once(child.stdout, 'data');
      times.push(performance.now() - start);
    }
    await project.write('src/f0.ts', text);
    await once(child.stdout, 'data');
    return times.toSorted((a, b) => a - b)[2]!;
  } finally {
    child.kill('SIGINT');
    await once(child, 'exit');
  }
}

async function measure(queries: number): Promise<void> {
  await using project = await GeneratedProject.make(queries);
  const { folder } = project;
  // A database of this schema may be there from another run.
  await project.write(
    'schema.sql',
    `${await readFile(project.path('schema.sql'), 'utf8')}-- ${Date.now()}\n`,
  );
  const check = (...options: string[]): string =>
    timed(folder, process.execPath, CLI, 'check', ...options);
  const compile = (): string => timed(folder, COMPILER, '-p', folder);
  const without = compile();
  const row = [
    ['cold', check()],
    ['the schema is known', check()],
    ['--offline', check('--offline')],
    ['tsc without types', without],
    ['tsc with types', compile()],
    ['a save, ms', (await saved(project)).toFixed(0)],
  ];
  console.log(`${queries} queries: ${row.map(([name, value]) => `${name} ${value}`).join('; ')}`);
}

async function edit(): Promise<void> {
  await using project = await GeneratedProject.make(2000);
  const config = "export default { schema: ['schema.sql'], strict: true };\n";
  await project.write('asyncpg.config.mjs', config);
  timed(project.folder, process.execPath, CLI, 'check');
  const file = project.path('src/f0.ts');
  const generated = project.path('src/queries.gen.d.ts');
  const text = await readFile(file, 'utf8');
  using server = await LanguageServer.start(project.folder);
  server.open(file, text);
  const show = async (what: string, ask: () => Promise<string>): Promise<void> => {
    const start = performance.now();
    const answer = await ask();
    console.log(`\n${what}, ${(performance.now() - start).toFixed(0)} ms:\n${answer.trim()}`);
  };
  const told = async (): Promise<string> =>
    (await server.diagnostics(file)).map(({ message }) => message).join('\n') || 'nothing';
  await show('the first diagnostics', told);
  await show('over rows', () => server.hover(file, text, 'rows'));
  await show('within the brackets', () => server.signature(file, text, 'id, since', 'LIMIT'));
  const wrongArgument = text.replace('id, since, 20', "'1', since, 20");
  server.edit(file, wrongArgument);
  await show('a wrong argument', told);
  const wrong = text.replace('o.note AS note_0', 'o.nte AS note_0');
  server.edit(file, wrong);
  await show('a query that has not been checked', told);
  await project.write('src/f0.ts', wrong);
  const before = await readFile(generated, 'utf8');
  await rename(generated, `${generated}.before`);
  spawnSync(process.execPath, [CLI, 'check'], { cwd: project.folder });
  if ((await readFile(generated, 'utf8')) === before) throw new Error('the file has not changed');
  await rm(`${generated}.before`);
  server.changed(generated);
  await show('the wrong query, once it is checked', told);
}

const sizes = process.argv.slice(2).map(Number);
for (const queries of sizes.length > 0 ? sizes : [200, 2000, 10_000]) await measure(queries);
await edit();
