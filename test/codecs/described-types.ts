import type { TypeDescription } from '../../src/codecs/type-description.ts';

type Given = Partial<TypeDescription> & Pick<TypeDescription, 'oid' | 'name' | 'typtype'>;

/** A type as the server would describe it, in the schema `public`. */
function describedType(given: Given): TypeDescription {
  return {
    schema: 'public',
    element: 0,
    delimiter: ',',
    base: 0,
    subtype: 0,
    attributes: null,
    hasBinaryInput: true,
    hasBinaryOutput: true,
    ...given,
  };
}

/** An enum, domains of domains, composites in composites, ranges, and arrays of all these. */
export const MOOD = describedType({ oid: 20001, name: 'mood', typtype: 'e' });
export const MOOD_ARRAY = describedType({
  oid: 20002,
  name: '_mood',
  typtype: 'b',
  element: 20001,
});
const POSITIVE = describedType({ oid: 20003, name: 'positive', typtype: 'd', base: 23 });
export const SMALL = describedType({ oid: 20004, name: 'small', typtype: 'd', base: 20003 });
const SMALL_ARRAY = describedType({
  oid: 20005,
  name: '_small',
  typtype: 'b',
  element: 20004,
});
const INT_LIST = describedType({ oid: 20006, name: 'int_list', typtype: 'd', base: 1007 });
export const INT_LIST_ARRAY = describedType({
  oid: 20007,
  name: '_int_list',
  typtype: 'b',
  element: 20006,
});
export const ADDRESS = describedType({
  oid: 20008,
  name: 'address',
  typtype: 'c',
  attributes: [
    { name: 'street', oid: 25 },
    { name: 'house no', oid: 23 },
    { name: 'length', oid: 20001 },
  ],
});
export const ADDRESS_ARRAY = describedType({
  oid: 20009,
  name: '_address',
  typtype: 'b',
  element: 20008,
});
export const PERSON = describedType({
  oid: 20010,
  name: 'person',
  typtype: 'c',
  attributes: [
    { name: 'home', oid: 20008 },
    { name: 'others', oid: 20009 },
    { name: 'payload', oid: 3802 },
  ],
});
export const TEXT_RANGE = describedType({
  oid: 20011,
  name: 'text_range',
  typtype: 'r',
  subtype: 25,
});
export const TEXT_MULTIRANGE = describedType({
  oid: 20012,
  name: 'text_multirange',
  typtype: 'm',
  subtype: 20011,
});
export const WALLET = describedType({
  oid: 20013,
  name: 'wallet',
  typtype: 'c',
  attributes: [
    { name: 'cash', oid: 790 },
    { name: 'notes', oid: 1009 },
  ],
});
export const VECTOR = describedType({ oid: 20014, name: 'vector', typtype: 'b' });
export const VECTOR_ARRAY = describedType({
  oid: 20015,
  name: '_vector',
  typtype: 'b',
  element: 20014,
});

export const ALL_TYPES: readonly TypeDescription[] = [
  MOOD,
  MOOD_ARRAY,
  POSITIVE,
  SMALL,
  SMALL_ARRAY,
  INT_LIST,
  INT_LIST_ARRAY,
  ADDRESS,
  ADDRESS_ARRAY,
  PERSON,
  TEXT_RANGE,
  TEXT_MULTIRANGE,
  WALLET,
  VECTOR,
  VECTOR_ARRAY,
];
