import { describe, expect, it } from 'vitest';
import { hasServer, serverDsn } from '../../../support/servers/server.ts';
import { CORPUS } from './corpus.ts';
import { HELD_OUT } from './held-out.ts';
import { runCorpus } from './run-corpus.ts';
import { TEAM } from './team.ts';

/** `npm run test:soundness` sets more, and prints what is told of each corpus. */
const ROUNDS = Number(process.env['SOUNDNESS_ROUNDS'] ?? 2);
const SEED = Number(process.env['SOUNDNESS_SEED'] ?? 1);
const IS_LONG = process.env['SOUNDNESS_ROUNDS'] !== undefined;

describe.each([18, 15] as const)(
  'columns that are said not to be NULL, PostgreSQL %i',
  (version) => {
    it.skipIf(!hasServer(version)).each([
      ['the corpus', CORPUS],
      ['the held-out corpus', HELD_OUT],
      ['what a team writes', TEAM],
    ])('are not, in %s', { timeout: 600_000 }, async (name, corpus) => {
      const verdict = await runCorpus(serverDsn(version), version, corpus, ROUNDS, SEED);
      if (IS_LONG) {
        const { right, tooWide, wrong, rows } = verdict;
        console.log(
          `${name}, PostgreSQL ${version}: ${right} right, ${tooWide.length} too wide, ` +
            `${wrong.length} wrong; ${rows} rows\n${tooWide.join('\n')}`,
        );
      }
      expect(verdict.refused).toEqual([]);
      expect(verdict.wrong).toEqual([]);
      expect(verdict.refuted).toEqual([]);
      expect(verdict.rows).toBeGreaterThan(100);
    });
  },
);
