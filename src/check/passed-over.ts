import type { ScriptFile } from '../migrations/script-files.ts';
import { type Finding, findingAt } from './finding.ts';

/** What is made, or may be made, where psql runs a file and is missing or different here. */
const SAID: Readonly<Record<string, string>> = {
  '\\gexec': "\\gexec is psql's, and what its query comes to is not executed here",
  '\\if': "\\if is psql's, and the statements of all its branches are executed here",
};

const HINT =
  'Write them so that the server runs them, in DO or as they are; or check against a database that has them: --database URL';

/** Commands of psql's that are passed over although tables may depend on them; rows are of no account here. */
export function passedOver(files: readonly ScriptFile[]): Finding[] {
  return files.flatMap(({ file, sql, beyond }) =>
    beyond.flatMap(({ at, command }) => {
      const message = SAID[command.toLowerCase()];
      if (message === undefined) return [];
      return [findingAt(file, sql, at, { severity: 'warning', code: 'psql', message, hint: HINT })];
    }),
  );
}

/** A variable of psql's where the server has found one: `:name`, `:'name'`, `:"name"`. */
const VARIABLE = /^:(?:[A-Za-z_]\w*|'\w+'|"\w+")/;

/** What helps where a file of SQL has a variable of psql's at a place; null where there is none. */
export function variableHint(sql: string, at: number): string | null {
  const [variable] = VARIABLE.exec(sql.slice(at)) ?? [];
  return variable === undefined
    ? null
    : `psql alone knows its variable ${variable}: write the value, or check against a database that is there: --database URL`;
}
