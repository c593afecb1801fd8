import { describe, expect, it, vi } from 'vitest';
import { resolveTypeOptions } from '../../src/codecs/type-options.ts';
import { ClientConfigurationError } from '../../src/errors/client-errors.ts';
import { Temporal } from './temporal-stand-in.ts';

describe('the types option', () => {
  it('has defaults', () => {
    expect(resolveTypeOptions()).toEqual({
      int8: 'bigint',
      numeric: 'string',
      datetime: 'date',
      json: 'parse',
      temporal: null,
    });
  });

  it('refuses what it does not know, and says what there is', () => {
    expect(() => resolveTypeOptions({ int8: 'float' as never })).toThrow(
      'invalid types.int8 option: must be one of bigint, number, string',
    );
    expect(() => resolveTypeOptions({ numeric: 5 as never })).toThrow(ClientConfigurationError);
    expect(() => resolveTypeOptions({ bigint: true } as never)).toThrow(
      'unknown types option "bigint"',
    );
  });

  it('takes a Temporal that is given', () => {
    expect(resolveTypeOptions({ datetime: 'temporal', temporal: Temporal }).temporal).toBe(
      Temporal,
    );
    expect(() => resolveTypeOptions({ datetime: 'temporal', temporal: {} })).toThrow(
      'has no Instant',
    );
  });

  it('says so when there is no Temporal', () => {
    vi.stubGlobal('Temporal', undefined);
    expect(() => resolveTypeOptions({ datetime: 'temporal' })).toThrow('there is no Temporal');
  });
});
