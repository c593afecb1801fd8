/**
 * Gives a class its name on the prototype, so that instances carry no own `name` and the
 * name survives a minifier.
 */
export function named(target: { prototype: object }, name: string): void {
  Object.defineProperty(target.prototype, 'name', {
    value: name,
    writable: true,
    configurable: true,
  });
}
