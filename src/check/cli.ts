#!/usr/bin/env node
import { runCommand } from './command.ts';

const ending = new AbortController();
const end = (): void => ending.abort();
// The first asks to end; a second one, which nobody listens to any more, ends.
if (process.argv.includes('--watch')) process.once('SIGINT', end).once('SIGTERM', end);

process.exitCode = await runCommand(
  process.argv.slice(2),
  process.cwd(),
  {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
  },
  ending.signal,
);
