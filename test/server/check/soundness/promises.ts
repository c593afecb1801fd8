import type { Description } from '../../../../src/check/describe.ts';
import type { Json, Shape } from '../../../../src/check/inference/shapes.ts';

/**
 * What a query's rows break of what was told of it: a NULL that was said not to come, a row that was said to
 * be there, a JSON document of another shape. JSON is read as text.
 */
export function broken(
  { columns, hasOneRow }: Description,
  rows: readonly (readonly unknown[])[],
): string[] {
  const found: string[] = [];
  if (hasOneRow && rows.length === 0) found.push('no row');
  for (const [index, { name, isNullable, shape }] of columns.entries()) {
    const values = rows.map((row) => row[index]);
    const at = `column ${index + 1}, ${name}`;
    if (!isNullable && values.includes(null)) found.push(`${at} is NULL`);
    if (!values.every((each) => each === null || fits(shape, each)))
      found.push(`${at} has another shape`);
  }
  return found;
}

function fits(shape: Shape | null, value: unknown): boolean {
  if (shape?.kind !== 'json' || typeof value !== 'string') return true;
  let document: unknown;
  try {
    document = JSON.parse(value);
  } catch {
    // A cast to text, of which the type is not told by the shape.
    return true;
  }
  return fitsJson({ ...shape.json, isNullable: false }, document);
}

function fitsJson({ is, isNullable }: Json, value: unknown): boolean {
  if (value === null) return isNullable || 'declared' in is;
  if ('list' in is) return Array.isArray(value) && value.every((each) => fitsJson(is.list, each));
  if ('values' in is) {
    return isObject(value) && Object.values(value).every((each) => fitsJson(is.values, each));
  }
  if ('object' in is) {
    const names = is.object.map(([name]) => name);
    return (
      isObject(value) &&
      Object.keys(value).every((name) => names.includes(name)) &&
      is.object.every(([name, each]) => name in value && fitsJson(each, value[name]))
    );
  }
  return true;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
