import { expect, test } from 'vitest';
import { ReadPacer } from '../../src/replication/read-pacer.ts';
import type { Session } from '../../src/session/session.ts';
import { VirtualClock } from '../support/fakes/virtual-clock.ts';

/** What a pacer sees of a session. */
function paced(): {
  readonly clock: VirtualClock;
  readonly pacer: ReadPacer;
  readonly seen: { pauses: number; resumes: number };
  read(length: number): void;
} {
  const clock = new VirtualClock();
  const seen = { pauses: 0, resumes: 0 };
  const pacer = new ReadPacer(clock, () => {
    seen.resumes += 1;
  });
  const inbox = {
    pause: () => {
      seen.pauses += 1;
    },
  };
  return {
    clock,
    pacer,
    seen,
    read: (length) =>
      pacer.hasRead({ inbox, lastProgress: clock.now() } as unknown as Session, length),
  };
}

test('one transaction, and some at leisure, are read at once', async () => {
  const { clock, seen, read } = paced();
  for (let i = 0; i < 50; i++) {
    // Begin, Insert and Commit, each by itself.
    for (let message = 0; message < 3; message++) read(80);
    await clock.advance(1);
  }
  expect(seen.pauses).toBe(0);
});

test('a dense flow is gathered for as long as it is dense', async () => {
  const { clock, pacer, seen, read } = paced();
  for (let i = 0; i < 15; i++) read(80);
  expect(seen.pauses).toBe(0);
  read(80);
  expect(seen.pauses).toBe(1);
  expect(pacer.isPausing).toBe(true);
  // What is there already of the same read.
  read(80);
  expect(seen.pauses).toBe(1);
  for (let more = 2; more <= 5; more++) {
    await clock.advance(1);
    expect(seen.resumes).toBe(more - 1);
    expect(pacer.isPausing).toBe(false);
    read(5000);
    expect(seen.pauses).toBe(more);
  }
  await clock.advance(1);
  // Hardly anything has come: the last pause of this flow.
  read(80);
  expect(seen.pauses).toBe(6);
  await clock.advance(1);
  read(80);
  expect(seen.pauses).toBe(6);
});

test('reads that bring much are not held up', async () => {
  const { clock, seen, read } = paced();
  for (let i = 0; i < 100; i++) read(64 * 1024);
  expect(seen.pauses).toBe(0);
  for (let i = 0; i < 100 && seen.pauses === 0; i++) {
    await clock.advance(2);
    for (let one = 0; one < 16; one++) read(80);
  }
  expect(seen.pauses).toBe(1);
  await clock.advance(1);
  read(256 * 1024);
  await clock.advance(1);
  const before = seen.pauses;
  read(256 * 1024);
  expect(seen.pauses).toBe(before);
});
