import { expect, test } from 'vitest';
import { exportedFrom } from '../../tools/build-plugins.ts';

test('what an entry only passes on is exported from its file, and no line is moved', () => {
  const code = [
    'import { a as One, b as Two, Three, d as Four, e$ } from "./values.js";',
    'import { x } from "../core.js";',
    'import { tls } from "node:tls";',
    'const six = Two(tls, e$);',
    'export { Four, One, Three, Two as Deux, One as Uno, six, x };',
    '//# sourceMappingURL=index.js.map',
  ];
  expect(exportedFrom(code.join('\n')).split('\n')).toEqual([
    'import { b as Two, e$ } from "./values.js"; export { a as One, a as Uno, Three, d as Four } from "./values.js";',
    'export { x } from "../core.js";',
    code[2],
    code[3],
    'export { Two as Deux, six };',
    code[5],
  ]);
});

test('an entry that passes nothing on stays as it is', () => {
  const code = 'import { a } from "./core.js";\na();\nconst b = 1;\nexport { b };\n';
  expect(exportedFrom(code)).toBe(code);
  expect(exportedFrom('run();\n')).toBe('run();\n');
});
