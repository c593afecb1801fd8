import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** One TypeScript code block of the documentation. */
export interface Block {
  /** The document's path, from the root of the repository. */
  readonly document: string;
  /** The line of its first code, counted from 1. */
  readonly line: number;
  readonly code: string;
  /** `run` it, only `check` its types, or `ignore` it. */
  readonly use: 'run' | 'check' | 'ignore';
}

/** What a fence may say after `ts`: `no-run: reason` and `ignore: reason`. */
const INFO = /^ts(?:$| (no-run|ignore): \S.*$)/;

/** The documents whose TypeScript must be right. */
export async function documents(): Promise<string[]> {
  const found = ['README.md', 'llms.txt'];
  for (const folder of ['docs', 'skills']) {
    const entries = await readdir(path.join(ROOT, folder), { recursive: true });
    const pages = entries.filter((entry) => entry.endsWith('.md') && !isGenerated(entry));
    found.push(...pages.map((entry) => path.posix.join(folder, entry)).sort());
  }
  return found;
}

function isGenerated(entry: string): boolean {
  return /^(?:reference|\.vitepress)\/|node_modules\//.test(entry);
}

/** Where the program of a block is written, to be compiled and run. */
export function fileOf({ document, line }: Block, folder: string): string {
  return path.join(folder, `${document.replaceAll(/[/.]/g, '-')}-${line}.ts`);
}

/** The blocks of a document that begin with a fence of `ts`, wherever they are indented. */
export async function blocksOf(document: string): Promise<Block[]> {
  const lines = (await readFile(path.join(ROOT, document), 'utf8')).split('\n');
  const blocks: Block[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const fence = /^(\s*)```(\w+)(.*)$/.exec(lines[index]!);
    if (fence === null) continue;
    const [, indent = '', language, rest = ''] = fence;
    const start = index + 1;
    const end = lines.findIndex((line, at) => at >= start && line.trim() === '```');
    if (end === -1) throw new Error(`${document}:${index + 1}: the code block does not end`);
    index = end;
    if (language !== 'ts') continue;
    const info = INFO.exec(`ts${rest}`);
    if (info === null) {
      throw new Error(
        `${document}:${start}: a block is \`ts\`, \`ts no-run: reason\` or \`ts ignore: reason\``,
      );
    }
    blocks.push({
      document,
      line: start + 1,
      code: lines
        .slice(start, end)
        .map((line) => line.slice(indent.length))
        .join('\n'),
      use: info[1] === undefined ? 'run' : info[1] === 'ignore' ? 'ignore' : 'check',
    });
  }
  return blocks;
}
