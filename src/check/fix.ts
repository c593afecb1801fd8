import { writeFile } from 'node:fs/promises';
import type { Source } from './sources.ts';

/**
 * Gives a name to each template that has neither a name nor a type: `sql<'users.byId'>`. Tells whether there
 * were any.
 */
export async function nameTemplates(sources: readonly Source[]): Promise<boolean> {
  const queries = sources.flatMap((source) => source.queries);
  const used = new Set(queries.map(({ tag }) => tag).filter((tag) => typeof tag === 'string'));
  const insertions = new Map<string, { source: string; names: Map<number, string> }>();
  for (const { file, source, nameGoes } of queries) {
    if (nameGoes === null) continue;
    const inFile = insertions.get(file) ?? { source, names: new Map<number, string>() };
    insertions.set(file, inFile);
    if (inFile.names.has(nameGoes.at)) continue;
    let name = nameGoes.name;
    for (let number = 2; used.has(name); number += 1) name = `${nameGoes.name}${number}`;
    used.add(name);
    inFile.names.set(nameGoes.at, name);
  }
  for (const [file, { source, names }] of insertions) {
    let text = source;
    // From the last to the first, so that places stay where they are.
    for (const [at, name] of [...names].sort(([a], [b]) => b - a)) {
      text = `${text.slice(0, at)}<'${name}'>${text.slice(at)}`;
    }
    await writeFile(file, text);
  }
  return insertions.size > 0;
}
