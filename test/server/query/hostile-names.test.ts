import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { hasServer, serverDsn } from '../../support/servers/server.ts';

const PROGRAM = fileURLToPath(
  new URL('../../support/programs/run-hostile-names.ts', import.meta.url),
);

interface Report {
  readonly names: number;
  readonly checks: number;
  readonly failures: readonly string[];
}

async function run(schema: string, flags: readonly string[], mode: string[]): Promise<Report> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...['--unhandled-rejections=strict', '--disable-warning=ExperimentalWarning'],
    ...flags,
    ...[PROGRAM, serverDsn(hasServer(18) ? 18 : 15), schema],
    ...mode,
  ]);
  return JSON.parse(stdout) as Report;
}

/** What a process may be like that uses the driver. */
const PROCESSES: Readonly<Record<string, readonly [flags: string[], mode: string[]]>> = {
  'as any other': [[], []],
  'with frozen prototypes': [[], ['frozen']],
  'with frozen prototypes that may not generate code': [
    ['--disallow-code-generation-from-strings'],
    ['frozen'],
  ],
};

describe('a hostile name', { timeout: 120_000 }, () => {
  test.for(Object.entries(PROCESSES))(
    'is read back exactly, as the name of everything that has one, in a process %s',
    async ([process, [flags, mode]]) => {
      const number = Object.keys(PROCESSES).indexOf(process);
      const { names, checks, failures } = await run(`hostile_names_${number}`, flags, mode);
      expect(failures).toEqual([]);
      expect(checks).toBeGreaterThan(names * 6);
    },
  );
});
