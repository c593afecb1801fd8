import { describe, expect, it } from 'vitest';
import { sqlOf, statementsOf } from '../../src/check/schema-text.ts';

const shortened = (text: string): string[] =>
  statementsOf(text).map((each) => {
    expect(text.startsWith(each.text, each.start)).toBe(true);
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
    expect(shortened(' -- nothing\n')).toEqual(['-- nothing']);
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

  it('is without what psql takes for itself', () => {
    const file =
      "\uFEFF\\set x 1\nSELECT '\n\\a';\nCOPY t (a) FROM stdin;\n1\t;'\n\\N\n\\.\n\\connect b\nSELECT 2;";
    const sql = sqlOf(file);
    expect(sql.replaceAll(/\s+/g, ' ')).toBe(" SELECT ' \\a'; SELECT 2;");
    expect(sql.length).toBe(file.length - 1);
    expect(sqlOf('COPY t FROM STDIN;\n1\n')).toMatch(/^\s*$/);
  });
});
