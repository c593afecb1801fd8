import { readFile } from 'node:fs/promises';
import { notChecked } from './checker.ts';
import type { LoadedConfig } from './config.ts';
import { relativeName } from './files.ts';
import { type Finding, findingAt } from './finding.ts';
import { hashOf, messageOf, readGenerated, textOf } from './generated-file.ts';
import { notFollowed } from './not-followed.ts';
import { outputFile } from './output-file.ts';
import type { CheckResult } from './result.ts';
import type { Source } from './sources.ts';

/**
 * Looks whether the generated file has each query of the sources, and was made from this schema: for places
 * where there is no database, and nothing to make one of.
 */
export async function checkOffline(
  config: LoadedConfig,
  sources: readonly Source[],
  hash: string,
): Promise<CheckResult> {
  const file = outputFile(config);
  const name = relativeName(config.root, file);
  const text = await readFile(file, 'utf8').catch(() => '');
  const generated = readGenerated(text);
  const findings: Finding[] = [];
  const add = (
    source: Source,
    at: number,
    code: string,
    message: string,
    hint: string | null,
  ): void => {
    findings.push(
      findingAt(source.file, source.text, at, { severity: 'error', code, message, hint }),
    );
  };
  if (text === '' || generated.hash !== hash) {
    const message =
      text === '' ? `there is no ${name}` : `${name} was made from another schema or configuration`;
    const hint = 'Run `npx asyncpg check` and commit the file.';
    findings.push(findingAt(file, text, 0, { severity: 'error', code: 'outdated', message, hint }));
  }
  const seen = new Set<string>();
  for (const source of sources) {
    for (const query of source.queries) {
      const whole = textOf(query.variants.map((each) => each.text.value));
      seen.add(typeof query.tag !== 'string' ? whole : `sql<'${query.tag}'>`);
      // A template without a name is not in the file.
      if (query.tag === null) continue;
      const named = query.tag === undefined ? undefined : generated.names.get(query.tag);
      const type =
        query.tag === undefined
          ? generated.texts.get(whole)
          : named?.hash === hashOf(whole)
            ? named.type
            : undefined;
      const objection = type === undefined ? null : messageOf(type);
      const unknownHint = 'Run `npx asyncpg check`, which needs a database or makes one.';
      if (type === undefined) {
        add(source, query.start, 'unknown', `this query is not in ${name}`, unknownHint);
      } else if (objection !== null) {
        add(source, query.start, 'refused', objection, null);
      }
    }
    findings.push(...notChecked(source, config));
  }
  return {
    findings,
    queries: seen.size,
    files: sources.length,
    notFollowed: notFollowed(sources),
  };
}
