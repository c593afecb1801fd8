import { describe, expect, it } from 'vitest';
import { resolveTypeOptions } from '../../src/config/types-option.ts';
import { MessageWriter } from '../../src/protocol/writer.ts';
import { TypeRegistry } from '../support/type-registry.ts';
import { ALL_TYPES } from './described-types.ts';

const registry = new TypeRegistry(resolveTypeOptions());
registry.define(ALL_TYPES);

describe('the length of every value', () => {
  it('is that of the bytes behind it, whatever the value is', () => {
    const values: readonly (readonly [number, unknown])[] = [
      [1009, ['a', 'ü'.repeat(100), null]],
      [20010, { home: ['a', 1, 'x'], others: [null], payload: { a: 'ü' } }],
      [1231, ['1.5', '1e50']],
      [3807, [{ a: 1 }, [1, 2]]],
      [3905, [[1, 2]]],
    ];
    for (const [oid, value] of values) {
      const codec = registry.codec(oid)!;
      // A writer that has to grow in the middle writes the same bytes.
      const small = new MessageWriter(1);
      const large = new MessageWriter(1 << 16);
      codec.binary!.encode(small, value);
      codec.binary!.encode(large, value);
      expect(small.written).toEqual(large.written);
    }
  });
});
