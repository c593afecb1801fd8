import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type StatementKind, statementKind } from '../../src/sql/statement-kind.ts';

/** The kind by reading: behind a comment no text is judged at a glance. There is one object for each kind. */
function byReading(text: string): StatementKind {
  return statementKind(`/**/${text}`);
}

const opening = fc.constantFrom(
  ...['SELECT', 'select', '\n  Select', 'INSERT INTO', 'insert\tinto t VALUES', 'DELETE FROM'],
  ...[
    'SELECT\n',
    '\u00a0SELECT',
    'SELECT\u00a0',
    'SELECTED',
    'INSERT\u00a0INTO',
    '(SELECT',
    'VALUES',
  ],
  ...[
    'UPDATE t SET',
    'UPDATE',
    'update\n',
    'WITH x AS',
    'DELETE',
    'INSERT',
    'EXPLAIN SELECT',
    'TABLE',
    'SHOW',
    '',
  ],
);

/** What the readers of a statement look for, and what looks like it. */
const notable = fc.constantFrom(
  ...[
    'into',
    'INTO t',
    '"into"',
    'temp',
    'into temporary t',
    'set',
    'reset',
    'discard all',
    'commit',
  ],
  ...['end', 'rollback', 'abort', 'prepare', 'do', 'call', 'execute', 'copy', 'unlisten', 'create'],
  ...['alter', 'drop', 'create table', 'concurrently', 'listen', 'begin', 'savepoint', 'update'],
  ...[
    "set_config('role', $1, true)",
    "'set_config'",
    'setval($1)',
    'setseed',
    'pg_advisory_lock(1)',
  ],
  ...[
    '"pg_try_advisory_lock" (1)',
    'pg_advisory_unlock(1)',
    'dblink',
    'pg_temp.f()',
    '"pg_temp".t',
  ],
  ...[
    'pg_backup',
    'pg_start_backup',
    'replication_slot',
    'replication_origin',
    'U&"\\0061"(',
    'u&"a"',
  ],
  ...[
    "'now'",
    'now()',
    "'today'",
    '$$tomorrow$$',
    "'yesterday'",
    'x1now',
    "E'a'",
    "'\\'",
    "E'\\''",
  ],
  ...[
    ';',
    '; COMMIT',
    ';;',
    '; ',
    'unknown_function(1)',
    'pg_catalog.f(1)',
    'query_to_xml($1)',
    'a.f(',
  ],
  ...[
    'count(*)',
    'lower($1)',
    'coalesce(a, b)',
    '(SELECT 1)',
    'in ($1, $2)',
    'f (with x)',
    '"lower"(a)',
  ],
  ...[
    'ts_stat($1)',
    'crosstab($1)',
    'İnto',
    'ſet',
    '$1',
    'a.b',
    '1.5',
    "'a'",
    '"b"',
    '--',
    '/*',
    '*/',
    '(',
  ],
);

const gap = fc.constantFrom('', ' ', ' ', '\n', '\t', '\u00a0', ',', '-- x\n', '/* set */');

const text = fc
  .tuple(opening, fc.array(fc.tuple(gap, notable), { maxLength: 5 }), gap)
  .map(([start, pairs, end]) => `${start}${pairs.flat().join('')}${end}`);

describe('the kind of a text that is judged at a glance', () => {
  it('is the one that it has by reading, whatever it is made of', () => {
    fc.assert(
      fc.property(text, (sql) => {
        expect(statementKind(sql)).toBe(byReading(sql));
      }),
      { numRuns: 4000 },
    );
  });

  it.each([
    ['SELECT $1::int4 + 1 AS next', { shareable: true, firesTriggers: false }],
    ['SELECT count(*) FROM t WHERE a IN ($1, $2)', { shareable: true, firesTriggers: false }],
    ['INSERT INTO t (a, b) VALUES ($1, $2)', { shareable: true, firesTriggers: true }],
    ['UPDATE t SET a = $1', { shareable: true, firesTriggers: true }],
    ['DELETE FROM t WHERE a = $1', { shareable: true, firesTriggers: true }],
    ['SELECT * INTO t FROM u', { shareable: true, changesSchema: true }],
    // A call only where a backslash escapes.
    ["SELECT '\\'', my_function(1), ''", { shareable: false, lasting: true }],
    ['SELECT my_function()', { shareable: false, lasting: true, callsUnknown: true }],
  ])('%s', (sql, kind) => {
    expect(statementKind(sql)).toMatchObject(kind);
    expect(statementKind(sql)).toBe(byReading(sql));
  });

  it.each([
    ...['into', 'temp', 'temporary', 'set', 'reset', 'discard', 'set_config', 'setval', 'setseed'],
    ...[
      'commit',
      'end',
      'rollback',
      'abort',
      'prepare',
      'do',
      'call',
      'execute',
      'pg_advisory_lock',
    ],
    ...[
      'dblink',
      'pg_temp',
      'pg_start_backup',
      'pg_backup',
      'replication_slot',
      'replication_origin',
    ],
    ...[
      'now',
      'today',
      'tomorrow',
      'yesterday',
      'copy',
      'unlisten',
      'create',
      'query_to_xml',
      'listen',
    ],
  ])('is the one by reading with %s in it', (word) => {
    for (const start of ['SELECT', 'INSERT INTO t SELECT', 'UPDATE t SET', 'DELETE FROM t WHERE']) {
      for (const piece of [
        word,
        `"${word}"`,
        `'${word}'`,
        `${word}(1)`,
        `"${word}"(1)`,
        `${word} temp t`,
      ]) {
        const sql = `${start} a, ${piece.toUpperCase()} FROM t`;
        expect(statementKind(sql), sql).toBe(byReading(sql));
      }
    }
  });
});
