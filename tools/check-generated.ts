// Asks every generator under tools/ whether the file that it writes is what it would write today. Run
// with `npm run check:generated`.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));
const generators = readdirSync(folder).filter((name) => /^generate-.*\.ts$/.test(name));
for (const name of generators.sort()) {
  const { status } = spawnSync(process.execPath, [`${folder}${name}`, '--check'], {
    stdio: 'inherit',
  });
  if (status !== 0) {
    const script = name.replace('-', ':').replace('.ts', '');
    console.error(
      `tools/${name} --check failed; run \`npm run ${script}\` and look at the difference`,
    );
    process.exitCode = 1;
  }
}
console.log(`generated: ${generators.length} generators asked`);
