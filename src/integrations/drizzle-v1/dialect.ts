import { entityKind } from 'drizzle-orm-next';
import { type PgCodecs, PgDialect } from 'drizzle-orm-next/pg-core';
import { DriverCodecs } from '../drizzle/driver-codecs.ts';
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

function readBy<M extends Mapper | undefined>(
  mapper: M,
  columns: readonly { readonly codec?: unknown }[],
): M {
  const readings = columns.map(({ codec }) => readingOf(codec));
  // What is not named is plain.
  while (readings.at(-1) === 'plain') readings.pop();
  return mapper && Object.assign(mapper, { [READ_BY]: DriverCodecs.of(readings) });
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
