import { describe, expect, test } from 'vitest';
import { resolveTypeOptions } from '../../src/config/types-option.ts';
import { createPool, type Pool } from '../../src/index.ts';
import { MessageWriter } from '../../src/protocol/writer.ts';
import type { PuppetResult } from '../support/fakes/puppet.ts';
import { PuppetStream } from '../support/fakes/puppet-stream.ts';
import { TypeRegistry } from '../support/type-registry.ts';
import { over } from './conversation.ts';

/** What the driver asks of the catalogs, and the types of it. */
const COLUMNS = {
  oid: 26,
  name: 25,
  schema: 25,
  typtype: 25,
  element: 26,
  delimiter: 25,
  base: 26,
  subtype: 26,
  attribute_names: 1009,
  attribute_oids: 1028,
  has_binary_input: 16,
  has_binary_output: 16,
} as const;

type Description = Partial<Record<keyof typeof COLUMNS, unknown>>;

const ODD = 50_000;
const USUAL: Description = {
  oid: ODD,
  name: 'odd',
  schema: 'public',
  typtype: 'b',
  element: 0,
  delimiter: ',',
  base: 0,
  subtype: 0,
  attribute_names: null,
  attribute_oids: null,
  has_binary_input: true,
  has_binary_output: true,
};

const registry = new TypeRegistry(resolveTypeOptions());

/** A row of the answer as the driver asks for it: each column in the format it prefers. */
function rowOf(given: Description): (Buffer | null)[] {
  const description: Description = { ...USUAL, ...given };
  return Object.entries(COLUMNS).map(([name, oid]) => {
    const value = description[name as keyof typeof COLUMNS];
    if (value === null) return null;
    const codec = registry.codec(oid)!;
    if (codec.resultFormat === 0) return Buffer.from(codec.text!.encode(value));
    const writer = new MessageWriter(64);
    codec.binary!.encode(writer, value);
    return Buffer.from(writer.written);
  });
}

/** What the server answers: to any question about types, `answer` to the how many-th it is. */
async function poolThatTells(
  answer: (question: number) => readonly Description[],
): Promise<{ pool: Pool; stream: PuppetStream; questions: () => number }> {
  let questions = 0;
  const stream = new PuppetStream({
    results: (text): PuppetResult | undefined => {
      if (text === 'select odd') return { columns: [['odd', ODD]], rows: [[Buffer.from('?')]] };
      if (text === 'select fine') return { columns: [['one', 23]], rows: [[Buffer.alloc(4)]] };
      if (!text.includes('FROM pg_catalog.pg_type t')) return undefined;
      return {
        columns: Object.entries(COLUMNS),
        get rows() {
          return answer(questions++).map(rowOf);
        },
      };
    },
  });
  const pool = await createPool({ ...over(stream), minSize: 1, maxSize: 1 });
  return { pool, stream, questions: () => questions };
}

const composite = (...oids: number[]): Description => ({
  typtype: 'c',
  attribute_names: oids.map((_, i) => `f${i}`),
  attribute_oids: oids,
});

/** What a hostile server may say of a type: none of it can be one. */
const IMPOSSIBLE: Readonly<Record<string, readonly Description[]>> = {
  'an array of itself': [{ element: ODD }],
  'a domain over itself': [{ typtype: 'd', base: ODD }],
  'a range of itself': [{ typtype: 'r', subtype: ODD }],
  'a composite of itself': [composite(23, ODD, ODD)],
  'a composite of arrays of itself': [composite(ODD + 1), { oid: ODD + 1, element: ODD }],
  'a ring of domains': [
    { typtype: 'd', base: ODD + 1 },
    { oid: ODD + 1, typtype: 'd', base: ODD + 2 },
    { oid: ODD + 2, typtype: 'd', base: ODD },
  ],
  'a chain of five thousand domains': Array.from({ length: 5_000 }, (_, i) => ({
    oid: ODD + i,
    typtype: 'd',
    base: i === 4_999 ? 23 : ODD + i + 1,
  })),
  'a composite without attributes': [{ typtype: 'c' }],
  'a composite with more names than types': [{ ...composite(23), attribute_names: ['a', 'b'] }],
  'a composite with fewer names than types': [{ ...composite(23, 23), attribute_names: ['a'] }],
  'a composite with an attribute without a name': [{ ...composite(23), attribute_names: [null] }],
  'a composite with an attribute without a type': [{ ...composite(23), attribute_oids: [null] }],
  'a composite with a table of names': [{ ...composite(23), attribute_names: [['a']] }],
  'a domain over nothing': [{ typtype: 'd' }],
  'a range of nothing': [{ typtype: 'r' }],
  'a multirange of nothing': [{ typtype: 'm' }],
  'a type of an unknown kind': [{ typtype: 'x' }],
  'a type of no kind': [{ typtype: null }],
  'a type without a name': [{ name: null }],
  'a type without a schema': [{ schema: null }],
  'a type without an element': [{ element: null }],
  'a type without an OID': [{ oid: null }],
};

describe('a server that describes its types', () => {
  test.for(Object.entries(IMPOSSIBLE))(
    'in an impossible way fails the query alone: %s',
    async ([, descriptions]) => {
      const { pool, stream } = await poolThatTells(() => descriptions);
      for (let i = 0; i < 2; i++) {
        await expect(pool.fetch('select odd')).rejects.toMatchObject({
          name: 'InternalClientError',
        });
        expect(await pool.fetchVal('select fine')).toBe(0);
      }
      expect(stream.destroyed).toBe(false);
      await pool.close();
    },
  );

  test('by ever new ones is not asked without end', async () => {
    const { pool, questions } = await poolThatTells((question) => [
      { oid: ODD + question, element: ODD + question + 1 },
    ]);
    await expect(pool.fetch('select odd')).rejects.toMatchObject({
      name: 'InternalClientError',
      message: expect.stringContaining('without end'),
    });
    expect(questions()).toBeLessThan(100);
    expect(await pool.fetchVal('select fine')).toBe(0);
    await pool.close();
  });

  test('not at all is believed that it sends their text', async () => {
    const { pool } = await poolThatTells(() => []);
    expect(await pool.fetchVal('select odd')).toBe('?');
    await pool.close();
  });

  test('cannot take away what is known of PostgreSQL’s own types', async () => {
    const { pool } = await poolThatTells(() => [{ oid: 23, name: 'int4', typtype: 'e' }, {}]);
    await pool.fetch('select odd');
    expect(await pool.fetchVal('select fine')).toBe(0);
    await pool.close();
  });
});
