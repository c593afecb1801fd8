import { bool } from './bool.ts';
import { bytea } from './bytea.ts';
import type { CodecForms } from './codec.ts';
import { dateForms } from './date.ts';
import { float4, float8 } from './floats.ts';
import { cid, int2, int4, int8Forms, oid, xid, xid8 } from './integers.ts';
import { jsonbForms, jsonForms } from './json.ts';
import { jsonpath } from './jsonpath.ts';
import { lquery, ltree, ltxtquery } from './ltree.ts';
import { cidr, inet, macaddr, macaddr8 } from './network.ts';
import { numericForms } from './numeric.ts';
import { pgLsn } from './pg-lsn.ts';
import { snapshot } from './snapshot.ts';
import { singleByteChar, text, textOnly, xml } from './text.ts';
import { tid } from './tid.ts';
import { timeForms, timetz } from './time.ts';
import { timestampForms, timestamptzForms } from './timestamp.ts';
import type { TypeDescription } from './type-description.ts';
import type { ResolvedTypeOptions } from './type-options.ts';
import { uuid } from './uuid.ts';
import { voidForms } from './void.ts';

type Forms = CodecForms | ((options: ResolvedTypeOptions) => CodecForms);

/** The base types of `pg_catalog` that are more than their text, by name. */
const BUILTIN: ReadonlyMap<string, Forms> = new Map<string, Forms>([
  ['bool', bool],
  ['bpchar', text],
  ['bytea', bytea],
  ['char', singleByteChar],
  ['cid', cid],
  ['cidr', cidr],
  ['cstring', text],
  ['date', dateForms],
  ['float4', float4],
  ['float8', float8],
  ['inet', inet],
  ['int2', int2],
  ['int4', int4],
  ['int8', int8Forms],
  ['json', jsonForms],
  ['jsonb', jsonbForms],
  ['jsonpath', jsonpath],
  ['macaddr', macaddr],
  ['macaddr8', macaddr8],
  ['name', text],
  ['numeric', numericForms],
  ['oid', oid],
  ['pg_lsn', pgLsn],
  ['pg_snapshot', snapshot],
  ['refcursor', text],
  ['text', text],
  ['tid', tid],
  ['time', timeForms],
  ['timestamp', timestampForms],
  ['timestamptz', timestamptzForms],
  ['timetz', timetz],
  ['txid_snapshot', snapshot],
  ['unknown', text],
  ['uuid', uuid],
  ['varchar', text],
  ['void', voidForms],
  ['xid', xid],
  ['xid8', xid8],
  ['xml', xml],
]);

/** Types of PostgreSQL's own extensions whose text and binary form are known without being told. */
const EXTENSION: ReadonlyMap<string, CodecForms> = new Map([
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
        ? EXTENSION.get(type.name)
        : undefined;
  return (typeof forms === 'function' ? forms(options) : forms) ?? textOnly;
}
