import { type Connection, connect } from 'asyncpg';
import { ALLOWED } from './allowed.ts';
import { CheckError } from './check-error.ts';
import type { LoadedConfig } from './config.ts';
import { Describer, type Description, isObjection, type Objection } from './describe.ts';
import { type Finding, findingAt } from './finding.ts';
import {
  type CheckedQuery,
  errorOf,
  generatedFile,
  IMPOSSIBLE,
  textOf,
  typeOfAll,
  UNTOLD,
} from './generated-file.ts';
import type { Declared } from './inference/shapes.ts';
import { lookBy, type RuleFinding } from './rules/rules.ts';
import type { FoundQuery } from './sources/find-queries.ts';
import { beginsQuery } from './sources/is-statement.ts';
import type { Variant } from './sources/variant.ts';
import type { Source } from './sources.ts';
import { TypeNames, typesIn } from './type-names.ts';

/** What is found in sources, and the file that is to be written. */
export interface Checked {
  readonly findings: readonly Finding[];
  /** How many different queries there are. */
  readonly queries: number;
  readonly generated: string;
}

/** Checks sources against one database, as often as they change: each text is asked for once. */
export class Checker {
  readonly #config: LoadedConfig;
  readonly #hash: string;
  readonly #catalogs: Connection;
  readonly #describer: Describer;
  readonly #names: TypeNames;
  readonly #looks = new Map<string, readonly RuleFinding[]>();
  readonly #answers = new Map<string, Description | Objection>();

  private constructor(
    config: LoadedConfig,
    hash: string,
    catalogs: Connection,
    describer: Describer,
  ) {
    this.#config = config;
    this.#hash = hash;
    this.#catalogs = catalogs;
    this.#describer = describer;
    this.#names = new TypeNames(catalogs, config);
  }

  /** @param hash what the generated file depends on besides the queries */
  static async open(dsn: string, config: LoadedConfig, hash: string): Promise<Checker> {
    const catalogs = await open(dsn);
    try {
      await checkDeclared(catalogs, config);
      return new Checker(
        config,
        hash,
        catalogs,
        await Describer.open(dsn, catalogs, declaredBy(config)),
      );
    } catch (error) {
      await catalogs.close();
      throw error;
    }
  }

  async check(sources: readonly Source[]): Promise<Checked> {
    const queries = new Map<string, CheckedQuery>();
    const findings: Finding[] = [];
    const texts = new Set<string>();
    for (const source of sources) {
      const temporary = temporaryTables(source);
      for (const query of source.queries) {
        findings.push(...(await this.#query(query, queries, temporary)));
        texts.add(query.tag ?? textOf(query.variants.map((each) => each.text.value)));
      }
      findings.push(...notChecked(source, this.#config));
    }
    // The compiler tries these as well, and takes no rows of them into account.
    for (const text of sources.flatMap(({ impossible }) => impossible)) {
      if (!queries.has(text)) queries.set(text, { text, name: null, type: IMPOSSIBLE });
    }
    const isStrict = this.#config.strict === true;
    const generated = generatedFile([...queries.values()], this.#hash, isStrict);
    return { findings: unique(findings), queries: texts.size, generated };
  }

  /**
   * Checks the variants of a query, one after the other, and adds it to those that there are.
   *
   * @param temporary the temporary tables that its file makes
   */
  async #query(
    query: FoundQuery,
    queries: Map<string, CheckedQuery>,
    temporary: ReadonlySet<string>,
  ): Promise<Finding[]> {
    const findings: Finding[] = [];
    const described: Description[] = [];
    let objection: Objection | null = null;
    let isOfTemporary = false;
    const told = new Set<string>();
    for (const variant of query.variants) {
      const answer = await this.#describe(variant.text.value);
      if (!isObjection(answer)) {
        described.push(answer);
        findings.push(...(await this.#look(query, variant, answer, told)));
        continue;
      }
      const { code, message, hint, position } = answer;
      if (isScript(answer)) {
        described.push(SCRIPT);
        // One that makes tables has nothing to be checked.
        if (!beginsQuery(variant.text.value)) continue;
        const why = 'a text of several statements, which cannot be prepared';
        findings.push(...this.#unchecked(query, variant, why));
        continue;
      }
      const table = missingTable(answer, variant.text.value);
      if (table !== null && temporary.has(table)) {
        isOfTemporary = true;
        const why = `${table} is a temporary table, which is there only while the program runs`;
        findings.push(...this.#unchecked(query, variant, why));
        continue;
      }
      objection ??= answer;
      const shown = variant.when === null ? message : `${message} (${variant.when})`;
      const { file, source } = query;
      const where =
        position === null ? { file, source, offset: query.start } : variant.text.place(position);
      const said = { severity: 'error', code, message: shown, hint } as const;
      findings.push(findingAt(where.file, where.source, where.offset, said));
    }
    // A template without a name has no place in the file: its text is not in its type.
    if (query.tag === null) return findings;
    const name = query.tag ?? null;
    const text = textOf(query.variants.map((each) => each.text.value));
    const key = name === null ? text : `sql<'${name}'>`;
    const known = queries.get(key);
    if (known !== undefined && known.text !== text) {
      findings.push(
        findingAt(query.file, query.source, query.start, {
          severity: 'error',
          code: 'same-name',
          message: `two queries have the name ${name}`,
          hint: 'Give each its own.',
        }),
      );
    }
    const type =
      known?.type ??
      (objection !== null
        ? errorOf(objection.message)
        : isOfTemporary
          ? UNTOLD
          : typeOfAll(described, query.variants, this.#names));
    queries.set(key, { text, name, type });
    return findings;
  }

  /** What is said of a query that the server cannot be asked about, unless a comment in it says that this is meant. */
  #unchecked({ file, source, start }: FoundQuery, { text }: Variant, why: string): Finding[] {
    if (ALLOWED.test(text.value)) return [];
    return [
      findingAt(file, source, start, {
        severity: this.#config.strict === true ? 'error' : 'warning',
        code: 'not-checked',
        message: `not checked: ${why}`,
        hint: null,
      }),
    ];
  }

  /**
   * Looks at a query by the rules that are on.
   *
   * @param told what was told of its other variants
   */
  async #look(
    query: FoundQuery,
    variant: Variant,
    answer: Description,
    told: Set<string>,
  ): Promise<Finding[]> {
    const { rules } = this.#config;
    if (rules === undefined) return [];
    const key = `${variant.text.value}\0${query.method}\0${query.isInLoop}`;
    const said =
      this.#looks.get(key) ?? (await lookBy(rules, query, variant, answer, this.#catalogs));
    this.#looks.set(key, said);
    const fresh = said.filter(
      ({ rule, about }) => about === undefined || !told.has(`${rule} ${about}`),
    );
    for (const { rule, about } of said) told.add(`${rule} ${about}`);
    return fresh.map(({ rule, severity, message, hint, position }) => {
      const { file, source } = query;
      const at =
        position === null ? { file, source, offset: query.start } : variant.text.place(position);
      return findingAt(at.file, at.source, at.offset, { severity, code: rule, message, hint });
    });
  }

  async #describe(text: string): Promise<Description | Objection> {
    const known = this.#answers.get(text);
    if (known !== undefined) return known;
    const answer = await this.#describer.describe(text);
    if (!isObjection(answer)) {
      const { parameters, columns } = answer;
      const types = [...parameters, ...columns].map(({ type }) => type);
      const domains = columns.map(({ domain }) => ({ oid: domain })).filter(({ oid }) => oid !== 0);
      const parts = columns.flatMap(({ shape }) => typesIn(shape));
      await this.#names.load([...types, ...domains, ...parts]);
    }
    this.#answers.set(text, answer);
    return answer;
  }

  /** With its connections, whatever was sent to them ends. */
  async close(): Promise<void> {
    await this.#describer.close();
    await this.#catalogs.close();
  }
}

/** What is told of several statements in one text: they take no arguments, and their rows are not read. */
const SCRIPT: Description = { parameters: [], columns: [], hasOneRow: false, tree: null };

/** Whether a text has several statements: of all syntax errors that one alone has no place. */
function isScript({ code, position }: Objection): boolean {
  return code === '42601' && position === null;
}

/** The temporary tables that the texts of a file make, which the schema does not have. */
function temporaryTables({ queries }: Source): Set<string> {
  const made = queries.flatMap(({ variants }) =>
    variants.map(({ text }) => TEMPORARY_TABLE.exec(text.value)?.[2] ?? ''),
  );
  return new Set(made.filter((name) => name !== ''));
}

const TEMPORARY_TABLE =
  /^\s*create\s+(?:(?:global|local)\s+)?temp(?:orary)?\s+table\s+(?:if\s+not\s+exists\s+)?("?)([\p{L}\p{N}_$]+)\1/iu;

/** The table that a text names and that is not there. */
function missingTable({ code, position }: Objection, text: string): string | null {
  if (code !== '42P01' || position === null) return null;
  return /^(?:pg_temp\.)?("?)([\p{L}\p{N}_$]+)\1/iu.exec(text.slice(position))?.[2] ?? null;
}

/** The types that the configuration declares for columns. */
function declaredBy({ columns = {} }: LoadedConfig): Declared {
  return (schema, table, column) =>
    columns[`${schema}.${table}.${column}`] ?? columns[`${table}.${column}`];
}

/** @throws CheckError for a type that was declared for a column that there is not: it would be for nothing */
async function checkDeclared(catalogs: Connection, { columns = {} }: LoadedConfig): Promise<void> {
  const missing = await catalogs.fetchVal<string>(
    `SELECT string_agg(name, ', ') FROM unnest($1::text[]) AS name WHERE NOT EXISTS (
       SELECT FROM pg_catalog.pg_attribute a
       JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       WHERE a.attnum > 0 AND NOT a.attisdropped
         AND name IN (concat_ws('.', c.relname, a.attname), concat_ws('.', n.nspname, c.relname, a.attname)))`,
    Object.keys(columns),
  );
  if (missing === null) return;
  throw new CheckError(
    `columns: there is no ${missing} in the database; they are named table.column or schema.table.column`,
  );
}

/** Whether a comment of the template, ahead of what is not known, says that this is meant. */
function isAllowed(source: string, start: number): boolean {
  const ahead = source.slice(Math.max(0, source.lastIndexOf('`', start - 1)), start);
  return ALLOWED.test(ahead);
}

/** What is said of queries whose text is not known before the program runs. */
export function notChecked(source: Source, config: LoadedConfig): Finding[] {
  const told = source.unknown.filter(
    (each) => !ALLOWED.test(each.before) && !isAllowed(each.source, each.start),
  );
  return told.map(({ file, source: text, start, reason }) =>
    findingAt(file, text, start, {
      severity: config.strict === true ? 'error' : 'warning',
      code: 'not-checked',
      message: `not checked: ${reason}`,
      hint: null,
    }),
  );
}

/** The same thing of the same place is said once: several sources may use one constant, or one fragment. */
function unique(findings: readonly Finding[]): Finding[] {
  const seen = new Map<string, Finding>();
  for (const each of findings) {
    const plain = each.message.replace(/ \(when .*\)$/, '');
    const key = `${each.file}:${each.line}:${each.column}:${each.code}:${plain}`;
    if (!seen.has(key)) seen.set(key, each);
  }
  return [...seen.values()];
}

async function open(dsn: string): ReturnType<typeof connect> {
  try {
    return await connect(dsn);
  } catch (error) {
    throw new CheckError(`the database cannot be reached: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
