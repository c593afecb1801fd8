import vm from 'node:vm';
import { expect, it } from 'vitest';
import { isPlainObject, kindOf } from '../../src/values/kind-of.ts';

class Account {
  readonly password = 'secret';
}

it.each([
  [1.5, 'the number 1.5'],
  [-0, 'the number -0'],
  [NaN, 'the number NaN'],
  [7n, 'the bigint 7n'],
  [10n ** 50n, 'a huge bigint'],
  [true, 'true'],
  [undefined, 'undefined'],
  [null, 'null'],
  ['secret', 'a string'],
  [Symbol('secret'), 'a symbol'],
  [() => 'secret', 'a function'],
  [['secret'], 'an array'],
  [{ password: 'secret' }, 'an object'],
  [Object.create(null), 'an object'],
  [new Account(), 'an Account'],
  [new Date(0), 'a Date'],
  [new (class {})(), 'an object'],
  [Object.assign(new Account(), { constructor: 'secret' }), 'an object'],
])('a value is named in words without its contents (%#)', (value, words) => {
  expect(kindOf(value)).toBe(words);
});

it('an object literal of another realm is a plain object, an instance is not', () => {
  expect(isPlainObject(vm.runInNewContext('({ a: 1 })') as object)).toBe(true);
  expect(isPlainObject(Object.create(null) as object)).toBe(true);
  expect(isPlainObject(new Account())).toBe(false);
});
