import { Unencodable } from './codec.ts';

/**
 * The error for a value of the wrong kind: `expected a boolean, got the number 1`. Numbers
 * are shown; text and objects only named, as they may hold what does not belong into a log.
 */
export function refusal(expected: string, value: unknown): Unencodable {
  return new Unencodable(`expected ${expected}, got ${kindOf(value)}`);
}

/** The error for a string that cannot be read. The string itself is not shown. */
export function unreadable(expected: string): Unencodable {
  return new Unencodable(`expected ${expected}, got a string that is none`);
}

/** What a value is, in words. */
export function kindOf(value: unknown): string {
  switch (typeof value) {
    case 'number':
      return `the number ${Object.is(value, -0) ? '-0' : value}`;
    case 'bigint':
      return value > -(10n ** 40n) && value < 10n ** 40n ? `the bigint ${value}n` : 'a huge bigint';
    case 'boolean':
      return String(value);
    case 'undefined':
      return 'undefined';
    case 'object':
      return value === null ? 'null' : kindOfObject(value);
    default:
      return `a ${typeof value}`;
  }
}

/** An object literal's kind, also of another realm, or one without prototype. */
export function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function kindOfObject(value: object): string {
  if (Array.isArray(value)) return 'an array';
  if (isPlainObject(value)) return 'an object';
  const { constructor: maker }: { constructor?: unknown } = value;
  if (typeof maker !== 'function' || maker.name === '') return 'an object';
  const { name } = maker;
  return `${/^[AEIOU]/i.test(name) ? 'an' : 'a'} ${name}`;
}
