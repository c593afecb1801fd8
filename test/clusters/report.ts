/** Writes what was measured into docs/clusters.md. */
import { readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Seen } from './load.ts';

export interface FaultReport {
  readonly name: string;
  readonly seen: readonly Seen[];
}

const FILE = fileURLToPath(new URL('../../docs/clusters.md', import.meta.url));
const BEGIN = '<!-- measured -->';
const END = '<!-- /measured -->';

export async function updateReport(reports: readonly FaultReport[]): Promise<void> {
  const text = await readFile(FILE, 'utf8');
  const [before, after] = [text.indexOf(BEGIN), text.indexOf(END)];
  const table = [
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
  ];
  const measured = `On ${os.cpus().length} cores, Node ${process.versions.node}.\n\n${table.join('\n')}\n`;
  await writeFile(
    FILE,
    `${text.slice(0, before + BEGIN.length)}\n\n${measured}\n${text.slice(after)}`,
  );
}

function row(cells: readonly (string | number)[]): string {
  return `| ${cells.join(' | ')} |`;
}
