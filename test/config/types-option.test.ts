import { describe, expect, it, vi } from 'vitest';
import { resolveTypeOptions } from '../../src/config/types-option.ts';
import { Temporal } from '../codecs/temporal-stand-in.ts';

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

  it('takes a Temporal that is given', () => {
    expect(resolveTypeOptions({ datetime: 'temporal', temporal: Temporal }).temporal).toBe(
      Temporal,
    );
  });

  it('says so when there is no Temporal', () => {
    vi.stubGlobal('Temporal', undefined);
    expect(() => resolveTypeOptions({ datetime: 'temporal' })).toThrow('needs globalThis.Temporal');
  });
});
