import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { runCommand } from '../../src/check/command.ts';

/** A project in a temporary folder that the command is run on. */
export class Project implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(files: Readonly<Record<string, string>>): Promise<Project> {
    const project = new Project(await mkdtemp(path.join(os.tmpdir(), 'asyncpg-check-')));
    await project.write({
      'asyncpg.config.mjs': "export default { schema: ['schema.sql'] };",
      ...files,
    });
    return project;
  }

  async write(files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      const file = path.join(this.folder, name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, text);
    }
  }

  read(name: string): Promise<string> {
    return readFile(path.join(this.folder, name), 'utf8');
  }

  remove(name: string): Promise<void> {
    return rm(path.join(this.folder, name));
  }

  /** Runs `asyncpg check` with these options. */
  async check(...args: string[]): Promise<{ code: number; out: string; err: string }> {
    let out = '';
    let err = '';
    const code = await runCommand(['check', ...args], this.folder, {
      out: (text) => {
        out += text;
      },
      err: (text) => {
        err += text;
      },
    });
    return { code, out, err };
  }

  /** Runs `asyncpg check --watch` until the signal, and hands over each report. */
  watch(signal: AbortSignal, report: (text: string) => void, ...args: string[]): Promise<number> {
    const output = { out: report, err: report };
    return runCommand(['check', '--watch', ...args], this.folder, output, signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}
