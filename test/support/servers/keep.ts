// Keeps the servers of the tests running, until Ctrl-C or `npm run test:servers -- --stop`: a test run
// of the same checkout uses them and need not start its own. Run with `npm run test:servers`.
import { setTimeout as pause } from 'node:timers/promises';
import { temporaryFilesInMemory } from '../temporary-in-memory.ts';
import { announce, announced, isRunning, revoke } from './kept-servers.ts';
import { TestClusters } from './test-clusters.ts';

/** How often is asked whether the servers are still wanted, in milliseconds. */
const INTERVAL = 250;

async function stop(): Promise<void> {
  const kept = await announced();
  await revoke();
  if (kept === null) {
    console.log('no test servers are kept');
    return;
  }
  while (isRunning(kept.keeper)) await pause(INTERVAL);
  console.log(`the test servers of process ${kept.keeper} are stopped`);
}

async function keep(): Promise<void> {
  const kept = await announced();
  if (kept !== null) {
    console.log(`process ${kept.keeper} keeps the test servers already`);
    return;
  }
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => interrupted.abort());
  }
  await using clusters = await TestClusters.start();
  await announce(clusters.servers);
  for (const [version, { dsn }] of Object.entries(clusters.servers)) {
    console.log(`PostgreSQL ${version}: ${dsn}`);
  }
  console.log('kept for the test runs of this checkout; Ctrl-C stops them');
  while (!interrupted.signal.aborted && (await announced())?.keeper === process.pid) {
    await pause(INTERVAL);
  }
  if ((await announced())?.keeper === process.pid) await revoke();
}

temporaryFilesInMemory();
await (process.argv.includes('--stop') ? stop() : keep());
