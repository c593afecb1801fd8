import { UnsupportedWork } from '../driver.ts';
import type { Work } from '../workloads.ts';

/** Work as pgbench takes it: a script, and the options that go with it. */
export interface Script {
  readonly text: string;
  readonly options: readonly string[];
}

/**
 * Writes the script of one operation. Values are variables, defined once for the whole run: in
 * prepared and extended mode pgbench sends them as parameters.
 *
 * @throws UnsupportedWork for what pgbench cannot do
 */
export function scriptOf(work: Work): Script {
  switch (work.kind) {
    case 'fetch':
      return { text: statement(work.text), options: [...PREPARED, ...definitions(work.args)] };
    case 'lookup':
      return { text: `${aKey(work.keys)}${statement(work.text)}`, options: PREPARED };
    case 'transaction':
      return {
        text: `${aKey(work.keys)}BEGIN;\n${work.texts.map(statement).join('')}COMMIT;\n`,
        options: PREPARED,
      };
    case 'many':
      // A pipeline that ends in one Sync is one implicit transaction: it is atomic as well.
      return {
        text: `\\startpipeline\n${statement(work.text).repeat(work.count)}\\endpipeline\n`,
        options: [...PREPARED, ...definitions(work.row)],
      };
    case 'connect':
      // Preparing by name what runs once would cost another round trip.
      return { text: statement(work.text), options: ['--protocol=extended', '--connect'] };
    case 'copyIn':
    case 'copyOut':
      throw new UnsupportedWork('COPY');
    case 'pool':
      throw new UnsupportedWork('a pool');
  }
}

const PREPARED = ['--protocol=prepared'];

function variable(number: number | string): string {
  return `a${number}`;
}

/** Draws the first argument. */
function aKey(keys: number): string {
  return `\\set ${variable(1)} random(1, ${keys})\n`;
}

function statement(text: string): string {
  return `${text.replace(/\$(\d+)/g, (_, number: string) => `:${variable(number)}`)};\n`;
}

function definitions(values: readonly unknown[]): string[] {
  return values.map((value, i) => `--define=${variable(i + 1)}=${value}`);
}
