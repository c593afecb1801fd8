// Writes latest.md, latest.html and the figures of README.md and the guides anew from what was measured
// before: `npm run bench:report`, or `npm run bench:report -- 2026-11-22-21-00.json` for a run that is not the
// last one.
import { readdirSync, readFileSync } from 'node:fs';
import { writeReport } from './report/write.ts';
import type { Results } from './results.ts';

const FOLDER = new URL('results/', import.meta.url);
const runs = readdirSync(FOLDER).filter((file) => /^\d{4}.*\.json$/.test(file));
const name = process.argv[2] ?? runs.sort().at(-1);
if (name === undefined) throw new Error('nothing was measured yet: `npm run bench`');
await writeReport(JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Results);
