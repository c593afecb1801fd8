// Which declarations a user's compiler can come to: those of the entries, and what they import in turn.
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** `… from './x.ts'`, `import './x.ts'` and the type `import('./x.ts').X`, as the compiler writes them. */
const IMPORTED = /\b(?:from|import)\s*\(?\s*(['"])(\.{1,2}\/[^'"]+)\1/g;

/** Comments show imports of files that are not there. */
const COMMENT = /\/\*[\s\S]*?\*\//g;

/** The files that are reached from these. */
export function publicDeclarations(entries: readonly string[]): ReadonlySet<string> {
  const reached = new Set<string>();
  const visit = (file: string): void => {
    if (reached.has(file)) return;
    reached.add(file);
    const text = readFileSync(file, 'utf8').replace(COMMENT, '');
    for (const [, , specifier] of text.matchAll(IMPORTED)) {
      visit(path.resolve(path.dirname(file), specifier!.replace(/\.[jt]s$/, '.d.ts')));
    }
  };
  for (const entry of entries) visit(path.resolve(entry));
  return reached;
}
