import { entityKind } from 'drizzle-orm-next';
import { type PgCodecs, PgDialect } from 'drizzle-orm-next/pg-core';
import { DriverCodecs, type Reading } from '../drizzle/driver-codecs.ts';
import { readingOf } from './codecs.ts';

/** A mapper's: what the rows that it is given are read by. */
const READ_BY: unique symbol = Symbol('readBy');

/** What makes Drizzle's objects of rows. */
export interface Mapper {
  (rows: any[]): any;
  readonly [READ_BY]?: DriverCodecs;
}

type Generators = PgDialect['mapperGenerators'];

/** The codecs for the rows that a mapper makes objects of. */
export function codecsFor(mapper: Mapper | undefined): DriverCodecs | undefined {
  return mapper?.[READ_BY];
}

/** What Drizzle reads a driver's value with. */
interface Decoder {
  /** Of a column. */
  readonly columnType?: string;
  readonly mapFromDriverValue: { readonly isNoop?: boolean };
}

/** What is selected: a column, an expression with or without a name, a subquery, or a relation. */
interface Field extends Partial<Decoder> {
  readonly decoder?: Decoder;
  readonly sql?: { readonly decoder?: Decoder };
  readonly _?: { readonly sql?: { readonly decoder?: Decoder } };
}

/** A column of the rows, and the function of a codec's that normalizes it. */
interface Selected {
  readonly field?: unknown;
  readonly codec?: unknown;
  readonly arrayDimensions?: number;
}

function readBy<M extends Mapper | undefined>(mapper: M, columns: readonly Selected[]): M {
  const readings = columns.map(
    (column): Reading => (isOwn(column) ? 'node' : readingOf(column.codec)),
  );
  // What is not named is plain.
  while (readings.at(-1) === 'plain') readings.pop();
  return mapper && Object.assign(mapper, { [READ_BY]: DriverCodecs.of(readings) });
}

/** Whether a function of the program's own reads the column as the driver gives it: of a customType, of mapWith. */
function isOwn({ field, codec, arrayDimensions = 0 }: Selected): boolean {
  if (codec !== undefined || arrayDimensions > 0) return false;
  const given = field as Field | undefined;
  const decoder =
    given?.mapFromDriverValue === undefined
      ? (given?.decoder ?? given?.sql?.decoder ?? given?._?.sql?.decoder)
      : (given as Decoder);
  if (decoder === undefined || decoder.mapFromDriverValue.isNoop === true) return false;
  return decoder.columnType === undefined || decoder.columnType === 'PgCustomColumn';
}

/** Drizzle's dialect, whose mappers tell how the driver has to read the rows. */
export class AsyncpgDialect extends PgDialect {
  static override readonly [entityKind]: string = 'AsyncpgDialect';
  override readonly mapperGenerators: Generators;

  constructor(codecs: PgCodecs, useJitMappers: boolean) {
    super({ codecs, useJitMappers });
    const { rows, relationalRows } = new PgDialect({ useJitMappers }).mapperGenerators;
    this.mapperGenerators = {
      rows: (columns, nullable) => readBy(rows<any>(columns, nullable), columns),
      // What is nested comes as JSON, by other functions of the codecs.
      relationalRows: (config) => readBy(relationalRows(config), config.selection),
    };
  }
}
