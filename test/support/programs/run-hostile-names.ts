/**
 * Gives everything in a database that has a name a hostile one, and reads it back. A process of its
 * own, for what holds for a whole process: `frozen` freezes the prototypes before anything of the
 * driver is loaded. Arguments: the DSN, a schema's name, and `frozen` or nothing. Prints what was
 * checked and what was not as it should be, as JSON.
 */
import { deepStrictEqual, ok } from 'node:assert';

const [dsn, schema = 'hostile_names', mode] = process.argv.slice(2);

const INTRINSICS = [Object, Array, Function, Map, Set, Promise, Error, String, RegExp, Uint8Array];
const before = INTRINSICS.map(({ prototype }) => Reflect.ownKeys(prototype));
if (mode === 'frozen') for (const { prototype } of INTRINSICS) Object.freeze(prototype);
const globals = Object.keys(globalThis);

const { connect, sql } = await import('../../../src/index.ts');

/** None is longer than 63 bytes, beyond which the server cuts names off. */
const NAMES = [
  ...['__proto__', 'constructor', 'prototype', 'then', 'toJSON', 'toString', 'valueOf', 'length'],
  ...['hasOwnProperty', '__defineGetter__', 'inspect', 'name', 'message', 'stack', 'get', 'set'],
  ...['0', '1', '-1', '4294967295', 'NaN', 'null', 'undefined', 'true', 'select', 'NULL', '$1'],
  ...['"', '""', "'", '`', '\\', '\\"', ';', '--', '/*', '*/', '${x}', '${globalThis.canary=1}'],
  ...['\\\'/*", "\\\'*/\n + (globalThis.canary = 1)] = null; //', "'); globalThis.canary = 1; ('"],
  ...[' ', ' a ', 'a b', 'a.b', '\n', '\r', '\t', '\u0001', '\u001b[31m', '\u007f', '\u0085'],
  ...[
    '\u2028',
    '\u2029',
    '\u200b',
    '\ufeff',
    '\u202e',
    'ключ',
    '名前',
    '😀',
    'é'.repeat(31),
    '"'.repeat(63),
  ],
  ...[
    "'".repeat(63),
    '\\'.repeat(63),
    '{',
    '}',
    '{}',
    '{a,b}',
    '(a,b)',
    ',',
    '()',
    '[1:2]',
    '=>',
    '%s',
  ],
];

let checks = 0;
const failures: string[] = [];

async function check(what: string, name: string, run: () => Promise<unknown>): Promise<void> {
  checks += 1;
  try {
    await run();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    failures.push(`${what} ${JSON.stringify(name)}: ${message}`);
  }
}

const id = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const db = await connect(dsn);
await db.execute(`DROP SCHEMA IF EXISTS ${schema} CASCADE; CREATE SCHEMA ${schema}`);
await db.execute(`SET search_path TO ${schema}; SET client_min_messages TO error`);

for (const name of NAMES) {
  await check('column', name, async () => {
    const row = (await db.fetchRow(`SELECT 7 AS ${id(name)}, 8 AS last`))!;
    const own = Object.getOwnPropertyDescriptor(row, name);
    deepStrictEqual([own?.value, own?.enumerable, row[0]], [7, true, 7]);
    // A column that is named like a position is what is read there.
    deepStrictEqual(row[1], name === '1' ? 7 : 8);
    deepStrictEqual([...row], [7, 8]);
    const value = await db.fetchVal({ text: `SELECT 1, 7 AS ${id(name)}`, column: name });
    // A number in a string is a position.
    ok(value === 7 || /^\d+$/.test(name));
  });
  await check('composite type', name, async () => {
    await db.execute(`CREATE TYPE ${schema}.${id(name)} AS (${id(name)} int4, "other field" text)`);
    const given = Object.defineProperty({ 'other field': 'x' }, name, {
      value: 5,
      enumerable: true,
    });
    const type = `${schema}.${id(name)}`;
    const back = (await db.fetchVal(`SELECT $1::${type}`, given))!;
    deepStrictEqual(Object.getOwnPropertyDescriptor(back, name)?.value, 5);
    deepStrictEqual([...back], [5, 'x']);
    const [many] = (await db.fetchVal(`SELECT $1::${type}[]`, [given]))!;
    deepStrictEqual([...many], [5, 'x']);
    const statement = await db.prepare(`SELECT $1::${type}`);
    deepStrictEqual(statement.parameters[0]?.name, name);
    await statement.close();
    await db.execute(`DROP TYPE ${schema}.${id(name)}`);
  });
  await check('enum', name, async () => {
    const literal = `E'${name.replace(/['\\]/g, '\\$&')}'`;
    await db.execute(`CREATE TYPE ${schema}.${id(name)} AS ENUM (${literal}, 'other label')`);
    const type = `${schema}.${id(name)}`;
    deepStrictEqual(await db.fetchVal(`SELECT $1::${type}`, name), name);
    deepStrictEqual(await db.fetchVal(`SELECT $1::${type}[]`, [name]), [name]);
    await db.setTypeCodec(name, { schema, encoder: (s: string) => s, decoder: (s) => [s] });
    deepStrictEqual(await db.fetchVal(`SELECT $1::${type}`, name), [name]);
    await db.resetTypeCodec(name, { schema });
    await db.execute(`DROP TYPE ${schema}.${id(name)}`);
  });
  await check('table', name, async () => {
    await db.execute(
      `CREATE TABLE ${id(name)} (${id(name)} int4, "other" text, CONSTRAINT ${id(name)} CHECK (${id(name)} < 9))`,
    );
    const record = Object.defineProperty({ other: 'x' }, name, { value: 1, enumerable: true });
    const columns = [name, 'other'];
    await db.copyRecordsToTable(name, { schema, columns, records: [record, [2, null]] });
    let text = '';
    await db.copyFromTable(name, {
      schema,
      columns,
      output: (chunk) => {
        text += chunk.toString();
      },
    });
    deepStrictEqual(text, '1\tx\n2\t\\N\n');
    await db.copyToTable(name, { schema, columns, source: [text] });
    const count = await db.fetchVal(
      sql`SELECT count(*) FROM ${sql.id(schema, name)} WHERE ${sql.id(name)} < ${2}`,
    );
    deepStrictEqual(count, 2n);
    const error = await db
      .execute(sql`INSERT INTO ${sql.id(name)} VALUES (${9})`)
      .catch((reason: unknown) => reason);
    const { tableName, constraintName } = error as { tableName?: string; constraintName?: string };
    deepStrictEqual([tableName, constraintName], [name, name]);
    await db.execute(`DROP TABLE ${id(name)}`);
  });
  await check('channel', name, async () => {
    const heard: unknown[] = [];
    const listener = ({ channel, payload }: { channel: string; payload: string }): void => {
      heard.push(channel, payload);
    };
    await db.addListener(name, listener);
    await db.notify(name, name);
    await db.execute('SELECT 1');
    deepStrictEqual(heard, [name, name]);
    await db.removeListener(name, listener);
  });
  await check('savepoint, statement and application', name, async () => {
    await db.transaction(async (tx) => {
      const savepoint = await tx.savepoint(name);
      await savepoint.rollback();
      await savepoint.release();
    });
    const statement = await db.prepare('SELECT 7', { name });
    deepStrictEqual([statement.name, await statement.fetchVal()], [name, 7]);
    await statement.close();
    await db.fetchVal("SELECT set_config('application_name', $1, false)", name);
  });
  await check('text', name, async () => {
    deepStrictEqual(await db.fetchVal('SELECT $1::text', name), name);
    deepStrictEqual(await db.fetchVal('SELECT $1::text[]', [name, name]), [name, name]);
    const json = await db.fetchVal('SELECT jsonb_build_object($1::text, 1)', name);
    deepStrictEqual(Object.getOwnPropertyDescriptor(json, name)?.value, 1);
    deepStrictEqual(Object.getPrototypeOf(json), Object.prototype);
  });
}

for (const name of ['__proto__', 'constructor', 'then', 'tojson', 'hasownproperty']) {
  await check('setting', name, async () => {
    await using other = await connect(dsn, { serverSettings: JSON.parse(`{"odd.${name}": "x"}`) });
    deepStrictEqual(await other.fetchVal('SELECT current_setting($1)', `odd.${name}`), 'x');
  });
}

await db.execute(`DROP SCHEMA ${schema} CASCADE`);
await db.close();

INTRINSICS.forEach(({ name, prototype }, i) => {
  checks += 1;
  if (String(Reflect.ownKeys(prototype).map(String)) !== String(before[i]!.map(String))) {
    failures.push(`${name}.prototype was changed`);
  }
});
const added = Object.keys(globalThis).filter((name) => !globals.includes(name));
if (added.length > 0) failures.push(`new globals: ${added.join(', ')}`);

process.stdout.write(JSON.stringify({ names: NAMES.length, checks, failures }));
