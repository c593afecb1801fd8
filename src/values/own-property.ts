/** An own property whatever its name is, `__proto__` too. */
export function define(row: object, name: string, value: unknown): void {
  Object.defineProperty(row, name, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}
