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
])('a column of a table is named from a message in %s', (_, message) => {
  const error = new UndefinedColumnError(message, { severity: 'ERROR', sqlstate: '42703' });
  expect(causeOf(error)).toMatchObject({ kind: 'ColumnNotFound', column: 'orders.größe' });
});
