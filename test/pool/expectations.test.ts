import { describe, expect, it } from 'vitest';
import { BUDGET, Expectations } from '../../src/pool/expectations.ts';
import { Line } from '../../src/pool/line.ts';
import { Random } from '../support/samples/random.ts';

/** A pool that knows the way to its server: half a millisecond. */
function build() {
  const expectations = new Expectations();
  expectations.noteOpening(1);
  const see = (text: string, times: readonly number[], isExact = false): number => {
    const expectation = expectations.of(text);
    for (const time of times) expectations.learn(expectation, time, isExact);
    return expectations.cost(expectation);
  };
  return { expectations, see };
}

const QUICK = Array.from({ length: 20 }, () => 0.02);

describe('what is expected of a text', () => {
  it('is all that a connection may have to do, as long as nothing is known', () => {
    const { see } = build();
    expect(see('SELECT * FROM t', [])).toBe(BUDGET);
  });

  it.each(['SELECT 1', 'select $1::int', ' SELECT 1 + $1', ''])(
    'is nothing where it computes with constants alone: %j',
    (text) => {
      const { see } = build();
      expect(see(text, [])).toBe(0.01);
    },
  );

  it.each([
    'SELECT pg_sleep(1)',
    'SELECT 1\nFROM t',
    'SELECT (TABLE t)',
    'INSERT INTO t VALUES (1)',
    `SELECT 1${' '.repeat(300)}`,
    'TABLE t',
  ])('is not known beforehand where it may do more: %j', (text) => {
    const { see } = build();
    expect(see(text, [])).toBe(BUDGET);
  });

  it('is what it takes, from the first time that was slow', () => {
    const { see } = build();
    expect(see('slow', [300])).toBeGreaterThan(BUDGET);
    expect(see('slow', [300, 290, 310])).toBeGreaterThan(200);
    expect(
      see(
        'halves',
        Array.from({ length: 10 }, () => 0.5),
      ),
    ).toBeCloseTo(0.5);
  });

  it('forgives the first time, in which it was prepared', () => {
    const { see } = build();
    expect(see('t', [40])).toBeLessThan(BUDGET);
  });

  it('is so little for what is quick that a hundred may be under way', () => {
    const { see } = build();
    expect(see('quick', QUICK)).toBe(0.01);
  });

  it('is found again after a time in which all was slow', () => {
    const { see } = build();
    see('quick', QUICK);
    // Eight connections, say, that a server at a standstill has kept waiting.
    see(
      'quick',
      Array.from({ length: 8 }, () => 50),
    );
    expect(
      see(
        'quick',
        Array.from({ length: 250 }, () => 0.02),
      ),
    ).toBe(0.01);
  });

  it('grows with a table', () => {
    const { see } = build();
    see('t', QUICK);
    const slower = Array.from({ length: 150 }, () => 0.8);
    expect(see('t', slower, true)).toBeGreaterThan(0.5);
  });

  it('is high at once where what was quick is slow', () => {
    const { see } = build();
    see('t', QUICK);
    expect(see('t', [100, 100])).toBeGreaterThan(BUDGET);
  });

  it('is the mean where some executions take very much longer', () => {
    const { see } = build();
    const random = new Random(7);
    const times = Array.from({ length: 2000 }, () => (random.chance(0.02) ? 200 : 0.02));
    see('t', times);
    const costs = times.map((time) => see('t', [time]));
    const mean = costs.reduce((sum, cost) => sum + cost, 0) / costs.length;
    expect(mean).toBeGreaterThan(2);
    expect(mean).toBeLessThan(8);
  });

  it('is not that of a busy machine', () => {
    const { expectations, see } = build();
    see('quick', QUICK);
    expect(see('quick', [4, 10, 20, 4])).toBe(0.01);
    expect(expectations.patience).toBe(2);
    // Where answers usually come late, nobody is taken for slow the sooner.
    const quick = expectations.of('quick');
    for (let i = 0; i < 100; i++) expectations.noteRoundTrip(3, quick);
    expect(expectations.patience).toBeGreaterThan(5);
    for (let i = 0; i < 500; i++) expectations.noteRoundTrip(3000, quick);
    expect(expectations.patience).toBe(50);
    for (let i = 0; i < 500; i++) expectations.noteRoundTrip(0.5, quick);
    expect(expectations.patience).toBe(2);
  });

  it('is for new texts what new ones took lately', () => {
    const { see } = build();
    for (let i = 0; i < 50; i++) see(`INSERT ${i}`, [0.05]);
    expect(see('INSERT one more', [])).toBeCloseTo(0.1);
    see('a report', [5_000]);
    expect(see('another', [])).toBeGreaterThan(BUDGET);
  });

  it('is remembered for the texts that are used, however many others are', () => {
    const { expectations, see } = build();
    see('mine', [300, 300]);
    for (let i = 0; i < 10_000; i++) {
      see(`other ${i}`, []);
      if (i % 500 === 0) see('mine', []);
    }
    expect(see('mine', [])).toBeGreaterThan(200);
    for (let i = 0; i < 10_000; i++) see(`other ${i}`, []);
    expect(expectations.of('mine').usual).toBeNull();
    const long = `SELECT f('${'x'.repeat(9000)}')`;
    expect(expectations.of(long)).not.toBe(expectations.of(long));
  });
});

describe('the line of a connection', () => {
  it('has as much to do as is expected of those in it', () => {
    const { expectations } = build();
    const line = new Line();
    const [a, b] = [expectations.of('a'), expectations.of('b')];
    line.join(a, 0.25, 0);
    line.join(b, 0.5, 0);
    line.join(a, 0.25, 0);
    expect([line.length, line.load]).toEqual([3, 1]);
    // A call in the middle may be over first, as its time is up.
    line.leave(b);
    expect([line.length, line.load]).toEqual([2, 0.5]);
    line.leave(a);
    line.leave(expectations.of('forgotten'));
    expect([line.length, line.load]).toEqual([0, 0]);
  });

  it('stays right over a long time in which it is never empty', () => {
    const { expectations } = build();
    const line = new Line();
    const a = expectations.of('a');
    line.join(a, 0.5, 0);
    for (let i = 0; i < 10_000; i++) {
      line.join(a, 0.25, i);
      line.leave(a);
    }
    expect(line.length).toBe(1);
    expect(line.load).toBe(0.25);
  });

  it('learns what an answer took without the way there and back', () => {
    const { expectations } = build();
    const line = new Line();
    const text = expectations.of('a');
    line.join(text, BUDGET, 100);
    line.learn(132.5, 0, expectations);
    line.leave(text);
    expect(text.usual).toBeCloseTo(32 / 64, 2);
    line.join(text, 2, 200);
    line.learn(232.5, 0, expectations);
    expect(text.usual).toBeCloseTo(32, 1);
  });

  it('learns from the gap between answers where the server had no pause', () => {
    const { expectations } = build();
    const line = new Line();
    const [slow, quick] = [expectations.of('slow'), expectations.of('quick')];
    for (const text of [slow, quick]) text.seen = 2;
    slow.usual = 20;
    quick.usual = 0.2;
    line.join(slow, 20, 0);
    line.join(quick, 0.17, 19);
    line.learn(20.5, 1, expectations);
    line.leave(slow);
    line.learn(20.6, 0, expectations);
    line.leave(quick);
    expect(slow.usual).toBeCloseTo(20, 1);
    expect(quick.usual).toBeCloseTo(0.1);
  });

  it('gives each of those that were answered at once its part of the time', () => {
    const { expectations } = build();
    const line = new Line();
    const [slow, quick] = [expectations.of('slow'), expectations.of('quick')];
    for (const text of [slow, quick]) text.seen = 1;
    line.join(quick, 0.1, 0);
    line.join(slow, 9.9, 0);
    line.learn(10.5, 0, expectations);
    expect(slow.usual).toBeCloseTo(9.9, 1);
    expect(quick.usual).toBeCloseTo(0.1, 1);
  });

  it('learns nothing from what is over without an answer', () => {
    const { expectations } = build();
    const line = new Line();
    const text = expectations.of('a');
    line.join(text, BUDGET, 100);
    line.learn(90, 1, expectations);
    line.leave(text);
    expect(text).toMatchObject({ usual: null, seen: 0 });
  });

  it('is held up when its first has not been answered in the time that it was given', () => {
    const { expectations } = build();
    const line = new Line();
    expect(line.hasOverrun(1e9, expectations)).toBe(false);
    line.join(expectations.of('a'), 0.2, 100);
    expect(line.hasOverrun(102.6, expectations)).toBe(false);
    expect(line.hasOverrun(102.8, expectations)).toBe(true);
    line.join(expectations.of('b'), 0.2, 101);
    line.learn(102.9, 1, expectations);
    line.leave(expectations.of('a'));
    // The next could begin just now.
    expect(line.hasOverrun(105, expectations)).toBe(false);
    expect(line.hasOverrun(105.2, expectations)).toBe(true);
  });
});
