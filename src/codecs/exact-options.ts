import type { ResolvedTypeOptions } from '../values/type-options.ts';

/** Under these options nothing is lost between a type's text and its binary form. */
export const EXACT: ResolvedTypeOptions = Object.freeze({
  int8: 'bigint',
  numeric: 'string',
  datetime: 'string',
  json: 'text',
  temporal: null,
});
