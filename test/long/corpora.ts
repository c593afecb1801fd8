/**
 * The corpora of `asyncpg check` on any server's binaries: for versions that `npm test` does not have.
 *
 *     npm run test:corpora -- /path/to/16/bin /path/to/17/bin
 *
 * Exits with 1 where a column is said not to be NULL that can be, or one was NULL.
 */
import { TempCluster } from 'asyncpg/cluster';
import { CORPUS } from '../server/check/soundness/corpus.ts';
import { HELD_OUT } from '../server/check/soundness/held-out.ts';
import { runCorpus } from '../server/check/soundness/run-corpus.ts';
import { TEAM } from '../server/check/soundness/team.ts';

const ROUNDS = 30;

for (const binDir of process.argv.slice(2)) {
  await using cluster = await TempCluster.start({ binDir });
  const version = Number.parseInt(cluster.version, 10);
  for (const [name, corpus] of Object.entries({ CORPUS, HELD_OUT, TEAM })) {
    const { right, tooWide, wrong, refuted, refused, rows } = await runCorpus(
      cluster.dsn,
      version,
      corpus,
      ROUNDS,
    );
    console.log(
      `PostgreSQL ${cluster.version}, ${name}: ${right} right, ${tooWide.length} too wide, ` +
        `${wrong.length} wrong, ${refuted.length} refuted, ${refused.length} refused; ${rows} rows`,
    );
    for (const line of [...tooWide, ...wrong, ...refuted, ...refused]) console.log(`  ${line}`);
    if (wrong.length + refuted.length + refused.length > 0) process.exitCode = 1;
  }
}
