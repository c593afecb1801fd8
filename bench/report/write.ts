import { mkdirSync, writeFileSync } from 'node:fs';
import type { Results } from '../results.ts';
import { htmlReport } from './html.ts';
import { markdownReport } from './markdown.ts';
import { readParts } from './parts.ts';
import { updateSummaries } from './summary.ts';

const RESULTS = new URL('../results/', import.meta.url);

/** Writes a file of bench/results. */
export function writeResult(name: string, content: string | object): void {
  mkdirSync(RESULTS, { recursive: true });
  const text = typeof content === 'string' ? content : `${JSON.stringify(content, null, 1)}\n`;
  writeFileSync(new URL(name, RESULTS), text);
}

/** Writes latest.md, latest.html and the figures of README.md and the guides anew. */
export async function writeReport(results: Results): Promise<void> {
  const parts = readParts();
  writeResult('latest.md', markdownReport(results, parts));
  writeResult('latest.html', htmlReport(results, parts));
  await updateSummaries(results, parts);
}
