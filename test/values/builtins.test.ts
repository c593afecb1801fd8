import { createContext, runInContext, runInThisContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import {
  isAbortSignal,
  isArrayBuffer,
  isDataView,
  isDate,
  isError,
  isErrorNamed,
  isMap,
  isSet,
  isThenable,
  isUint8Array,
  isUrl,
} from '../../src/values/builtins.ts';

const context = createContext({ AbortSignal, URL });
const other = (code: string): unknown => runInContext(code, context);

/** For each question: what is one, in code that is run here and in another realm; and what is none. */
const QUESTIONS = {
  isDate: {
    ask: isDate,
    yes: ['new Date(0)', 'new Date(NaN)', 'new (class D extends Date {})()'],
    no: ['"2024-05-06"', '0', 'null', '({ [Symbol.toStringTag]: "Date" })', 'Object.create(null)'],
  },
  isMap: {
    ask: isMap,
    yes: ['new Map()'],
    no: ['new Set()', 'new WeakMap()', '({})', 'null'],
  },
  isSet: {
    ask: isSet,
    yes: ['new Set()'],
    no: ['new Map()', 'new WeakSet()', '[]', 'null'],
  },
  isUint8Array: {
    ask: isUint8Array,
    yes: ['new Uint8Array(2)', 'new (class B extends Uint8Array {})(2)'],
    no: [
      'new Uint8ClampedArray(2)',
      'new Int8Array(2)',
      'new DataView(new ArrayBuffer(2))',
      'new ArrayBuffer(2)',
      '[1, 2]',
      '({ [Symbol.toStringTag]: "Uint8Array" })',
      '"ab"',
    ],
  },
  isArrayBuffer: {
    ask: isArrayBuffer,
    yes: ['new ArrayBuffer(2)'],
    no: ['new Uint8Array(2)', 'new SharedArrayBuffer(2)', '[]', 'null'],
  },
  isDataView: {
    ask: isDataView,
    yes: ['new DataView(new ArrayBuffer(2))'],
    no: ['new Uint8Array(2)', 'new ArrayBuffer(2)', 'null'],
  },
  isUrl: {
    ask: isUrl,
    yes: ['new URL("file:///a")'],
    no: ['"file:///a"', '({ href: "a" })', 'null'],
  },
  isAbortSignal: {
    ask: isAbortSignal,
    yes: ['AbortSignal.abort()', 'AbortSignal.timeout(1000000)'],
    no: ['({ aborted: true })', 'null', '"abort"'],
  },
  isError: {
    ask: isError,
    yes: [
      'new Error("a")',
      'new TypeError("a")',
      'new AggregateError([])',
      'new (class E extends Error {})()',
      'AbortSignal.abort().reason',
    ],
    no: ['({ message: "a", stack: "b" })', '"a"', 'null', 'undefined', 'Error'],
  },
  isThenable: {
    ask: isThenable,
    yes: ['Promise.resolve()', '({ then() {} })'],
    no: ['({ then: 1 })', 'null', '"a"', '() => {}'],
  },
} as const satisfies Record<
  string,
  { ask: (value: unknown) => boolean; yes: readonly string[]; no: readonly string[] }
>;

describe.each(Object.entries(QUESTIONS))('%s', (_, { ask, yes, no }) => {
  it.each(yes)('is true of %s, of this realm and of another', (code) => {
    expect(ask(runInThisContext(`(${code})`))).toBe(true);
    expect(ask(other(`(${code})`))).toBe(true);
  });

  it.each(no)('is false of %s, of this realm and of another', (code) => {
    expect(ask(runInThisContext(`(${code})`))).toBe(false);
    expect(ask(other(`(${code})`))).toBe(false);
  });
});

it('tells the errors of the engine by their names', () => {
  const thrown = (code: string): unknown => {
    try {
      return other(code);
    } catch (error) {
      return error;
    }
  };
  expect(isErrorNamed('TypeError', thrown('null.a'))).toBe(true);
  expect(isErrorNamed('RangeError', thrown('new Array(-1)'))).toBe(true);
  expect(isErrorNamed('RangeError', thrown('null.a'))).toBe(false);
  expect(isErrorNamed('TypeError', { name: 'TypeError' })).toBe(false);
});
