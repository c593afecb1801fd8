import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../src', import.meta.url));

/** Where code runs for each connection or each call. */
const FOLDERS = [
  'client',
  'connecting',
  'integrations',
  'pool',
  'replication',
  'session',
  'transport',
];

/** Of a class, or for what is an option of `tls.connect`. */
const ONCE = /prototype\.|checkServerIdentity/;

/** `object.property = () => …`, also of several lines. */
const ASSIGNED =
  /[\w.)\]!]+\.#?\w+ (?:\?\?|\|\||&&)?=\s(?:async )?(?:function\b|\w+ =>|\([^()]*\)(?:: [^=\n]+)? =>)/g;

/*
 * V8 takes a function that is written where a property is assigned for a part of a class, and makes it
 * in the memory of what lives long. There it stays until all memory is collected, and with it everything that
 * it leads to: a session after each connection, a result after each query. A function that is a
 * variable first, or comes of another function, goes with what it belongs to.
 */
test('no function is assigned to a property where it is written', () => {
  const found = FOLDERS.flatMap((folder) =>
    globSync('**/*.ts', { cwd: `${root}/${folder}` }).flatMap((file) => {
      const text = readFileSync(`${root}/${folder}/${file}`, 'utf8');
      return [...text.matchAll(ASSIGNED)].map(([match]) => `${folder}/${file}: ${match}`);
    }),
  );
  expect(found.filter((each) => !ONCE.test(each))).toEqual([]);
});

test('which is what is looked for', () => {
  const bad = [
    'this.#a = () => 1;',
    'x.y ??= async (b, c): Promise<void> => {',
    'a().b = function () {',
  ];
  const good = [
    'const a = () => 1;',
    'this.a = of(() => 1);',
    'readonly a = () => 1;',
    '{ a: () => 1 }',
  ];
  expect(bad.map((text) => text.match(ASSIGNED)?.length)).toEqual([1, 1, 1]);
  expect(good.map((text) => text.match(ASSIGNED))).toEqual([null, null, null, null]);
});
