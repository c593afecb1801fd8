/** Writes what was measured into docs/clusters.md. */
import { readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Seen } from './load.ts';

export interface FaultReport {
  readonly name: string;
  readonly seen: readonly Seen[];
}

/** What is seen of one failover with a change stream. */
export interface SlotRound {
  /** The longest time without an answered write, and without a change, in milliseconds. */
  readonly writes: number;
  readonly changes: number;
  /** From the promotion's end to the first change, in milliseconds. */
  readonly afterwards: number;
  readonly answered: number;
  /** Of those that were answered, how many are not there. */
  readonly lost: number;
  /** Of those that are there, how many were not told by the stream, and how many more than once. */
  readonly missed: number;
  readonly twice: number;
  /** Of those that were told, how many are not there. */
  readonly phantoms: number;
}

export interface SlotReport {
  readonly name: string;
  readonly rounds: readonly SlotRound[];
}

const FILE = fileURLToPath(new URL('../../docs/clusters.md', import.meta.url));
export async function updateReport(reports: readonly FaultReport[]): Promise<void> {
  await update('measured', [
    '| fault | client | longest without an answer, ms | answered | failed | lost | twice | failed, yet there |',
    '| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...reports.flatMap(({ name, seen }) =>
      seen.map((each, i) =>
        row([
          i === 0 ? name : '',
          each.client,
          each.outage,
          each.answered,
          each.failed,
          ...(each.client.startsWith('reads')
            ? ['', '', '']
            : [each.lost, each.twice, each.unknown]),
        ]),
      ),
    ),
  ]);
}

export async function updateSlots(reports: readonly SlotReport[]): Promise<void> {
  await update('measured: failover slots', [
    '| fault | longest without an answered write, ms | longest without a change, ms | first change after the promotion, ms | answered | lost | not told | told twice | told, yet not there |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...reports.map(({ name, rounds }) => {
      const spread = (of: (round: SlotRound) => number): string => {
        const sorted = rounds.map(of).sort((a, b) => a - b);
        return `${sorted[Math.floor(sorted.length / 2)]} (${sorted.at(-1)})`;
      };
      const sum = (of: (round: SlotRound) => number): number =>
        rounds.reduce((total, round) => total + of(round), 0);
      return row([
        name,
        spread((round) => round.writes),
        spread((round) => round.changes),
        spread((round) => round.afterwards),
        sum((round) => round.answered),
        sum((round) => round.lost),
        sum((round) => round.missed),
        sum((round) => round.twice),
        sum((round) => round.phantoms),
      ]);
    }),
  ]);
}

/** Replaces the table between two comments of the document. */
async function update(name: string, table: readonly string[]): Promise<void> {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const text = await readFile(FILE, 'utf8');
  const [before, after] = [text.indexOf(begin), text.indexOf(end)];
  if (before === -1 || after === -1) throw new Error(`${FILE}: ${begin} not found`);
  const measured = `On ${os.cpus().length} cores, Node ${process.versions.node}.\n\n${table.join('\n')}\n`;
  await writeFile(
    FILE,
    `${text.slice(0, before + begin.length)}\n\n${measured}\n${text.slice(after)}`,
  );
}

function row(cells: readonly (string | number)[]): string {
  return `| ${cells.join(' | ')} |`;
}
