import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../../tools/entries.ts';
import { type Figures, withSizes } from '../../tools/size-table.ts';

const guide = readFileSync(path.join(root, 'docs/guides/serverless.md'), 'utf8');
const figures = JSON.parse(readFileSync(path.join(root, 'tools/size.json'), 'utf8')) as Figures;

describe('the sizes in the serverless guide', () => {
  it('are those of tools/size.json', () => {
    expect(withSizes(guide, figures)).toBe(guide);
  });

  it('change with the figures, and nothing else does', () => {
    const other = withSizes(guide, { ...figures, 'pool, bytes': 1_234_567 });
    expect(other).toMatch(/^\| has a pool +\| +1235 kB \|/m);
    expect(withSizes(other, figures)).toBe(guide);
  });

  it('need their place', () => {
    expect(() => withSizes('no marks', figures)).toThrow(/has no <!-- sizes:begin -->/);
  });
});
