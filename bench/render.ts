// Writes latest.md, latest.html and the summary in README.md and the guide anew from results:
// `node bench/render.ts 2026-11-22-21-00.json`.
import { readFile, writeFile } from 'node:fs/promises';
import { htmlReport } from './report/html.ts';
import { markdownReport } from './report/markdown.ts';
import { updateSummaries } from './report/summary.ts';
import type { Results } from './results.ts';

const FOLDER = new URL('results/', import.meta.url);
const name = process.argv[2];
if (name === undefined) throw new Error('name a file of bench/results');
const results = JSON.parse(await readFile(new URL(name, FOLDER), 'utf8')) as Results;
await writeFile(new URL('latest.md', FOLDER), markdownReport(results));
await writeFile(new URL('latest.html', FOLDER), htmlReport(results));
await updateSummaries(results);
