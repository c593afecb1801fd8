import { InvalidArgumentError, UnsupportedServerFeatureError } from '../../errors/client-errors.ts';
import { hasBackslashes } from '../../session/has-backslashes.ts';
import type { Server } from '../../session/server.ts';
import type { ServerVersion } from '../../session/server-version.ts';
import { quoteIdentifier, quoteLiteral } from '../../sql/quote.ts';
import { hasSeveralStatements } from '../../sql/several-statements.ts';
import { checkBoolean } from '../calls/known-options.ts';
import type { CopyCommon, CopyFormat } from './copy-options.ts';

/** The name of a table with its schema, quoted. */
export function qualifiedName(table: string, schema: string | undefined): string {
  const name = quoteIdentifier(table);
  return schema === undefined ? name : `${quoteIdentifier(schema)}.${name}`;
}

/** The text of `COPY … FROM STDIN`. */
export function copyFromStdin(
  table: string,
  { columns, schema, where, ...format }: CopyFormat & CopyCommon & { where?: string | undefined },
  server: Server,
): string {
  const { version, settings } = server;
  let text = `COPY ${qualifiedName(table, schema)}${columnList(columns)} FROM STDIN`;
  text += optionList(format, version);
  if (where !== undefined) {
    if (typeof where !== 'string') {
      throw new InvalidArgumentError('the where of a COPY must be a string: an SQL condition');
    }
    if (hasSeveralStatements(where, hasBackslashes(settings))) {
      throw new InvalidArgumentError(
        'the where of a COPY must be one SQL condition, without a ";"',
      );
    }
    requireVersion(version, 12, 'where');
    text += ` WHERE ${where}`;
  }
  return text;
}

/** The text of `COPY … TO STDOUT` for a table. */
export function copyTableToStdout(
  table: string,
  { columns, schema, ...format }: CopyFormat & CopyCommon,
  version: ServerVersion,
): string {
  const name = qualifiedName(table, schema);
  return `COPY ${name}${columnList(columns)} TO STDOUT${optionList(format, version)}`;
}

/** The text of `COPY (query) TO STDOUT`. */
export function copyQueryToStdout(
  query: string,
  format: CopyFormat,
  version: ServerVersion,
): string {
  // The line breaks keep the parentheses out of the query's comments.
  return `COPY (\n${query}\n) TO STDOUT${optionList(format, version)}`;
}

function columnList(columns: readonly string[] | undefined): string {
  if (columns === undefined) return '';
  const list = nameList('columns', columns);
  return columns.length === 0 ? '' : ` (${list})`;
}

function nameList(option: string, names: unknown): string {
  if (!Array.isArray(names)) {
    throw new InvalidArgumentError(`${option} must be true or an array of column names`);
  }
  return Array.from<string, string>(names, quoteIdentifier).join(', ');
}

function optionList(options: CopyFormat, version: ServerVersion): string {
  const list: string[] = [];
  const literal = (name: string, value: string | undefined): void => {
    if (value !== undefined) list.push(`${name} ${quoteLiteral(value)}`);
  };
  const columns = (
    name: string,
    option: string,
    value: true | readonly string[] | undefined,
    allSince = 0,
  ): void => {
    if (value === undefined) return;
    if (value === true) {
      requireVersion(version, allSince, `${option}: true`);
      list.push(`${name} *`);
      return;
    }
    const given = nameList(option, value);
    if (given !== '') list.push(`${name} (${given})`);
  };
  const { format, header, freeze, onError, rejectLimit, logVerbosity } = options;

  if (format !== undefined) list.push(`FORMAT ${oneOf('format', format, FORMATS)}`);
  if (freeze !== undefined) list.push(`FREEZE ${checkBoolean('freeze', freeze)}`);
  literal('DELIMITER', options.delimiter);
  literal('NULL', options.null);
  if (options.default !== undefined) {
    requireVersion(version, 16, 'default');
    literal('DEFAULT', options.default);
  }
  if (header === 'match') {
    requireVersion(version, 15, "header: 'match'");
    list.push('HEADER MATCH');
  } else if (typeof header === 'boolean') {
    list.push(`HEADER ${header}`);
  } else if (header !== undefined) {
    throw new InvalidArgumentError("header must be true, false or 'match'");
  }
  literal('QUOTE', options.quote);
  literal('ESCAPE', options.escape);
  columns('FORCE_QUOTE', 'forceQuote', options.forceQuote);
  columns('FORCE_NOT_NULL', 'forceNotNull', options.forceNotNull, 17);
  columns('FORCE_NULL', 'forceNull', options.forceNull, 17);
  if (onError !== undefined) {
    requireVersion(version, 17, 'onError');
    list.push(`ON_ERROR ${oneOf('onError', onError, ERROR_ACTIONS)}`);
  }
  if (rejectLimit !== undefined) {
    requireVersion(version, 18, 'rejectLimit');
    if (!Number.isSafeInteger(rejectLimit)) {
      throw new InvalidArgumentError('rejectLimit must be an integer');
    }
    list.push(`REJECT_LIMIT ${rejectLimit}`);
  }
  if (logVerbosity !== undefined) {
    requireVersion(version, logVerbosity === 'silent' ? 18 : 17, 'logVerbosity');
    list.push(`LOG_VERBOSITY ${oneOf('logVerbosity', logVerbosity, VERBOSITIES)}`);
  }
  literal('ENCODING', options.encoding);
  return list.length === 0 ? '' : ` WITH (${list.join(', ')})`;
}

const FORMATS = ['text', 'csv', 'binary'] as const;
const ERROR_ACTIONS = ['stop', 'ignore'] as const;
const VERBOSITIES = ['default', 'verbose', 'silent'] as const;

function oneOf(option: string, value: unknown, allowed: readonly string[]): string {
  const found = allowed.find((each) => each === value);
  if (found === undefined) {
    throw new InvalidArgumentError(`${option} must be one of ${allowed.join(', ')}`);
  }
  return found;
}

function requireVersion({ major }: ServerVersion, needed: number, option: string): void {
  if (major >= needed) return;
  throw new UnsupportedServerFeatureError(
    `the option ${option} of COPY needs PostgreSQL ${needed}, the server is version ${major}`,
    { safeToRetry: true },
  );
}
