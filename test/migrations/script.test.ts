import { describe, expect, it } from 'vitest';
import { partOf, scriptOf } from '../../src/migrations/script.ts';

const sqlOf = (text: string): string => scriptOf(text).sql;

const shortened = (text: string): string[] =>
  scriptOf(text).statements.map((each) => {
    expect(text.startsWith(each.text, each.start)).toBe(true);
    expect(text.toLowerCase().startsWith(each.verb, each.at)).toBe(true);
    return each.text.trim();
  });

describe('statements of a file of SQL', () => {
  it('end at semicolons that stand in nothing else', () => {
    const statements = [
      `SELECT 'a;''b', "c;d", E'e\\';f', $$g;$$, $h$;$$;$h$, $1;`,
      '-- a;\n/* b; /* c; */ ; */ VACUUM;',
      'CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2);',
      'CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN a > 1 THEN 1 END; SELECT 2; END;',
      'BEGIN;',
      'END;',
      'SELECT 1',
    ];
    expect(shortened(statements.join('\n'))).toEqual(statements);
    expect(shortened(' -- nothing\n')).toEqual([]);
    const [first, second] = scriptOf('-- a;\n/* BEGIN; */ Begin;SELECT 1').statements;
    expect(first).toMatchObject({ start: 0, at: 19, verb: 'begin', rows: null });
    expect(second).toMatchObject({ start: 25, at: 25, verb: 'select' });
    expect(shortened(' \n')).toEqual([]);
  });
});

describe('SQL of a file', () => {
  it('is without what undoes it, as tools mark that in one file', () => {
    const marks = [
      ['-- migrate:up transaction:false', '-- migrate:down'],
      ['-- +goose Up', '-- +goose Down'],
      ['-- +migrate Up', '-- +migrate Down notransaction'],
      ['-- Up Migration', '-- Down Migration'],
      ['--- up migration', '--- DOWN MIGRATION'],
    ];
    for (const [up, down] of marks) {
      const file = `${up}\nCREATE 'é🙂';\n${down}\nDROP 'é🙂';\n`;
      const sql = sqlOf(file);
      expect(sql.trim()).toBe(`${up}\nCREATE 'é🙂';`);
      expect(sql.split('\n').length).toBe(5);
      expect(sqlOf(`${down}\nDROP;\n${up}\nCREATE;`).trim()).toBe(`${up}\nCREATE;`);
    }
    const others = '-- the migration goes down\n-- down\n-- upward migration\nDROP;';
    expect(sqlOf(others)).toBe(others);
  });

  it('tells what psql alone can do, and the database depends on', () => {
    const file = [
      "\\copy a FROM 'a.csv' CSV",
      'SELECT 1;\\copy "b" (c, "to") From stdin',
      "\\COPY (SELECT 1 from a) TO 'from.csv'",
      '\\copy  (SELECT a FROM (SELECT 1) b) TO c',
      "\\copy a TO 'a from b'",
      '\\if :{?x}',
      "SELECT '\n\\copy a from b';",
      '\\copyright from',
      '\\endif',
      '-- \\if 1',
      "SELECT 'CREATE TABLE b ()' \\gexec",
      '\\gexecute',
      "\\lo_import 'a.png'",
    ].join('\n');
    expect(scriptOf(file).beyond).toEqual([
      { at: 0, command: '\\copy' },
      { at: file.indexOf('\\copy "b"'), command: '\\copy' },
      { at: file.indexOf('\\if'), command: '\\if' },
      { at: file.indexOf('\\gexec'), command: '\\gexec' },
      { at: file.indexOf('\\lo'), command: '\\lo_import' },
    ]);
    expect(partOf(scriptOf(file), 5, file.indexOf('\\if')).beyond).toHaveLength(1);
  });

  it('is without what psql takes for itself', () => {
    const file =
      "\uFEFF\\set x 1\nSELECT '\n\\a';\nCOPY t (a) FROM stdin;\n1\t;'\n\\N\n\\.\n\\connect b\nSELECT 2;";
    const sql = sqlOf(file);
    expect(sql.replaceAll(/\s+/g, ' ')).toBe(" SELECT ' \\a'; SELECT 2;");
    expect(sql.length).toBe(file.length - 1);
    expect(sqlOf('COPY t FROM STDIN;\n1\n')).toMatch(/^\s*$/);
    const sent = "SELECT 'CREATE DATABASE a' \\gexec\nSELECT 1 \\watch\n;SELECT 2 \\g x";
    expect(shortened(sqlOf(sent))).toEqual([
      "SELECT 'CREATE DATABASE a' ;",
      'SELECT 1       \n;',
      'SELECT 2 ;',
    ]);
  });

  it('has the rows of COPY beside it', () => {
    const copy = "COPY t (a) FROM STDIN WITH (DELIMITER ';', FORMAT csv);";
    const file = `SELECT 1; -- all\n${copy} -- of them\n1;'\n\\N\n\\.\nSELECT 2`;
    const { sql, statements } = scriptOf(file);
    expect(sql.replaceAll(/\s+/g, ' ')).toBe('SELECT 1; -- all SELECT 2');
    expect(statements.map(({ text, start, rows }) => [text.trim(), start, rows])).toEqual([
      ['SELECT 1;', 0, null],
      [copy, file.indexOf(copy), "1;'\n\\N\n"],
      ['SELECT 2', file.indexOf('\nSELECT 2'), null],
    ]);
    expect(scriptOf('COPY t TO STDOUT; SELECT 3;').statements).toHaveLength(2);
  });

  it('goes on behind COPY in the same line, and behind the rows', () => {
    const told = (file: string): (string | null)[][] =>
      scriptOf(file).statements.map(({ text, rows }) => [text.trim(), rows]);
    const file = 'COPY t FROM stdin; INSERT 1; INSERT\n1\n\\.\n2;\nSELECT 3;';
    expect(told(file)).toEqual([
      ['COPY t FROM stdin;', '1\n'],
      ['INSERT 1;', null],
      ['INSERT\n \n  \n2;', null],
      ['SELECT 3;', null],
    ]);
    expect(sqlOf(file).split('\n').length).toBe(5);
    const two = 'COPY t FROM stdin;COPY u FROM stdin; -- both\n1\n\\.\n2\n\\.\nSELECT 3;';
    expect(told(two)).toEqual([
      ['COPY t FROM stdin;', '1\n'],
      ['COPY u FROM stdin;', '2\n'],
      ['SELECT 3;', null],
    ]);
    expect(told('COPY t FROM stdin; \\set x 1\n1\n\\.\nSELECT 3;')).toEqual([
      ['COPY t FROM stdin;', '1\n'],
      ['SELECT 3;', null],
    ]);
    expect(told('COPY t FROM stdin; SELECT 3;')).toEqual([
      ['COPY t FROM stdin;', ''],
      ['SELECT 3;', null],
    ]);
  });

  it('has rows that end at a line of the file, and at no other end of a line', () => {
    for (const end of ['\u2028', '\u2029', '\r']) {
      const [copy, other] = scriptOf(
        `COPY t FROM stdin;\na${end}\\.\nb\n\\.\nSELECT 1;`,
      ).statements;
      expect(copy).toMatchObject({ rows: `a${end}\\.\nb\n` });
      expect(other!.text.trim()).toBe('SELECT 1;');
    }
  });

  it('goes on behind a command of psql, as psql does', () => {
    expect(shortened(sqlOf('SELECT 1\\; SELECT 2\\;SELECT 3;'))).toEqual([
      'SELECT 1 ;',
      'SELECT 2 ;',
      'SELECT 3;',
    ]);
    expect(shortened(sqlOf("\\set a 'b \\\\ c' \\\\ SELECT 1; \\echo don't\nSELECT 2;"))).toEqual([
      'SELECT 1;',
      'SELECT 2;',
    ]);
    expect(scriptOf('\\set a 1 \\i b.sql\n\\t \\if :a').beyond).toMatchObject([
      { command: '\\if' },
    ]);
    expect(scriptOf('\\set a 1 \\i b.sql').included).toEqual([
      { at: 9, path: 'b.sql', isBeside: false },
    ]);
    expect(sqlOf("\\! rm a \\\\ b; c\n\\copy a TO 'b' \\\\ c").trim()).toBe('');
    for (const end of ['q', 'quit']) {
      expect(shortened(sqlOf(`SELECT 1;\n\\${end}\nSELECT 2;`))).toEqual(['SELECT 1;']);
    }
    expect(shortened(sqlOf('\\qecho a\nSELECT 2;'))).toEqual(['SELECT 2;']);
  });
});
