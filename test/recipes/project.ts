import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from '../../tools/entries.ts';

/** How long packages may take to be installed, and a program to run, in milliseconds. */
const INSTALL_TIME = 300_000;
const RUN_TIME = 60_000;

/** Packages by name, with their versions. */
export type Packages = Readonly<Record<string, string>>;

/** A folder with packages of the registry and the built driver, gone when it is disposed. */
export class Project implements Disposable {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'asyncpg-recipes-'));

  /** @param overridden whether `pg` is `@asyncpg/pg` for whoever requires it */
  async install(packages: Packages, overridden: boolean): Promise<void> {
    const dependencies: Record<string, string> = { ...packages };
    const manifest: Record<string, unknown> = { type: 'module', private: true, dependencies };
    if (overridden) {
      cpSync(path.join(root, 'packages/pg'), path.join(this.folder, 'pg'), { recursive: true });
      dependencies['pg'] = 'file:./pg';
      manifest['overrides'] = { pg: '$pg' };
    }
    this.write('package.json', JSON.stringify(manifest));
    const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    await this.run('npm', ['install', ...options], {}, INSTALL_TIME);
    symlinkSync(root, path.join(this.folder, 'node_modules/asyncpg'));
  }

  write(name: string, text: string): void {
    writeFileSync(path.join(this.folder, name), text);
  }

  /** Runs a program in it and resolves to what it prints; rejects with that if it fails. */
  run(
    command: string,
    words: readonly string[],
    environment: NodeJS.ProcessEnv,
    timeout: number = RUN_TIME,
  ): Promise<string> {
    return new Promise((resolve, reject) => {
      const env = { ...process.env, ...environment };
      const child = spawn(command, words, { cwd: this.folder, env, timeout });
      let output = '';
      let errors = '';
      child.stdout.setEncoding('utf8').on('data', (piece: string) => {
        output += piece;
      });
      child.stderr.setEncoding('utf8').on('data', (piece: string) => {
        errors += piece;
      });
      child.once('error', reject);
      child.once('close', (code) => {
        if (code === 0) resolve(output);
        else reject(new Error(`${command} ${words.join(' ')}: ${code}\n${output}${errors}`));
      });
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
