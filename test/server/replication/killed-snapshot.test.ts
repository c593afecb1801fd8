import net from 'node:net';
import { expect, test } from 'vitest';
import { connect, createPool } from '../../../src/index.ts';
import { dropSlot, openChangeStream, slotStatus } from '../../../src/replication/index.ts';
import { Consumer } from '../../support/replication/consumer.ts';
import {
  onEachServer,
  type SharedServer,
  until,
  walsenderOf,
  works,
} from '../../support/replication/logical-cluster.ts';
import { crash } from '../../support/servers/crash.ts';

/** Here each version has every other case; `npm run test:replication` has all on both. */
const all = process.env['FAULTS'] === 'all';

const ROWS = { one: 400, two: 100 };
const TOTAL = ROWS.one + ROWS.two;

const schema = `
  CREATE TABLE one (id int PRIMARY KEY);
  CREATE TABLE two (id int PRIMARY KEY);
  INSERT INTO one SELECT generate_series(1, ${ROWS.one});
  INSERT INTO two SELECT generate_series(1, ${ROWS.two});
  CREATE PUBLICATION filled FOR TABLE one, two`;

/** How far a snapshot has come: rows that were handed over; `kept`: all are acknowledged and the slot is there. */
const STEPS = [0, 1, ROWS.one, TOTAL, 'kept'] as const;
type Step = (typeof STEPS)[number];

const VICTIMS = ['postmaster', 'walsender', 'consumer'] as const;

const CASES = VICTIMS.flatMap((victim) => STEPS.map((step) => ({ victim, step })));

onEachServer('a snapshot with SIGKILL', { schema }, (server) => {
  const options = (slot: string) =>
    ({ slot, publication: 'filled', snapshot: true, highWater: 50 }) as const;

  /** A process of the server is gone, and the server is there again. */
  async function strike(victim: 'postmaster' | 'walsender', slot: string): Promise<void> {
    const { pool, cluster } = server;
    if (victim === 'walsender') {
      const witness = await connect(cluster.dsn);
      process.kill(await walsenderOf(pool, slot), 'SIGKILL');
      // The server takes it for a crash of its own: it ends all connections, and begins anew.
      await until(
        async () => witness.isClosed || !(await works(() => witness.execute('SELECT 1'))),
      );
      witness.terminate();
    } else {
      await crash(cluster);
    }
    await pool.expireConnections();
    await until(() => works(() => pool.execute('SELECT 1')));
  }

  /** Strikes at the step. Resolves when the stream has ended, or gone on if its slot was there already. */
  async function interrupt(
    victim: 'postmaster' | 'walsender',
    step: Step,
    slot: string,
  ): Promise<void> {
    const { pool } = server;
    const stream = await openChangeStream(pool, options(slot));
    // Nobody reads yet, so that the snapshot cannot come to its end meanwhile.
    if (step === 0) await strike(victim, `${slot}_snapshot`);
    let count = 0;
    const consuming = (async () => {
      for await (const transaction of stream) {
        for await (const _ of transaction) {
          count += 1;
          if (count === step) await strike(victim, `${slot}_snapshot`);
        }
        if (!transaction.isSnapshot) return;
      }
    })();
    // It may end before it is awaited.
    consuming.catch(() => {});
    if (step !== 'kept') {
      await expect(consuming).rejects.toMatchObject({
        sqlstate: expect.stringMatching(/^(08|57)/),
      });
      await stream.close();
      return;
    }
    await until(async () => (await slotStatus(pool, slot)) !== null);
    await strike(victim, slot);
    await pool.execute('INSERT INTO one VALUES (-1)');
    await consuming;
    await stream.close();
    expect(count).toBe(TOTAL + 1);
    await pool.execute('DELETE FROM one WHERE id < 0');
  }

  async function interruptConsumer(step: Step, slot: string): Promise<void> {
    const { pool, cluster } = server;
    const consumer = new Consumer(cluster.dsn, slot, 'filled', 'snapshot');
    // A line for its begin, and one for each row.
    await consumer.processed(step === 'kept' ? 1 : step + 1);
    if (step === 'kept') await until(async () => (await slotStatus(pool, slot)) !== null);
    await consumer.kill();
    await until(async () => !(await isStreaming(server)));
  }

  test.each([
    ['the server ends it for being idle', null, { name: 'TimeoutError' }],
    [
      'it is terminated',
      'SELECT pg_terminate_backend($1::int4)',
      { sqlstate: '57P01', isTransient: true },
    ],
  ])(
    'of its walsender while others are to take it over, as %s, is told',
    async (_, strike, told) => {
      const { pool: admin, cluster } = server;
      const slot = 'killed_early';
      const temporary = `${slot}_snapshot`;
      let isStruck = false;
      await using pool = await createPool(cluster.dsn, {
        minSize: 0,
        // The walsender may be idle for half of that.
        timeout: 2000,
        dial: async ({ host, port }: { host: string; port: number }) => {
          // The snapshot is there, and this connection is to see it.
          if (!isStruck && (await slotStatus(admin, temporary)) !== null) {
            isStruck = true;
            if (strike !== null) await admin.fetchVal(strike, await walsenderOf(admin, temporary));
            await until(async () => (await slotStatus(admin, temporary)) === null);
          }
          return net.connect({ host, port });
        },
      });
      await expect(openChangeStream(pool, options(slot))).rejects.toMatchObject(told);
      expect(isStruck).toBe(true);
      await using stream = await openChangeStream(pool, options(slot));
      for await (const { isSnapshot } of stream) {
        expect(isSnapshot).toBe(true);
        break;
      }
    },
  );

  const some = CASES.filter((_, i) => all || i % 2 === (server.version === 18 ? 0 : 1));

  test.each(some)(
    'of the $victim at step $step leaves no slot that is half done, and begins anew',
    async ({ victim, step }) => {
      const { pool } = server;
      const slot = `killed_${victim}_${step}`;
      if (victim === 'consumer') await interruptConsumer(step, slot);
      else await interrupt(victim, step, slot);

      const left = await slotStatus(pool, slot);
      // Rows that were all handed over may be acknowledged before the signal comes to a process.
      if (step !== TOTAL || victim !== 'consumer') expect(left !== null).toBe(step === 'kept');
      expect(await slotStatus(pool, `${slot}_snapshot`)).toBeNull();
      // The next start succeeds: with all rows if there is no slot, and else with those that come.
      await using stream = await openChangeStream(pool, options(slot));
      let rows = 0;
      const consuming = (async () => {
        for await (const transaction of stream) {
          for await (const _ of transaction) rows += 1;
          if (!transaction.isSnapshot) return;
        }
      })();
      await until(async () => (await slotStatus(pool, slot)) !== null);
      await pool.execute('INSERT INTO one VALUES (-2)');
      await consuming;
      expect(rows).toBeGreaterThanOrEqual(left === null ? TOTAL + 1 : 1);
      await stream.close();
      await dropSlot(pool, slot, { force: true });
      await pool.execute('DELETE FROM one WHERE id < 0');
    },
    60_000,
  );
});

async function isStreaming({ pool }: SharedServer): Promise<boolean> {
  return (await pool.fetchVal<boolean>('SELECT EXISTS (SELECT FROM pg_stat_replication)'))!;
}
