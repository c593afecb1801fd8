import type { ResolvedTypeOptions } from '../values/type-options.ts';
import type { CodecForms } from './codec.ts';
import { commonForms } from './common-forms.ts';
import { type Forms, formsIn, plainForms } from './plain-forms.ts';
import type { TypeDescription } from './type-description.ts';
import { bit, varbit } from './types/bits.ts';
import { box, circle, line, lseg, path, point, polygon } from './types/geometry.ts';
import { interval } from './types/interval.ts';
import { cidr, inet, macaddr, macaddr8 } from './types/network.ts';
import { pgLsn } from './types/pg-lsn.ts';
import { snapshot } from './types/snapshot.ts';
import { text, textOnly } from './types/text.ts';
import { tsquery, tsvector } from './types/text-search.ts';
import { tid } from './types/tid.ts';
import { timeForms, timetz } from './types/time.ts';
import { jsonpath, lquery, ltree, ltxtquery } from './types/versioned-text.ts';

/** The base types of `pg_catalog` that few programs have and that are more than their text, by name. */
const RARE: ReadonlyMap<string, Forms> = new Map<string, Forms>([
  ['bit', bit],
  ['box', box],
  ['cidr', cidr],
  ['circle', circle],
  ['inet', inet],
  ['interval', interval],
  ['jsonpath', jsonpath],
  ['line', line],
  ['lseg', lseg],
  ['macaddr', macaddr],
  ['macaddr8', macaddr8],
  ['path', path],
  ['pg_lsn', pgLsn],
  ['pg_snapshot', snapshot],
  ['point', point],
  ['polygon', polygon],
  ['tid', tid],
  ['time', timeForms],
  ['timetz', timetz],
  ['tsquery', tsquery],
  ['tsvector', tsvector],
  ['txid_snapshot', snapshot],
  ['varbit', varbit],
]);

/** Types of PostgreSQL's own extensions whose text and binary forms are known here. */
export const EXTENSION_FORMS: ReadonlyMap<string, CodecForms> = new Map([
  ['citext', text],
  ['lquery', lquery],
  ['ltree', ltree],
  ['ltxtquery', ltxtquery],
]);

/** How the values of a base type are read and written: as their text, if nothing more is known. */
export function scalarForms(type: TypeDescription, options: ResolvedTypeOptions): CodecForms {
  return (
    plainForms(type, options) ??
    commonForms(type, options) ??
    formsIn(RARE, type, options) ??
    extensionForms(type) ??
    textOnly
  );
}

function extensionForms(type: TypeDescription): CodecForms | undefined {
  const { schema, name, hasBinaryInput, hasBinaryOutput } = type;
  const isKnown = schema !== 'pg_catalog' && hasBinaryInput && hasBinaryOutput;
  return isKnown ? EXTENSION_FORMS.get(name) : undefined;
}
