/**
 * With `streaming` and `twoPhase` the server may send parts of a transaction once more that was prepared, and confirmed,
 * before a connection was lost: it passes its PREPARE over, and says nothing of an end before it is decided.
 */
import { expect, test } from 'vitest';
import type { Prepare } from '../../src/protocol/replication/transaction-messages.ts';
import { Assembler } from '../../src/replication/assembler.ts';
import type { Transaction } from '../../src/replication/transaction.ts';
import { assemblerHost } from '../support/replication/assembler-host.ts';

const XID = 7;
const PREPARED: Prepare = { xid: XID, gid: 'g', lsn: 100n, endLsn: 110n, time: 0n };
const DECIDED: Prepare = { ...PREPARED, lsn: 200n, endLsn: 210n };

class Life {
  readonly assembler: Assembler;
  readonly handedOver: Transaction[] = [];

  constructor(delivered: bigint = 0n) {
    const host = assemblerHost((transaction) => this.handedOver.push(transaction));
    this.assembler = new Assembler(host, () => true, delivered);
  }

  connects(start: bigint): this {
    this.assembler.connected(null as never, start);
    return this;
  }

  part(content: string): this {
    const { assembler } = this;
    assembler.streamStart({ xid: XID, isFirst: true });
    const message = { transactional: true, lsn: 50n, prefix: 'p', content: Buffer.from(content) };
    assembler.message(message, XID);
    assembler.streamStop();
    return this;
  }

  /** Each transaction that was handed over: how it has ended, and its changes. */
  async told(): Promise<unknown[]> {
    return await Promise.all(
      this.handedOver.map(async (transaction) => [
        transaction.outcome,
        transaction.gid,
        ...(await transaction.toArray()).map((change) =>
          change.kind === 'message' ? change.content.toString() : change.kind,
        ),
      ]),
    );
  }
}

test('is handed over once, and then what becomes of it', async () => {
  for (const isKept of [true, false]) {
    const life = new Life().connects(0n).part('a');
    life.assembler.streamPrepare(PREPARED);
    life.assembler.disconnected(true);
    life.connects(110n).part('a').part('b');
    // The slot may follow meanwhile.
    expect(life.assembler.isMidway).toBe(false);
    if (isKept) life.assembler.commitPrepared(DECIDED);
    else life.assembler.rollbackPrepared({ ...DECIDED, prepareEndLsn: 110n, prepareTime: 0n });
    expect(await life.told()).toEqual([
      ['prepared', 'g', 'a'],
      [isKept ? 'committed' : 'aborted', 'g', isKept ? 'commit-prepared' : 'rollback-prepared'],
    ]);
    // Another one may have its id by now.
    life.part('c');
    expect(life.handedOver).toHaveLength(3);
  }
});

test('is handed over once where its PREPARE comes again as well', async () => {
  const life = new Life().connects(0n).part('a');
  life.assembler.streamPrepare(PREPARED);
  life.assembler.disconnected(true);
  life.connects(0n).part('a');
  life.assembler.streamPrepare(PREPARED);
  expect(life.assembler.skipped.transactions).toBe(1);
  expect(await life.told()).toEqual([['prepared', 'g', 'a']]);
  life.assembler.commitPrepared(DECIDED);
  expect((await life.told()).slice(1)).toEqual([['committed', 'g', 'commit-prepared']]);
});

test('ends as aborted in a process that does not know it, when it is decided', async () => {
  for (const isKept of [true, false]) {
    const life = new Life(110n).connects(110n).part('a');
    if (isKept) life.assembler.commitPrepared(DECIDED);
    else life.assembler.rollbackPrepared({ ...DECIDED, prepareEndLsn: 110n, prepareTime: 0n });
    expect(life.assembler.isMidway).toBe(false);
    expect(await life.told()).toEqual([
      ['aborted', null, 'a'],
      [isKept ? 'committed' : 'aborted', 'g', isKept ? 'commit-prepared' : 'rollback-prepared'],
    ]);
  }
});

test('comes as a whole with its commit where it was prepared before the slot had twoPhase', async () => {
  const life = new Life().connects(110n).part('a');
  life.assembler.streamPrepare(PREPARED);
  life.assembler.commitPrepared(DECIDED);
  expect(await life.told()).toEqual([['committed', null, 'a']]);
});

test('is one without changes where the server does not say that it begins', async () => {
  const life = new Life().connects(0n);
  for (let connection = 0; connection < 2; connection++) {
    life.assembler.prepare(PREPARED);
    life.assembler.commitPrepared(DECIDED);
    life.assembler.disconnected(true);
    life.connects(0n);
  }
  expect(await life.told()).toEqual([
    ['prepared', 'g'],
    ['committed', 'g', 'commit-prepared'],
  ]);
  expect(life.assembler.skipped.transactions).toBe(2);
  // It was prepared before the slot had twoPhase, and has nothing that could be handed over when it is committed.
  const late = new Life().connects(110n);
  late.assembler.prepare(PREPARED);
  late.assembler.commitPrepared(DECIDED);
  expect(late.assembler.isMidway).toBe(false);
  expect(await late.told()).toEqual([]);
});
