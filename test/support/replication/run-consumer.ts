/**
 * A consumer of a change stream that is a process of its own, to be killed: `node` this file, the DSN,
 * the slot, the publication and how it keeps what it got. It prints a line for each transaction.
 *
 * - `once`: the rows go into the table `target`, and the position with them into `progress`
 * - `snapshot`: it takes a snapshot first, keeps nothing, and prints a line for each row of it
 * - a file's name: the ids are appended to it, and then the next transaction is asked for
 */
import { openSync, writeSync } from 'node:fs';
import { createPool } from '../../../src/index.ts';
import { type ChangeTransaction, openChangeStream } from '../../../src/replication/index.ts';

const [dsn, slot, publication, keeps] = process.argv.slice(2) as [string, string, string, string];

const pool = await createPool(dsn, { minSize: 0, maxSize: 2 });

async function idsOf(transaction: ChangeTransaction): Promise<number[]> {
  const ids: number[] = [];
  for await (const change of transaction) {
    if (change.kind === 'insert') ids.push(Number(change.new.id));
  }
  return ids;
}

if (keeps === 'once') {
  const startAfter = await pool.fetchVal<string | null>(
    'SELECT lsn FROM progress WHERE slot = $1',
    slot,
  );
  await using stream = await openChangeStream(pool, { slot, publication, startAfter });
  for await (const transaction of stream) {
    const ids = await idsOf(transaction);
    await pool.transaction(async (tx) => {
      await tx.execute('INSERT INTO target SELECT $1, unnest($2::int8[])', slot, ids);
      await tx.execute('UPDATE progress SET lsn = $1 WHERE slot = $2', transaction.lsn, slot);
    });
    console.log(ids.length);
  }
} else if (keeps === 'snapshot') {
  await using stream = await openChangeStream(pool, {
    slot,
    publication,
    snapshot: true,
    highWater: 50,
  });
  console.log('begun');
  for await (const transaction of stream) {
    for await (const _ of transaction) {
      console.log('row');
      // So that a signal finds it where it was looked for.
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
} else {
  const file = openSync(keeps, 'a');
  await using stream = await openChangeStream(pool, { slot, publication, statusInterval: 20 });
  for await (const transaction of stream) {
    const ids = await idsOf(transaction);
    writeSync(file, ids.map((id) => `${id}\n`).join(''));
    console.log(ids.length);
  }
}
