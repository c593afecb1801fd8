import { rowsAffected } from '../../client/calls/rows-affected.ts';
import { CODECS, RESULT } from '../../client/internals.ts';
import type { Queryable } from '../../client/queryable.ts';
import type { QueryResult } from '../../session/requests/query-result.ts';
import { argumentOf } from './arguments.ts';
import { prismaCodecs } from './codecs.ts';
import { columnTypeOf } from './column-types.ts';
import type { SqlQuery, SqlResultSet } from './driver-adapter.ts';
import { adapterError, type Place } from './mapped-error.ts';

/** What Prisma knows the adapter by. */
export const NAME = 'asyncpg/prisma';

/** Runs Prisma's queries on a pool or in a transaction. */
export abstract class PrismaQueryable {
  readonly provider = 'postgres' as const;
  readonly adapterName: string = NAME;
  readonly #target: Queryable<any>;
  protected readonly place: Place;

  protected constructor(target: Queryable<any>, place: Place) {
    this.#target = target;
    this.place = place;
  }

  async queryRaw(query: SqlQuery): Promise<SqlResultSet> {
    const { rows, fields } = await this.run(query);
    return {
      columnNames: fields?.map(({ name }) => name) ?? [],
      columnTypes: fields?.map(({ typeOid }) => columnTypeOf(typeOid)) ?? [],
      rows: rows as unknown[][],
    };
  }

  async executeRaw(query: SqlQuery): Promise<number> {
    return rowsAffected((await this.run(query)).tag);
  }

  protected run({ sql, args, argTypes }: SqlQuery): Promise<QueryResult> {
    const call = {
      text: sql,
      args: args.map((value, i) => argumentOf(value, argTypes[i])),
      rows: 'array',
      [CODECS]: prismaCodecs,
    } as const;
    return this.mapped(() => this.#target[RESULT](call));
  }

  /** What fails by the database fails as Prisma's client expects it. */
  protected async mapped<R>(work: () => Promise<R>): Promise<R> {
    try {
      return await work();
    } catch (error) {
      throw adapterError(error, this.place);
    }
  }
}
