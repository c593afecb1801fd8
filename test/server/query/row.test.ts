import assert from 'node:assert';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { open } from '../../support/connections.ts';

const HOSTILE = [
  '__proto__',
  'constructor',
  'length',
  'toString',
  'then',
  'hasOwnProperty',
  'toJSON',
  'valueOf',
  '0',
  '1',
  'Symbol(Symbol.iterator)',
  'a\'b"c`d\\e${f}\n\u2028',
  'ключ',
  '',
];

describe('Row', () => {
  it('is read by name, by position and as a tuple', async () => {
    const c = await open();
    const row = (await c.fetchRow('SELECT 1 AS id, $1::text AS name', 'Ada'))!;
    expect(row.id).toBe(1);
    expect(row['name']).toBe('Ada');
    expect(row[0]).toBe(1);
    expect(row[1]).toBe('Ada');
    expect(row[2]).toBeUndefined();
    const [id, name] = row;
    expect([id, name]).toEqual([1, 'Ada']);
    expect([...row]).toEqual([1, 'Ada']);
    expect(row.length).toBe(2);
    const { name: renamed, ...rest } = row;
    expect([renamed, rest]).toEqual(['Ada', { id: 1 }]);
  });

  it('is a plain object to everything that looks at own properties', async () => {
    const c = await open();
    const row = (await c.fetchRow("SELECT 1 AS id, 'Ada' AS name"))!;
    const plain = { id: 1, name: 'Ada' };
    expect(row).toEqual(plain);
    assert.deepEqual(row, plain);
    expect(Object.keys(row)).toEqual(['id', 'name']);
    expect(Object.entries(row)).toEqual([
      ['id', 1],
      ['name', 'Ada'],
    ]);
    expect({ ...row }).toStrictEqual(plain);
    expect(Object.assign({}, row)).toStrictEqual(plain);
    expect(JSON.stringify(row)).toBe('{"id":1,"name":"Ada"}');
    expect(structuredClone(row)).toEqual(plain);
    expect(inspect(row)).toBe(inspect(plain));
    expect(Array.isArray(row)).toBe(false);
    const seen: string[] = [];
    for (const key in row) seen.push(key);
    expect(seen).toEqual(['id', 'name']);
    expect('id' in row).toBe(true);
    expect(await c.fetchRow("SELECT 1 AS id, 'Ada' AS name")).toEqual(row);
  });

  it('may be changed', async () => {
    const c = await open();
    const row = (await c.fetchRow('SELECT 1 AS id'))!;
    row.id = 2;
    row.extra = true;
    expect(row).toEqual({ id: 2, extra: true });
  });

  it('has every one of columns with the same name by position, the last by name', async () => {
    const c = await open();
    const row = (await c.fetchRow('SELECT 1 AS a, 2 AS b, 3 AS a, 4 AS a'))!;
    expect(row.a).toBe(4);
    expect([row[0], row[1], row[2], row[3]]).toEqual([1, 2, 3, 4]);
    expect([...row]).toEqual([1, 2, 3, 4]);
    expect(row.length).toBe(4);
    expect(row).toEqual({ a: 4, b: 2 });
    expect(JSON.stringify(row)).toBe('{"a":4,"b":2}');
    expect(await c.fetchRow('SELECT 1, 2')).toEqual({ '?column?': 2 });
  });

  it.each(HOSTILE.filter((name) => name !== ''))(
    'takes a column named %j as data',
    async (name) => {
      const c = await open();
      const quoted = `"${name.replaceAll('"', '""')}"`;
      const rows = await c.fetch(`SELECT g AS ${quoted}, -g AS other FROM generate_series(7, 8) g`);
      expect(rows).toHaveLength(2);
      const [row] = rows;
      expect(row![name]).toBe(7);
      expect(row!.other).toBe(-7);
      expect([...row!]).toEqual([7, -7]);
      expect(Object.keys(row!).sort()).toEqual([name, 'other'].sort());
      expect(Object.getOwnPropertyDescriptor(row!, name)?.value).toBe(7);
      expect(JSON.parse(JSON.stringify(row))).toEqual(
        JSON.parse(`{${JSON.stringify(name)}:7,"other":-7}`),
      );
      expect(({} as Record<string, unknown>)['other']).toBeUndefined();
      expect(await c.fetchVal({ text: `SELECT 1, 7 AS ${quoted}`, column: name })).toBe(7);
      // Awaiting a row with a column named `then` must not call it.
      expect(await row).toBe(row);
    },
  );

  it('takes all hostile names at once', async () => {
    const c = await open();
    const names = HOSTILE.filter((name) => name !== '');
    const list = names.map((name, i) => `${i} AS "${name.replaceAll('"', '""')}"`).join(', ');
    const row = (await c.fetchRow(`SELECT ${list}`))!;
    expect([...row]).toEqual(names.map((_, i) => i));
    expect(names.map((name) => row[name])).toEqual(names.map((_, i) => i));
    expect(inspect(row)).toContain('ключ');
  });

  it('never shares memory with the connection', async () => {
    const c = await open();
    const first = (await c.fetchVal<Buffer>("SELECT 'first'::bytea"))!;
    const text = (await c.fetchVal<string>("SELECT 'text' || repeat('x', 100)"))!;
    await c.fetch("SELECT repeat('z', 70000) FROM generate_series(1, 10)");
    expect(first.toString()).toBe('first');
    expect(text).toBe(`text${'x'.repeat(100)}`);
  });
});
