import type { ResolvedTypeOptions } from '../values/type-options.ts';
import type { CodecForms } from './codec.ts';
import type { TypeDescription } from './type-description.ts';
import { bit, varbit } from './types/bits.ts';
import { bool } from './types/bool.ts';
import { bytea } from './types/bytea.ts';
import { dateForms } from './types/date.ts';
import { float4, float8 } from './types/floats.ts';
import { box, circle, line, lseg, path, point, polygon } from './types/geometry.ts';
import { cid, int2, int4, int8Forms, oid, xid, xid8 } from './types/integers.ts';
import { interval } from './types/interval.ts';
import { jsonbForms, jsonForms } from './types/json.ts';
import { cidr, inet, macaddr, macaddr8 } from './types/network.ts';
import { numericForms } from './types/numeric.ts';
import { pgLsn } from './types/pg-lsn.ts';
import { snapshot } from './types/snapshot.ts';
import { singleByteChar, text, textOnly, xml } from './types/text.ts';
import { tsquery, tsvector } from './types/text-search.ts';
import { tid } from './types/tid.ts';
import { timeForms, timetz } from './types/time.ts';
import { timestampForms, timestamptzForms } from './types/timestamp.ts';
import { uuid } from './types/uuid.ts';
import { jsonpath, lquery, ltree, ltxtquery } from './types/versioned-text.ts';
import { voidForms } from './types/void.ts';

type Forms = CodecForms | ((options: ResolvedTypeOptions) => CodecForms);

/** The base types of `pg_catalog` that are more than their text, by name. */
const BUILTIN: ReadonlyMap<string, Forms> = new Map<string, Forms>([
  ['bit', bit],
  ['bool', bool],
  ['box', box],
  ['bpchar', text],
  ['bytea', bytea],
  ['char', singleByteChar],
  ['cid', cid],
  ['cidr', cidr],
  ['circle', circle],
  ['cstring', text],
  ['date', dateForms],
  ['float4', float4],
  ['float8', float8],
  ['inet', inet],
  ['int2', int2],
  ['int4', int4],
  ['int8', int8Forms],
  ['interval', interval],
  ['json', jsonForms],
  ['jsonb', jsonbForms],
  ['jsonpath', jsonpath],
  ['line', line],
  ['lseg', lseg],
  ['macaddr', macaddr],
  ['macaddr8', macaddr8],
  ['name', text],
  ['numeric', numericForms],
  ['oid', oid],
  ['path', path],
  ['pg_lsn', pgLsn],
  ['pg_snapshot', snapshot],
  ['point', point],
  ['polygon', polygon],
  ['refcursor', text],
  ['regclass', textOnly],
  ['regcollation', textOnly],
  ['regconfig', textOnly],
  ['regdictionary', textOnly],
  ['regnamespace', textOnly],
  ['regoper', textOnly],
  ['regoperator', textOnly],
  ['regproc', textOnly],
  ['regprocedure', textOnly],
  ['regrole', textOnly],
  ['regtype', textOnly],
  ['text', text],
  ['tid', tid],
  ['time', timeForms],
  ['timestamp', timestampForms],
  ['timestamptz', timestamptzForms],
  ['timetz', timetz],
  ['tsquery', tsquery],
  ['tsvector', tsvector],
  ['txid_snapshot', snapshot],
  ['unknown', text],
  ['uuid', uuid],
  ['varbit', varbit],
  ['varchar', text],
  ['void', voidForms],
  ['xid', xid],
  ['xid8', xid8],
  ['xml', xml],
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
  const forms =
    type.schema === 'pg_catalog'
      ? BUILTIN.get(type.name)
      : type.hasBinaryInput && type.hasBinaryOutput
        ? EXTENSION_FORMS.get(type.name)
        : undefined;
  return (typeof forms === 'function' ? forms(options) : forms) ?? textOnly;
}
