/** Those properties, the inherited ones as well, as they are now. */
export function pick<T extends object>(of: T, names: Iterable<string>): Partial<T> {
  const picked = Array.from(names, (name) => [name, of[name as keyof T]]);
  return Object.fromEntries(picked) as Partial<T>;
}
