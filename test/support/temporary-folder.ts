import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';

/** A folder for the tests of one file, or of one `describe`; it goes when they are over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'asyncpg-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
