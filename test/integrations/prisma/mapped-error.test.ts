import { expect, test } from 'vitest';
import {
  InvalidCatalogNameError,
  InvalidPasswordError,
  type PostgresError,
  UndefinedColumnError,
  UndefinedTableError,
} from '../../../src/index.ts';
import { adapterError } from '../../../src/integrations/prisma/mapped-error.ts';

const PLACE = { host: 'h', port: 1, database: 'shop', user: 'ada' };

function causeOf(error: PostgresError): unknown {
  return (adapterError(error, PLACE) as { cause?: unknown }).cause;
}

// As PostgreSQL 15 says it.
test.each([
  ['English', (n: string) => `relation "${n}" does not exist`],
  ['German', (n: string) => `Relation »${n}« existiert nicht`],
  ['Spanish', (n: string) => `no existe la relación «${n}»`],
  ['French', (n: string) => `la relation «\u00a0${n}\u00a0» n'existe pas`],
  ['Japanese', (n: string) => `リレーション"${n}"は存在しません`],
  ['Georgian', (n: string) => `ურთიერთობა არ არსებობს: "${n}"`],
])('what is not there is named from a message in %s', (_, say) => {
  for (const name of ['orders', 'all orders', 's.orders']) {
    const fields = (sqlstate: string) => ({ severity: 'ERROR', sqlstate });
    const message = say(name);
    expect(causeOf(new UndefinedTableError(message, fields('42P01')))).toMatchObject({
      kind: 'TableDoesNotExist',
      table: name,
    });
    expect(causeOf(new InvalidCatalogNameError(message, fields('3D000')))).toMatchObject({
      kind: 'DatabaseDoesNotExist',
      db: name,
    });
    expect(causeOf(new InvalidPasswordError(message, fields('28P01')))).toMatchObject({
      kind: 'AuthenticationFailed',
      user: name,
    });
    const column = message.replace('relation', 'column');
    expect(causeOf(new UndefinedColumnError(column, fields('42703')))).toMatchObject({
      kind: 'ColumnNotFound',
      column: name,
    });
  }
});

// With its table it is in no quotes.
test.each([
  ['English', 'column orders.größe does not exist'],
  ['German', 'Spalte orders.größe existiert nicht'],
  ['Spanish', 'no existe la columna orders.größe'],
  ['French', "la colonne orders.größe n'existe pas"],
  ['Russian', 'столбец orders.größe не существует'],
  ['Korean', 'orders.größe 칼럼 없음'],
  ['Japanese', '列orders.größeは存在しません'],
])('a column of a table is named from a message in %s', (_, message) => {
  const error = new UndefinedColumnError(message, { severity: 'ERROR', sqlstate: '42703' });
  expect(causeOf(error)).toMatchObject({ kind: 'ColumnNotFound', column: 'orders.größe' });
});

test.each([
  ['German', (c: string, t: string) => `Spalte »${c}« von Relation »${t}« existiert nicht`],
  ['French', (c: string, t: string) => `la colonne « ${c} » de la relation « ${t} » n'existe pas`],
  ['Japanese', (c: string, t: string) => `リレーション"${t}"の列"${c}"は存在しません`],
  ['Chinese', (c: string, t: string) => `关系 "${t}" 的 "${c}" 字段不存在`],
])('a column is told from its table in %s by where the server points to', (_, say) => {
  const fields = { severity: 'ERROR', sqlstate: '42703' };
  for (const [table, column, query] of [
    ['orders', 'size', 'INSERT INTO "orders" ("😀", "size") VALUES ($1)'],
    ['size', 'orders', 'UPDATE size SET n = 1, orders = 2'],
    ['or', 'orders', 'UPDATE or SET orders = 2'],
    ['orders', 'or', 'UPDATE orders SET or = 2'],
  ] as const) {
    const at = query.lastIndexOf(column);
    const start = query[at - 1] === '"' ? at - 1 : at;
    const position = Array.from(query.slice(0, start)).length + 1;
    const error = new UndefinedColumnError(say(column, table), { ...fields, position });
    error.query = query;
    expect(causeOf(error)).toMatchObject({ kind: 'ColumnNotFound', column });
  }
});

test('a field that a record does not have is no column', () => {
  for (const message of ['record "new" has no field "size"', 'Record »new« hat kein Feld »size«']) {
    const error = new UndefinedColumnError(message, { severity: 'ERROR', sqlstate: '42703' });
    error.query = 'UPDATE orders SET size = 1';
    expect((causeOf(error) as { column?: string }).column).toBeUndefined();
  }
});
