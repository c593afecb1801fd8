// One client that consumes a stream of changes, a process of its own: what it costs is told as JSON.
import { setTimeout as pause } from 'node:timers/promises';
import { cpuTime } from '../machine.ts';
import type { ReplicationAssignment, ReplicationMeasurement } from './types.ts';

const assignment = JSON.parse(process.argv[2]!) as ReplicationAssignment;
const { client, dsn, slot, count, pauseEvery } = assignment;

let cpu = 0;
let started = 0;
/** Of the process as it works: after so many changes all code is loaded. */
const WARM = 20_000;
let base = 0;
let peak = 0;
const sampler = setInterval(sample, 50);

function sample(): void {
  peak = Math.max(peak, process.memoryUsage.rss());
}

/** One more change. */
function warm(got: number): void {
  if (got === WARM) base = process.memoryUsage.rss();
}

function begin(): void {
  cpu = cpuTime();
  started = performance.now();
}

function finish(got: number): never {
  const microseconds = cpuTime() - cpu;
  const seconds = (performance.now() - started) / 1000;
  sample();
  clearInterval(sampler);
  const measurement: ReplicationMeasurement = {
    microsecondsPerChange: microseconds / got,
    changesPerSecond: got / seconds,
    baseMegabytes: base / 1e6,
    peakMegabytes: peak / 1e6,
  };
  process.stdout.write(`${JSON.stringify(measurement)}\n`);
  process.exit();
}

const CLIENTS: Readonly<Record<ReplicationAssignment['client'], () => Promise<void>>> = {
  async asyncpg() {
    const { openChangeStream } = await import('asyncpg/replication');
    begin();
    const stream = await openChangeStream(dsn, { slot, publication: 'events' });
    let got = 0;
    for await (const transaction of stream) {
      for await (const change of transaction) {
        if (change.kind === 'insert') warm(++got);
        if (pauseEvery > 0 && got % pauseEvery === 0) await pause(50);
      }
      if (got >= count) finish(got);
    }
  },

  async 'pg-logical-replication'() {
    const { LogicalReplicationService, PgoutputPlugin } = await import('pg-logical-replication');
    begin();
    const service = new LogicalReplicationService(
      { connectionString: dsn },
      { acknowledge: { auto: true, timeoutSeconds: 10 } },
    );
    let got = 0;
    service.on('data', (_lsn: string, message: { tag: string }) => {
      if (message.tag === 'insert') warm(++got);
      if (got >= count) finish(got);
    });
    await service.subscribe(
      new PgoutputPlugin({ protoVersion: 1, publicationNames: ['events'] }),
      slot,
    );
  },

  async 'postgres.js'() {
    const { default: postgres } = await import('postgres');
    const sql = postgres(dsn, { publications: 'events' });
    let got = 0;
    await sql.subscribe('insert:events', () => {
      if (got === 0) begin();
      got += 1;
      if (got >= count) finish(got);
    });
    // It has its own slot, of what is written from now on.
    process.stdout.write('ready\n');
  },
};

await CLIENTS[client]();
