/** Servers whose `lc_messages` is not English say what a stream has to know in another language. */
import { expect, test } from 'vitest';
import { contextFor } from '../../../src/client/connect.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';
import {
  ConnectionFailureError,
  ObjectNotInPrerequisiteStateError,
  type PostgresError,
  SyntaxOrAccessError,
  UndefinedObjectError,
} from '../../../src/index.ts';
import {
  PublicationMissingError,
  SlotInvalidatedError,
  SlotLostError,
} from '../../../src/replication/index.ts';
import { isPassing } from '../../../src/replication/preparation.ts';
import { isLater, publicationError } from '../../../src/replication/publications.ts';
import { slotError } from '../../../src/replication/slots.ts';
import { describeEach, open } from '../../support/connections.ts';
import { serverDsn } from '../../support/servers/server.ts';

const NEVER = new AbortController().signal;

/** What is wrong, as servers say it in some languages. */
const LANGUAGES: Readonly<Record<string, (name: string) => string>> = {
  English: (name) => `publication "${name}" does not exist`,
  German: (name) => `Publikation »${name}« existiert nicht`,
  French: (name) => `la publication « ${name} » n'existe pas`,
  Japanese: (name) => `パブリケーション"${name}"は存在しません`,
  Swedish: (name) => `publiceringen "${name}" finns inte`,
};

function error(message: string, serverSourceFunction: string | null): UndefinedObjectError {
  return new UndefinedObjectError(message, { sqlstate: '42704', serverSourceFunction });
}

describeEach('what a server says in its own language', (version) => {
  // Names that are a part of the message, or of each other, are none of them.
  const publications = ['publication', 'a', 'ab', 'a b', 'n'];
  const context = contextFor(resolveConfig(serverDsn(version), {}));

  test.each(Object.keys(LANGUAGES))(
    'of a publication that is missing is told as such: %s',
    async (language) => {
      for (const name of publications) {
        const found = error(LANGUAGES[language]!(name), 'get_publication_oid');
        const wanted = { publications: [...publications, 'other'], publishes: null };
        const told = await publicationError(found, context, wanted, NEVER);
        expect(told, name).toBeInstanceOf(PublicationMissingError);
        expect(told.message).toContain(JSON.stringify(name));
        expect(told.cause).toBe(found);
        expect(isLater(told)).toBe(false);
      }
    },
  );

  test('of one that has been made meanwhile is told as that', async () => {
    const connection = await open(version);
    const name = `made late ${version}`;
    await connection.execute(`CREATE PUBLICATION "${name}"`);
    try {
      for (const say of Object.values(LANGUAGES)) {
        const found = error(say(name), 'get_publication_oid');
        const wanted = { publications: [name], publishes: null };
        expect(isLater(await publicationError(found, context, wanted, NEVER))).toBe(true);
      }
    } finally {
      await connection.execute(`DROP PUBLICATION "${name}"`);
    }
  });

  test('of something else is left as it is', async () => {
    const wanted = { publications: ['a'], publishes: null };
    for (const other of [
      error('type "a" does not exist', 'typenameType'),
      error('publication "b" does not exist', 'get_publication_oid'),
      error('publication "ab" does not exist', 'get_publication_oid'),
      new SyntaxOrAccessError('publication "a" does not exist', { sqlstate: '42000' }),
    ]) {
      expect(await publicationError(other, context, wanted, NEVER)).toBe(other);
    }
  });

  test('is not told where the server cannot be asked: then that is', async () => {
    const away = contextFor(resolveConfig('postgres://postgres@127.0.0.1:1/postgres', {}));
    const found = error('publication "a" does not exist', 'get_publication_oid');
    const told = await publicationError(
      found,
      away,
      { publications: ['a'], publishes: null },
      NEVER,
    );
    expect(told).not.toBeInstanceOf(PublicationMissingError);
    expect(told).toBeInstanceOf(ConnectionFailureError);
  });
});

test('a slot that is missing is told as such in any language', () => {
  for (const [where, message] of [
    ['ReplicationSlotAcquire', 'Replikations-Slot »s« existiert nicht'],
    ['ReplicationSlotAcquireInternal', 'le slot de réplication « s » n’existe pas'],
  ] as const) {
    expect(slotError(error(message, where), 's', false)).toBeInstanceOf(SlotLostError);
  }
  const other = error('Typ »s« existiert nicht', 'typenameType');
  expect(slotError(other, 's', false)).toBe(other);
});

test('a slot that was given up is told as such in any language', () => {
  const message = 'kann nicht aus logischem Replikations-Slot »s« lesen';
  const detail =
    'Dieser Slot wurde ungültig gemacht, weil er die maximale reservierte Größe überschritten hat.';
  const found = new ObjectNotInPrerequisiteStateError(message, { sqlstate: '55000', detail });
  const told = slotError(found, 's', true);
  expect(told).toBeInstanceOf(SlotInvalidatedError);
  expect(told).toMatchObject({ detail, cause: found });
  // Of a slot that can be used, and of something else.
  expect(slotError(found, 's', false)).toBe(found);
  const other = error('Typ »s« existiert nicht', 'typenameType');
  expect(slotError(other, 's', true)).toBe(other);
});

test('a standby that has to be promoted first is waited for in any language', () => {
  const at = (sqlstate: string, serverSourceFunction: string): PostgresError =>
    new ObjectNotInPrerequisiteStateError('…', { sqlstate, serverSourceFunction });
  expect(isPassing(at('55000', 'CreateDecodingContext'))).toBe(true);
  // Before PostgreSQL 16.
  expect(isPassing(at('0A000', 'CheckLogicalDecodingRequirements'))).toBe(true);
  // Its wal_level is not logical.
  expect(isPassing(at('55000', 'CheckLogicalDecodingRequirements'))).toBe(false);
  expect(isPassing(at('0A000', 'pgoutput_startup'))).toBe(false);
});
