import { describe, expect, test } from 'vitest';
import { type Outcome, runAll, type Step } from '../../tools/check.ts';

/** Runs steps that end in the order in which they were started, and tells what happened. */
async function play(
  steps: readonly Step[],
  atOnce: number,
  failing: readonly string[] = [],
): Promise<{ readonly right: boolean; readonly log: readonly string[] }> {
  const log: string[] = [];
  const run = async (script: string): Promise<Outcome> => {
    log.push(`+${script}`);
    await Promise.resolve();
    return { succeeded: !failing.includes(script), output: '' };
  };
  const right = await runAll(steps, atOnce, run, (script, outcome) => {
    log.push(outcome === null ? `?${script}` : outcome.succeeded ? `-${script}` : `!${script}`);
  });
  return { right, log };
}

const STEPS = [
  { script: 'build' },
  { script: 'package', after: 'build' },
  { script: 'lint' },
] as const;

describe('checks', () => {
  test('run side by side, those that wait for another after it', async () => {
    expect(await play(STEPS, 2)).toEqual({
      right: true,
      log: ['+build', '+lint', '-build', '-lint', '+package', '-package'],
    });
  });

  test('run one after the other where there is one processor', async () => {
    const { log } = await play(STEPS, 1);
    expect(log).toEqual(['+build', '-build', '+package', '-package', '+lint', '-lint']);
  });

  test('are all run though one fails, but not those that need what it makes', async () => {
    expect(await play(STEPS, 1, ['lint'])).toMatchObject({ right: false });
    expect(await play(STEPS, 1, ['build'])).toEqual({
      right: false,
      log: ['+build', '!build', '?package', '+lint', '-lint'],
    });
  });

  test('that wait for one that is not run are refused', async () => {
    await expect(play([{ script: 'package', after: 'build' }], 2)).rejects.toThrow(
      'package waits for build, which is not run',
    );
  });
});
