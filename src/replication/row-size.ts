/** About how many bytes a value takes. What a codec of the user's makes of one is not looked into. */
export function sizeOf(value: unknown, depth = 0): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 8;
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (depth > 20 || !(Array.isArray(value) || isPlain(value))) return 8;
  let size = 8;
  for (const key in value) size += sizeOf((value as Record<string, unknown>)[key], depth + 1);
  return size;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** The same of a row. */
export function sizeOfRow(row: object): number {
  let size = 0;
  for (const key in row) size += sizeOf((row as Record<string, unknown>)[key]);
  return size;
}
