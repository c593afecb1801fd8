import { InterfaceError } from '../errors/client-errors.ts';
import { kindOf } from '../values/kind-of.ts';
import type { CodecSource } from './codec-source.ts';

/** What a column is called in rows. */
export function columnName({ columnName: transform }: CodecSource, column: string): string {
  if (transform === undefined || transform === null) return column;
  const name: unknown = transform(column);
  if (typeof name === 'string') return name;
  throw new InterfaceError(
    `transform.column must return a string: for the column ${JSON.stringify(column)} it returned ${kindOf(name)}`,
  );
}
