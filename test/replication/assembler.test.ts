import { expect, test } from 'vitest';
import { writeLogicalMessage } from '../../src/protocol/replication/change-messages.ts';
import { writeBegin, writeCommit } from '../../src/protocol/replication/transaction-messages.ts';
import type { MessageWriter } from '../../src/protocol/writer.ts';
import { Assembler } from '../../src/replication/assembler.ts';
import type { Transaction } from '../../src/replication/transaction.ts';
import { encoded } from '../support/fakes/scripted-connection.ts';
import { assemblerHost } from '../support/replication/assembler-host.ts';

/** A change for each letter, and where it is in the log. */
type Sent = readonly (readonly [letter: string, lsn: number])[];

/** A transaction that comes over several connections: what of it is handed over. */
class Life {
  readonly #assembler: Assembler;
  #transaction: Transaction | null = null;

  constructor() {
    const host = assemblerHost((transaction) => {
      this.#transaction = transaction;
    });
    this.#assembler = new Assembler(host, (prefix) => prefix !== 'unwanted', 0n);
  }

  #take(lsn: number, write: (writer: MessageWriter) => void): void {
    const message = encoded(write);
    expect(this.#assembler.take(message, 0, message.length, lsn)).toBe(true);
  }

  /** What one connection sends, before it is lost or all of it has come. */
  comes(sent: Sent, end: 'lost' | 'committed' = 'lost'): this {
    this.#take(8, (writer) => writeBegin(writer, { finalLsn: 1000n, time: 0n, xid: 7 }));
    for (const [letter, lsn] of sent) {
      const prefix = letter === '-' ? 'unwanted' : 'wanted';
      const content = Buffer.from(letter);
      const message = { transactional: true, lsn: BigInt(lsn), prefix, content };
      this.#take(lsn, (writer) => writeLogicalMessage(writer, message));
    }
    if (end === 'lost') this.#assembler.disconnected(true);
    else this.#take(1000, (w) => writeCommit(w, { lsn: 1000n, endLsn: 1010n, time: 0n }));
    return this;
  }

  async handedOver(): Promise<string> {
    const changes = await this.#transaction!.toArray();
    return changes.map((change) => change.kind === 'message' && change.content).join('');
  }

  get skipped(): number {
    return this.#assembler.skipped.changes;
  }
}

const ALL: Sent = [
  ['a', 16],
  ['b', 24],
  ['c', 24],
  ['d', 24],
  ['e', 48],
];

test('a transaction that was cut in two is put together, wherever and however often that is', async () => {
  for (let first = 1; first <= ALL.length; first++) {
    for (let second = 0; second <= ALL.length; second++) {
      const life = new Life().comes(ALL.slice(0, first)).comes(ALL.slice(0, second));
      life.comes(ALL, 'committed');
      expect(await life.handedOver()).toBe('abcde');
      expect(life.skipped).toBe(Math.min(first, second) + Math.max(first, second));
    }
  }
});

test('a transaction that comes again with other changes goes on behind the last that came', async () => {
  const [a, b, c, d, e] = ALL as [Sent[0], Sent[0], Sent[0], Sent[0], Sent[0]];
  for (const [before, after, expected] of [
    [[a, e], ALL, 'ae'],
    [[a], [b, c, d, e], 'abcde'],
    [[b], [a, b, c], 'bc'],
    [[a, b, c], [a, e], 'abce'],
    [[a, b], [a], 'ab'],
  ] as const) {
    const life = new Life().comes(before).comes(after, 'committed');
    expect(await life.handedOver()).toBe(expected);
  }
});

test('what is not wanted does not count among what has come at one place', async () => {
  const sent: Sent = [
    ['-', 16],
    ['a', 16],
    ['b', 16],
  ];
  const life = new Life().comes(sent.slice(0, 2)).comes(sent, 'committed');
  expect(await life.handedOver()).toBe('ab');
});
