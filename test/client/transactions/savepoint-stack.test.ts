import { expect, test } from 'vitest';
import { type Point, SavepointStack } from '../../../src/client/transactions/savepoint-stack.ts';

/** A stack with savepoints of these names, oldest first. */
function stackOf(...names: string[]): { stack: SavepointStack; points: Point[] } {
  const stack = new SavepointStack();
  return { stack, points: names.map((name) => stack.set(name)) };
}

function names(stack: SavepointStack): string[] {
  return stack.points.map(({ name }) => name);
}

test('a savepoint that is released takes with it those that were set after it', () => {
  const { stack, points } = stackOf('a', 'b', 'c');
  stack.release(points[1]!);
  expect(names(stack)).toEqual(['a']);
  expect(points.map(({ state }) => state)).toEqual(['set', 'released', 'destroyed']);
  stack.check(points[0]!);
  expect(() => stack.check(points[1]!)).toThrow('the savepoint b has been released');
  expect(() => stack.check(points[2]!)).toThrow('the savepoint c is gone: one that was set before');
});

test('one that is returned to stays, and those that were set after it go', () => {
  const { stack, points } = stackOf('a', 'b', 'c');
  stack.rollBack(points[1]!);
  stack.rollBack(points[1]!);
  expect(names(stack)).toEqual(['a', 'b']);
  expect(points.map(({ state }) => state)).toEqual(['set', 'set', 'destroyed']);
  expect(points.map(({ returns }) => returns)).toEqual([0, 2, 0]);
});

test.each(['release', 'rollBack'] as const)(
  'a %s that the server refuses leaves all as it was',
  (end) => {
    const { stack, points } = stackOf('a', 'b', 'c');
    const takeBack = stack[end](points[1]!);
    const newer = stack.set('d');
    takeBack();
    expect(names(stack)).toEqual(['a', 'b', 'c', 'd']);
    expect(points.map(({ state }) => state)).toEqual(['set', 'set', 'set']);
    expect(points.map(({ returns }) => returns)).toEqual([0, 0, 0]);
    for (const point of [...points, newer]) stack.check(point);
  },
);

test.each(['release', 'rollBack'] as const)(
  'a refused %s brings nothing back that an older one has taken with it meanwhile',
  (end) => {
    const { stack, points } = stackOf('a', 'b', 'c', 'd');
    const takeBack = stack[end](points[2]!);
    stack.release(points[1]!);
    takeBack();
    expect(names(stack)).toEqual(['a']);
    expect(() => stack.check(points[2]!)).toThrow('the savepoint c');
    expect(() => stack.check(points[3]!)).toThrow('the savepoint d is gone');
  },
);

test('the older one of a name is hidden until the newer one is gone', () => {
  const { stack, points } = stackOf('a', 'a');
  expect(() => stack.check(points[0]!)).toThrow('the savepoint a is hidden by a newer one');
  stack.check(points[1]!);
  stack.release(points[1]!);
  stack.check(points[0]!);
});

test('one that the server did not set is none, and the others stay', () => {
  const { stack, points } = stackOf('a', 'a', 'b');
  stack.forget(points[1]!);
  expect(stack.points).toEqual([points[0], points[2]]);
  stack.check(points[0]!);
});
