import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Results } from '../results.ts';
import { htmlReport } from './html.ts';
import { markdownReport } from './markdown.ts';
import { partsOf } from './parts.ts';
import { updateSummaries } from './summary.ts';

const RESULTS = new URL('../results/', import.meta.url);

/** Writes a file of bench/results. */
export function writeResult(name: string, content: string | object): void {
  mkdirSync(RESULTS, { recursive: true });
  const text = typeof content === 'string' ? content : `${JSON.stringify(content, null, 1)}\n`;
  writeFileSync(new URL(name, RESULTS), text);
}

/** Reads a JSON file of bench/results; null: there is none. */
export function readResult<Result>(name: string): Result | null {
  const url = new URL(name, RESULTS);
  return existsSync(url) ? (JSON.parse(readFileSync(url, 'utf8')) as Result) : null;
}

/** Writes latest.md, latest.html and the figures of README.md and the guides anew. */
export async function writeReport(results: Results): Promise<void> {
  const parts = partsOf(readResult);
  writeResult('latest.md', markdownReport(results, parts));
  writeResult('latest.html', htmlReport(results, parts));
  await updateSummaries(results, parts);
}
