import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import { connect } from '../../../src/index.ts';
import { serverDsn } from '../../support/servers/server.ts';

const PROGRAM = fileURLToPath(new URL('../../support/programs/frozen-pool.ts', import.meta.url));

/** What ends the sessions of a process while it stands still, as the functions of clouds do. */
const ENDS = {
  'the server for being idle': {
    options: '?options=-c%20idle_session_timeout%3D300',
    kills: false,
  },
  'its backend being terminated': { options: '', kills: true },
} as const;

describe.skipIf(process.platform === 'win32')('a process that was frozen', () => {
  test.each(Object.keys(ENDS) as (keyof typeof ENDS)[])(
    'whose sessions were ended by %s has its next calls answered',
    async (end) => {
      const { options, kills } = ENDS[end];
      await using admin = await connect(serverDsn());
      const child = spawn(process.execPath, [PROGRAM, `${serverDsn()}${options}`], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      try {
        const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
        const next = async () => JSON.parse((await lines.next()).value as string);
        for (let round = 0; round < 3; round++) {
          const pids: number[] = round === 0 ? await next() : await pidsOf();
          child.kill('SIGSTOP');
          if (kills)
            await admin.fetch('SELECT pg_terminate_backend(p) FROM unnest($1::int4[]) p', pids);
          const left = 'SELECT count(*) FROM pg_stat_activity WHERE pid = ANY($1)';
          await vi.waitFor(async () => expect(await admin.fetchVal(left, pids)).toBe(0n), 10_000);
          // What it is to do waits for it as it awakes, beside the news of its connections.
          child.stdin.write('go\n');
          child.kill('SIGCONT');
          expect(await next()).toEqual([1, 2, 3]);
        }
      } finally {
        child.stdin.end();
        child.kill('SIGCONT');
        await once(child, 'exit');
      }

      /** The sessions that it has by now. */
      async function pidsOf(): Promise<number[]> {
        const query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'frozen'";
        return (await admin.fetch<{ pid: number }>(query)).map(({ pid }) => pid);
      }
    },
  );
});
