import { InterfaceError } from '../../errors/client-errors.ts';

/**
 * What other drivers call a method, and what takes its place here. Whoever writes JavaScript, or hands a pool to a library
 * that is made for another driver, would read "query is not a function" else.
 */
const PLACES: Readonly<Record<string, string>> = {
  query:
    'fetch(text, ...args) resolves to the rows, fetchRow to the first, execute to the command tag. ' +
    "A library that is made for pg takes the pool of 'asyncpg/pg'.",
  connect: 'acquire() or withConnection(fn) lend a connection of a pool; connect(dsn) makes one.',
  release: 'Write `await using connection = await pool.acquire()`, or pool.release(connection).',
  end: 'It is close().',
  on: 'Errors reject the calls; for the rest there are listen(), addLogListener() and addTerminationListener().',
  unsafe: 'fetch(text, ...args) takes any text.',
  one: 'It is fetchOne().',
  oneOrNone: 'It is fetchRow().',
  many: 'It is fetch().',
  any: 'It is fetch().',
  none: 'It is execute().',
  tx: 'It is transaction(fn).',
  begin: 'It is transaction(fn); by hand, begin() of a connection.',
  fetchrow: 'It is fetchRow().',
  fetchval: 'It is fetchVal().',
  executemany: 'It is executeMany().',
};

/** Stands behind the prototype of what queries can be made with: its own methods come first. */
export const HABITS: object = {};
for (const name in PLACES) {
  Object.defineProperty(HABITS, name, {
    value: () => {
      throw new InterfaceError(`there is no method ${name}()`, {
        hint: PLACES[name]!,
        safeToRetry: true,
      });
    },
  });
}
