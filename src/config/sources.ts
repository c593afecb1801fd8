import type { RowForm } from '../values/row-form.ts';
import type { ParsedDsn } from './dsn-uri.ts';
import type { Environment } from './environment.ts';
import { optionTable, type Row, type Settings } from './option-table.ts';
import type { ConnectOptions } from './options.ts';
import {
  dsnOrigin,
  environmentOrigin,
  type Found,
  type Origin,
  optionOrigin,
  serviceOrigin,
} from './origin.ts';
import type { Service } from './service-file.ts';
import { checkText, type TextParser } from './value-parsers.ts';

/** Where settings are looked for. */
export interface Sources {
  readonly options: ConnectOptions<RowForm>;
  readonly dsn: ParsedDsn;
  readonly service: Service | null;
  readonly environment: Environment;
}

/** Looks for every setting there is. */
export function collectSettings(sources: Sources): Settings {
  const settings: Record<string, Found<unknown> | null> = {};
  for (const [name, row] of Object.entries<Row<unknown>>(optionTable)) {
    settings[name] = findSetting(row, sources);
  }
  return settings as Settings; // Object.entries forgets which row has which type; the mapped type knows.
}

/**
 * A setting and where it was found; null if no source has it. The precedence: option, DSN, service file,
 * environment. An empty text is as good as none.
 */
export function findSetting<T>(
  row: Row<T>,
  { options, dsn, service, environment }: Sources,
): Found<T> | null {
  const { option, keys = [], env = [], value: check, text: parse } = row;
  if (option !== undefined && check !== undefined) {
    const value = options[option];
    if (value !== undefined && value !== null && value !== '') {
      const origin = optionOrigin(option);
      return { value: check(value, origin), origin };
    }
  }
  // The authority of a URI names the hosts: nothing weaker is even looked at.
  if (parse === undefined || (dsn.hosts !== null && keys.includes('host'))) return null;
  for (const key of keys) {
    const text = dsn.values.get(key);
    if (text) return read(text, dsnOrigin(key), parse);
  }
  if (service !== null) {
    for (const key of keys) {
      const text = service.values.get(key);
      if (text) return read(text, serviceOrigin(key, service.name, service.path), parse);
    }
  }
  for (const variable of env) {
    const text = environment.env[variable];
    if (text) return read(text, environmentOrigin(option ?? keys[0] ?? variable, variable), parse);
  }
  return null;
}

function read<T>(text: string, origin: Origin, parse: TextParser<T>): Found<T> {
  return { value: parse(checkText(text, origin), origin), origin };
}
