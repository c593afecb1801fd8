import { expect, it } from 'vitest';
import { isReady } from '../../src/codecs/codec-source.ts';
import { rareCodecs } from '../../src/codecs/rare-room.ts';
import { TypeRegistry } from '../../src/codecs/registry.ts';
import { resolveTypeOptions } from '../../src/config/types-option.ts';

const INT4_ARRAY = 1007;
const TIMESTAMPTZ = 1184;
const INTERVAL = 1186;
const INT4_RANGE_ARRAY = 3905;
const RECORD = 2249;

it('rare codecs are loaded when a type needs them, and not for others', async () => {
  const registry = new TypeRegistry(resolveTypeOptions());
  expect(registry.load([INT4_ARRAY, TIMESTAMPTZ])).toBeNull();
  expect(registry.codec(INT4_ARRAY)).toBeDefined();
  expect(rareCodecs.content).toBeNull();
  for (const oid of [INTERVAL, INT4_RANGE_ARRAY, RECORD]) {
    expect(isReady(registry, [INT4_ARRAY, oid])).toBe(false);
    expect(registry.codec(oid)).toBeUndefined();
  }
  await registry.load([INTERVAL]);
  for (const oid of [INTERVAL, INT4_RANGE_ARRAY, RECORD]) {
    expect(isReady(registry, [oid])).toBe(true);
    expect(registry.codec(oid)).toBeDefined();
  }
});
