/** The `sql` tag, identifiers, literals, and all that reads texts: lexer, placeholders, kinds. */
import { deepStrictEqual, ok } from 'node:assert';
import fc from 'fast-check';
import { sql } from '../../src/client/fragments/sql.ts';
import type { SqlFragment } from '../../src/client/fragments/sql-fragment.ts';
import { Lexer } from '../../src/sql/lexer.ts';
import { replacePlaceholders, scanQuery } from '../../src/sql/placeholders.ts';
import { quoteIdentifier, quoteLiteral } from '../../src/sql/quote.ts';
import { statementKind } from '../../src/sql/statement-kind.ts';
import { pieces, type Target, target } from './target.ts';

/** A piece of SQL and the placeholders that are in it. */
interface Piece {
  readonly text: string;
  readonly numbers: readonly number[];
}

const piece = (text: string, ...numbers: number[]): Piece => ({ text, numbers });

const SPECIAL = [...'$1\'";-/*ab \n\\', '$$', '$a$', '$2', '--', '/*', '*/', "E'", '😀', 'é', ';'];
const inside = pieces(SPECIAL, 8);

/** What ends by itself, whatever is inside of it, and what is a placeholder. */
const token: fc.Arbitrary<Piece> = fc.oneof(
  fc.nat({ max: 99_999 }).map((n) => piece(`$${n}`, n)),
  inside.map((text) => piece(`'${text.replaceAll("'", "''").replaceAll('\\', '')}'`)),
  inside.map((text) => piece(`E'${text.replace(/['\\]/g, '\\$&')}'`)),
  inside.map((text) => piece(`e'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`)),
  inside.map((text) => piece(`U&'${text.replaceAll("'", "''")}'`)),
  inside.map((text) => piece(`"${text.replaceAll('"', '""')}"`)),
  inside.map((text) => piece(`$q$${text.replaceAll('$', '')}$q$`)),
  inside.map((text) => piece(`$$${text.replaceAll('$', '')}$$`)),
  inside.map((text) => piece(`--${text.replaceAll('\n', '')}\n`)),
  inside.map((text) => piece(`/*${text.replaceAll('/', '')}*/`)),
  inside.map((text) => piece(`/* /* ${text.replaceAll('/', '')} */ $7 */`)),
  fc
    .constantFrom('a$1', 'é$2', '_x', 'select', '::int', '->>', '?|', '[1:2]', '1.5', ',', '(', ')')
    .map((text) => piece(text)),
  // A constant goes on behind a line break.
  inside.map((text) => piece(`'a' \n '${text.replaceAll("'", "''").replaceAll('\\', '')}'`)),
);

const statement = fc.array(token, { maxLength: 8 });

/** An argument, a fragment of a few, or a list of them. */
interface Part {
  readonly value: unknown;
  /** The arguments in it, in order. */
  readonly args: readonly unknown[];
}

const { part } = fc.letrec<{ part: Part; leaf: Part }>((tie) => ({
  leaf: fc
    .oneof(fc.string(), fc.integer(), fc.constant(null), fc.constant("'; DROP TABLE x --"))
    .map((value) => ({ value, args: [value] })),
  part: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    tie('leaf'),
    fc.array(tie('part'), { minLength: 1, maxLength: 3 }).map((parts) => ({
      value: sql.join(parts.map(({ value }) => value)),
      args: parts.flatMap(({ args }) => args),
    })),
    fc.tuple(inside, fc.array(tie('part'), { maxLength: 3 })).map(([text, parts]) => ({
      value: templateOf(text, parts),
      args: parts.flatMap(({ args }) => args),
    })),
    inside
      .filter((name) => name !== '')
      .map((name) => ({ value: sql.id(name), args: [] as unknown[] })),
  ),
}));

/** A template whose texts are names alone, between as many values. */
function templateOf(text: string, parts: readonly Part[]): SqlFragment {
  const strings = [quoteIdentifier(`x${text}`), ...parts.map(() => ' ')];
  const template = Object.assign(strings, { raw: strings }) as unknown as TemplateStringsArray;
  return sql(template, ...parts.map(({ value }) => value));
}

const WORDS = ['SELECT', 'explain', 'SET', 'COMMIT', 'set_config', 'into temp', 'U&"', 'CREATE'];

/** Texts that begin like statements, or like anything. */
const anyText = fc.oneof(pieces([...SPECIAL, ...WORDS], 24), fc.string({ unit: 'binary' }));

export const SQL_TARGETS: readonly Target[] = [
  target('sql-lexer', fc.tuple(anyText, fc.boolean()), ([text, backslashes]) => {
    // The pieces are the text, put together, and each is one piece by itself.
    const lexer = new Lexer(text, backslashes);
    let at = 0;
    while (lexer.next()) {
      const { token, start, end } = lexer;
      ok(start === at && end > start);
      at = end;
      const alone = new Lexer(text.slice(start, end), backslashes);
      ok(alone.next() && alone.token === token && alone.end === end - start);
    }
    ok(at === text.length);
  }),
  target('statement-kind', fc.tuple(anyText, anyText), ([text, other]) => {
    const kind = statementKind(text);
    ok(kind === statementKind(text));
    ok(!kind.shareable || (kind.repeatable && !kind.lasting));
    ok(!kind.repeatable || !kind.mayCommit);
    ok(!kind.mentionsPrepare || kind.lasting);
    // A comment in front changes nothing but what is on the safe side anyway.
    const commented = statementKind(`/*${other.replaceAll('/', '')}*/${text}`);
    const { callsUnknown, changesSchema, changesSurroundings, leavesStatements } = commented;
    const { mentionsPrepare, onlyEnds } = commented;
    const changes = { changesSchema, changesSurroundings, onlyEnds };
    const safer = { callsUnknown, ...changes, leavesStatements, mentionsPrepare };
    deepStrictEqual(commented, { ...kind, ...safer });
    ok(changesSchema || !kind.changesSchema);
    ok(callsUnknown || !kind.callsUnknown);
    ok(changesSurroundings || !kind.changesSurroundings);
    ok(kind.leavesStatements || !leavesStatements);
    ok(kind.onlyEnds || !onlyEnds);
    // Nothing that comes behind it makes a statement shareable that was not.
    const isOther = !kind.shareable && !kind.lasting;
    ok(!isOther || !statementKind(`${text} ${other}`).shareable);
    // Several statements are neither shareable nor executed again.
    for (const several of [`SELECT 1; COMMIT ${other}`, `SELECT 1; x${other}`]) {
      ok(!statementKind(several).shareable && !statementKind(several).repeatable);
    }
  }),
  target('placeholders', fc.tuple(statement, fc.boolean()), ([parts, backslashes]) => {
    const text = parts.map((one) => one.text).join(' ');
    // With backslashes in plain strings these pieces end elsewhere.
    const escapes = backslashes && !text.includes('\\');
    const scanned = scanQuery(text, escapes);
    const numbers = parts.flatMap((one) => one.numbers);
    deepStrictEqual(
      scanned.placeholders.map(({ number }) => number),
      numbers,
    );
    for (const { start, end, number } of scanned.placeholders) {
      ok(Number(text.slice(start + 1, end)) === number);
    }
    const replaced = replacePlaceholders(text, scanned, (number) => `$${number}`);
    ok(text.replace(/\$0+(?=\d)/g, '$').startsWith(replaced.replace(/\$0+(?=\d)/g, '$')));
  }),
  target('sql-scanner', pieces(SPECIAL, 24), (text) => {
    // Any text at all: the scan ends, inside the text, and a second one finds the same.
    for (const backslashes of [false, true]) {
      const scanned = scanQuery(text, backslashes);
      ok(scanned.end <= text.length);
      let at = 0;
      for (const { start, end } of scanned.placeholders) {
        ok(start >= at && end > start && end <= scanned.end);
        at = end;
      }
      deepStrictEqual(scanQuery(text.slice(0, scanned.end), backslashes), scanned);
    }
  }),
  target('sql-tag', part, ({ value, args }) => {
    const { text, args: given } = sql`SELECT ${value}`;
    deepStrictEqual(given, args);
    const { placeholders } = scanQuery(text, false);
    deepStrictEqual(
      placeholders.map(({ number }) => number),
      args.map((_, i) => i + 1),
    );
  }),
  target('quoting', fc.tuple(inside, fc.boolean()), ([text, backslashes]) => {
    if (text === '') return;
    // What is quoted is one piece to the scanner: what stands behind it is still found.
    for (const quoted of [quoteIdentifier(text), quoteLiteral(text)]) {
      const { placeholders } = scanQuery(`SELECT ${quoted}, $5 `, backslashes);
      deepStrictEqual(
        placeholders.map(({ number }) => number),
        [5],
      );
    }
  }),
];
