import { expect, it } from 'vitest';
import { findBuiltinType } from '../../src/codecs/builtin-types.ts';
import * as oids from '../../src/codecs/oids.ts';

it('OIDs that have a name in the code are those of the catalogs', () => {
  const names = {
    BOOL: 'bool',
    NAME: 'name',
    INT2: 'int2',
    INT2_VECTOR: 'int2vector',
    TEXT: 'text',
    OID: 'oid',
    OID_VECTOR: 'oidvector',
    JSON_TEXT: 'json',
    INT4_ARRAY: '_int4',
    TEXT_ARRAY: '_text',
    OID_ARRAY: '_oid',
    INTERVAL: 'interval',
    RECORD: 'record',
    JSONB: 'jsonb',
  };
  const expected = Object.entries(names).map(([key, name]) => [key, findBuiltinType(name)?.oid]);
  expect({ ...oids }).toEqual(Object.fromEntries(expected));
});
