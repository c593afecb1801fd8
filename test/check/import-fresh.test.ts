import { describe, expect, it } from 'vitest';
import { whyNot } from '../../src/check/import-fresh.ts';
import { Project } from './project.ts';

function failure(message: string, code?: string): Error & { code?: string } {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}

describe('a configuration that cannot be loaded', () => {
  it.each(['/a/asyncpg.config.ts', '/a/asyncpg.config.mts'])(
    'says what an older Node takes: %s',
    (file) => {
      const error = failure(
        'Unknown file extension ".ts" for /a/b.ts',
        'ERR_UNKNOWN_FILE_EXTENSION',
      );
      expect(whyNot(file, error)).toBe(
        `Node ${process.version} runs no TypeScript, which 22.18 and newer do: make it asyncpg.config.mjs, in JavaScript`,
      );
    },
  );

  it.each([
    ['asyncpg.config.ts', "Unexpected token 'export'", 'asyncpg.config.mts'],
    ['options.ts', 'Cannot use import statement outside a module', 'options.mts'],
    ['asyncpg.config.js', "Unexpected token 'export'", 'asyncpg.config.mjs'],
  ])('says how %s is a module in a CommonJS package', (file, message, renamed) => {
    expect(whyNot(`/a/${file}`, failure(message))).toBe(
      `${message}. It is no module where package.json has "type": "commonjs": name it ${renamed}`,
    );
  });

  it('else says what Node says', () => {
    const missing = failure("Cannot find package 'zod'", 'ERR_MODULE_NOT_FOUND');
    expect(whyNot('/a/asyncpg.config.ts', missing)).toBe("Cannot find package 'zod'");
    const wrong = failure("Unexpected token 'export'");
    expect(whyNot('/a/asyncpg.config.mts', wrong)).toBe("Unexpected token 'export'");
  });
});

it('finds asyncpg.config.mts', async () => {
  await using project = await Project.make({
    'package.json': '{ "type": "commonjs" }',
    'asyncpg.config.mts': 'export default { schemas: [] };',
  });
  await project.remove('asyncpg.config.mjs');
  const { code, err } = await project.check();
  expect(code).toBe(2);
  expect(err).toContain('asyncpg.config.mts: schemas is no option');
});
