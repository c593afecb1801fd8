import type { Connection } from 'asyncpg';
import type { Description } from '../describe.ts';
import type { FoundQuery } from '../sources/find-queries.ts';
import { OF_TABLE, type Variant } from '../sources/variant.ts';
import { Command, nodeOf, nodesOf, walk } from '../tree/nodes.ts';
import { missingIndexes } from './missing-index.ts';
import { RULES, type Rule, type Rules } from './names.ts';

/** What a rule objects to. */
export interface RuleFinding {
  readonly rule: Rule;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly hint: string;
  /** Where in the text; null for the query as a whole. */
  readonly position: number | null;
  /** What it is about, where that is told once for all variants of a query. */
  readonly about?: string;
}

type Said = Omit<RuleFinding, 'severity'>;

/** Looks at a query that the server takes by the rules that are on. */
export async function lookBy(
  rules: Rules,
  query: FoundQuery,
  { text: queryText }: Variant,
  answer: Description,
  catalogs: Connection,
): Promise<RuleFinding[]> {
  const found: RuleFinding[] = [];
  const text = queryText.value;
  for (const rule of RULES) {
    const severity = rules[rule] ?? 'off';
    // `/* check: allow select-star */` in the query.
    if (severity === 'off' || new RegExp(`check: allow [\\w, -]*\\b${rule}\\b`).test(text))
      continue;
    const said = await LOOKS[rule]({ text, query, answer, catalogs });
    for (const each of said) {
      // What the driver writes itself is no fault of the program's.
      const isOwn = each.position !== null && queryText.madeAt(each.position) === OF_TABLE;
      if (!isOwn) found.push({ ...each, severity });
    }
  }
  return found;
}

interface Looked {
  readonly text: string;
  readonly query: FoundQuery;
  readonly answer: Description;
  readonly catalogs: Connection;
}

const LOOKS: Readonly<
  Record<Rule, (looked: Looked) => readonly Said[] | Promise<readonly Said[]>>
> = {
  'missing-index': async ({ text, catalogs }) =>
    (await missingIndexes(text, catalogs)).map(({ table, filter }) => ({
      rule: 'missing-index',
      message: `no index of ${table} finds its rows by ${filter}`,
      hint: `Every execution reads all of ${table}: CREATE INDEX ON ${table} …`,
      position: null,
      about: table,
    })),
  'select-star': ({ text }) => starsOf(text),
  'write-without-where': ({ answer }) => writesWithoutWhere(answer),
  'lossy-type': ({ answer }) => lossyTypes(answer),
  'queries-in-loop': ({ query }) =>
    !query.isInLoop || /Many$|^(?:prepare|stream|cursor|copy)/.test(query.method)
      ? []
      : [
          {
            rule: 'queries-in-loop',
            message: 'a statement for each round of a loop: each waits for the one before',
            hint: 'executeMany or fetchMany sends them at once; = ANY ($1) and unnest make them one.',
            position: null,
          },
        ],
};

/** `*` in a list of columns; within EXISTS it names none. */
function starsOf(text: string): Said[] {
  const blank = text.replaceAll(/'(?:[^']|'')*'|--[^\n]*|\/\*[\s\S]*?\*\//g, (each) =>
    ' '.repeat(each.length),
  );
  const list =
    /(\bEXISTS\s*\(\s*)?(?:\bSELECT(?:\s+DISTINCT)?|\bRETURNING|,)\s*((?:[\w"]+\.)*\*)/gi;
  return [...blank.matchAll(list)]
    .filter((match) => match[1] === undefined)
    .map((match) => ({
      rule: 'select-star' as const,
      message: `${match[2]} is whatever columns there are`,
      hint: 'A column that is added later is sent as well: name those that are used.',
      position: match.index + match[0].length - (match[2]?.length ?? 0),
    }));
}

function writesWithoutWhere({ tree }: Description): Said[] {
  const found: Said[] = [];
  walk(tree, (node) => {
    if (node.tag !== 'QUERY') return true;
    const isWrite =
      node['commandType'] === Command.update || node['commandType'] === Command.delete;
    const from = nodeOf(node['jointree']);
    if (isWrite && nodesOf(from?.['fromlist']).length <= 1 && nodeOf(from?.['quals']) === null) {
      const name = node['commandType'] === Command.update ? 'UPDATE' : 'DELETE';
      found.push({
        rule: 'write-without-where',
        message: `${name} of every row of its table`,
        hint: 'If all are meant: WHERE true, or a comment, check: allow write-without-where.',
        position: null,
      });
    }
    return true;
  });
  return found;
}

const LOSSY: Readonly<Record<string, string>> = {
  timestamp:
    'does not say which instant it is: that depends on the time zone of who reads it. Use timestamptz.',
  timetz: 'has a time zone and no date, by which zones change. Use timestamptz or time.',
  money: 'is rounded and written as lc_monetary says. Use numeric.',
  float4: 'keeps six digits. Use float8 or numeric.',
};

function lossyTypes({ columns, parameters }: Description): Said[] {
  const places = [
    ...columns.map(({ name, type }) => ({ name, type: type.name })),
    ...parameters.map(({ name, type }, index) => ({
      name: name ?? `$${index + 1}`,
      type: type.name,
    })),
  ];
  return places.flatMap(({ name, type }) => {
    const loss = LOSSY[type];
    if (loss === undefined) return [];
    return [
      {
        rule: 'lossy-type',
        message: `${name} is a ${type}, which loses`,
        hint: `${type} ${loss}`,
        position: null,
      },
    ];
  });
}
