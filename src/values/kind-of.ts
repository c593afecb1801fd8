/**
 * What a value is, in words, for errors: `the number 1`, `a string`, `an array`, `a Date`. Numbers
 * are shown; text and objects only named, as they may hold what does not belong in a log.
 */
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

/** Whether it is an object literal, also of another realm, or has no prototype. */
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
