// Micro-benchmarks, for work on one part alone:
//   npm run bench:micro              all of them
//   npm run bench:micro -- rows      those of one file, or whose name contains `rows`
import { run } from 'mitata';

const FILES = ['rows', 'query', 'arguments', 'codecs', 'framer', 'text', 'copy', 'sql'];

const wanted = process.argv.slice(2);
const files = FILES.filter((file) => wanted.length === 0 || wanted.includes(file));
for (const file of files.length === 0 ? FILES : files) await import(`./${file}.ts`);
await run(files.length === 0 ? { filter: new RegExp(wanted.join('|')) } : {});
