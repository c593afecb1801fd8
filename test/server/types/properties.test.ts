/** Random values of random nested types: the server says whether they arrived as they should. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { connect, type Transaction, type TypeOptions } from '../../../src/index.ts';
import {
  type NestedType,
  type NestedValue,
  plans,
  typeOf,
} from '../../support/samples/nested-types.ts';
import { hasServer, serverDsn } from '../../support/servers/server.ts';

const OPTIONS: readonly TypeOptions[] = [{}, { datetime: 'string', int8: 'string', json: 'text' }];

interface Case {
  readonly type: NestedType;
  readonly samples: readonly NestedValue[];
}

const cases: fc.Arbitrary<Case> = plans
  .map((plan) => typeOf(plan))
  .chain((type) =>
    fc.record({
      type: fc.constant(type),
      samples: fc.array(type.values, { minLength: 3, maxLength: 6 }),
    }),
  );

let tables = 0;

async function check(tx: Transaction, { type, samples }: Case): Promise<void> {
  // Under a name of its own: a statement that is kept knows the types that it was prepared with.
  const table = `nested_table_${tables++}`;
  await tx.execute([...type.ddl, `CREATE TEMP TABLE ${table} (n int4, v ${type.name})`].join(';'));
  for (const { value, sql } of samples) {
    // The whole as one argument against the same made of its parts.
    const args: unknown[] = [value];
    const expression = sql((part) => `$${args.push(part)}`);
    const row = await tx.fetchRow(
      `SELECT $1::${type.name} AS v, format('%s', $1::${type.name}) AS whole,
         format('%s', (${expression})::${type.name}) AS parts`,
      ...args,
    );
    expect(row!['whole'], type.name).toBe(row!['parts']);
    // What was decoded is the same again.
    const again = await tx.fetchRow(
      `SELECT $1::${type.name} AS v, format('%s', $1::${type.name}) AS whole`,
      row!['v'],
    );
    expect(again!['whole'], type.name).toBe(row!['whole']);
    expect(isDeepStrictEqual(again!['v'], row!['v']), type.name).toBe(true);
  }
  const records = samples.map(({ value }, n) => [n, value]);
  await tx.copyRecordsToTable(table, { records });
  await tx.executeMany(`INSERT INTO ${table} VALUES ($1, $2)`, records);
  const different = await tx.fetchVal(
    `SELECT count(*) FROM ${table} a, ${table} b
     WHERE a.n = b.n AND format('%s', a.v) <> format('%s', b.v)`,
  );
  expect(String(different), type.name).toBe('0');
  const copied: unknown[] = [];
  const query = `SELECT v FROM ${table} ORDER BY n`;
  for await (const { v } of tx.copyRecordsFromQuery(query)) copied.push(v);
  const fetched = (await tx.fetch(query)).map(({ v }) => v);
  expect(isDeepStrictEqual(copied, fetched), type.name).toBe(true);
}

describe.each([15, 18] as const)('PostgreSQL %d', (version) => {
  test.runIf(hasServer(version)).each(OPTIONS)(
    'nested values of nested types are what their parts are, with %o',
    async (types) => {
      await using db = await connect(serverDsn(version), { types });
      await fc.assert(
        fc.asyncProperty(cases, async (each) => {
          // Smaller counterexamples have types of the same names.
          await db.reloadSchemaState();
          const tx = await db.begin();
          try {
            await check(tx, each);
          } finally {
            await tx.rollback();
          }
        }),
        { numRuns: 60 },
      );
    },
    120_000,
  );
});
