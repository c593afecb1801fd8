import type { PgDialect } from 'drizzle-orm-next/pg-core';

type Fields = Parameters<PgDialect['mapperGenerators']['rows']>[0];
type Field = Fields[number];
type Read = (value: unknown) => unknown;

/** What Drizzle reads a value with, after its codec. */
interface Decoder {
  readonly mapFromDriverValue: Read & { readonly isNoop?: boolean };
}

function decoderOf({ field, fieldType }: Field): Decoder {
  const given = field as unknown as {
    readonly decoder: Decoder;
    readonly sql: { readonly decoder: Decoder };
    readonly _: { readonly sql: { readonly decoder: Decoder } };
  };
  switch (fieldType) {
    case 'Column':
      return field as unknown as Decoder;
    case 'SQL':
      return given.decoder;
    case 'Subquery':
      return given._.sql.decoder;
    default:
      return given.sql.decoder;
  }
}

/** How the values of a column are read; null: as they are. */
function readOf(column: Field): Read | null {
  const decoder = decoderOf(column);
  const codec = column.codec as ((value: unknown, dimensions?: number) => unknown) | undefined;
  const dimensions = (column as { arrayDimensions?: number }).arrayDimensions;
  if (decoder.mapFromDriverValue.isNoop) {
    if (codec === undefined) return null;
    return dimensions === undefined ? codec : (value) => codec(value, dimensions);
  }
  if (codec === undefined) return (value) => decoder.mapFromDriverValue(value);
  return (value) => decoder.mapFromDriverValue(codec(value, dimensions));
}

/** A column, and where its value belongs in the object that is made of a row. */
interface Target {
  readonly read: Read | null;
  readonly key: string;
  /** The keys that lead there; null: it is in the object itself. */
  readonly path: readonly string[] | null;
}

/** An object that is null as a whole if all of these columns are: the outer side of a join. */
interface Nullable {
  readonly key: string;
  readonly columns: readonly number[];
}

/**
 * Makes the objects of a selection of the values of rows, as Drizzle's own mapper does. What can be said of
 * a column once is not asked for each row.
 */
export function rowMapper(
  columns: Fields,
  nullablePaths: readonly string[] | undefined,
): (rows: unknown[][]) => any {
  const targets: Target[] = columns.map((column) => ({
    read: readOf(column),
    key: column.path.at(-1)!,
    path: column.path.length === 1 ? null : column.path.slice(0, -1),
  }));
  const nullables: Nullable[] = (nullablePaths ?? []).map((key) => ({
    key,
    columns: [...columns.keys()].filter((i) => {
      const { path } = columns[i]!;
      return path.length > 1 && path[0] === key;
    }),
  }));
  const objectOf = (row: readonly unknown[]): Record<string, unknown> => {
    const object: Record<string, unknown> = {};
    for (let i = 0; i < targets.length; i++) {
      const { read, key, path } = targets[i]!;
      const value = row[i];
      const node = path === null ? object : nodeAt(object, path);
      node[key] = read === null || value === null ? value : read(value);
    }
    for (const { key, columns } of nullables) {
      if (columns.every((i) => row[i] === null)) object[key] = null;
    }
    return object;
  };
  return (rows) => rows.map(objectOf);
}

function nodeAt(object: Record<string, unknown>, path: readonly string[]): Record<string, unknown> {
  let node = object;
  for (const key of path) {
    node[key] ??= {};
    node = node[key] as Record<string, unknown>;
  }
  return node;
}
