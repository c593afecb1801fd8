import { expect, it } from 'vitest';
import { builtinOids, builtinType } from '../../src/codecs/builtin-types.ts';
import { isReady } from '../../src/codecs/codec-source.ts';
import { commonForms } from '../../src/codecs/common-forms.ts';
import { placeOf, plainForms } from '../../src/codecs/plain-forms.ts';
import { TypeRegistry } from '../../src/codecs/registry.ts';
import { commonCodecs, rareCodecs } from '../../src/codecs/rooms.ts';
import { resolveTypeOptions } from '../../src/config/types-option.ts';

const BOOL = 16;
const INT4 = 23;
const TEXT = 25;
const INT4_ARRAY = 1007;
const TIMESTAMPTZ = 1184;
const INTERVAL = 1186;
const INTERVAL_ARRAY = 1187;
const INT4_RANGE_ARRAY = 3905;
const RECORD = 2249;
const RARE = [INTERVAL, INTERVAL_ARRAY, INT4_RANGE_ARRAY, RECORD];

// In one test, since what is loaded stays.
it('codecs are loaded when a type needs them, and not for others', async () => {
  const registry = new TypeRegistry(resolveTypeOptions());
  expect(registry.load([BOOL, INT4, TEXT])).toBeNull();
  for (const oid of [BOOL, INT4, TEXT]) expect(registry.codec(oid)).toBeDefined();
  expect(commonCodecs.content).toBeNull();
  for (const oid of [INT4_ARRAY, TIMESTAMPTZ]) {
    expect(isReady(registry, [INT4, oid])).toBe(false);
    expect(registry.codec(oid)).toBeUndefined();
  }

  await registry.load([INT4_ARRAY]);
  expect(rareCodecs.content).toBeNull();
  for (const oid of [INT4_ARRAY, TIMESTAMPTZ]) {
    expect(isReady(registry, [oid])).toBe(true);
    expect(registry.codec(oid)).toBeDefined();
  }
  for (const oid of RARE) {
    expect(isReady(registry, [INT4_ARRAY, oid])).toBe(false);
    expect(registry.codec(oid)).toBeUndefined();
  }

  await registry.load([INTERVAL]);
  for (const oid of RARE) {
    expect(isReady(registry, [oid])).toBe(true);
    expect(registry.codec(oid)).toBeDefined();
  }
});

it('each type is in the place that is said', () => {
  const options = resolveTypeOptions();
  const scalars = [...builtinOids().values()]
    .map((oid) => builtinType(oid)!)
    .filter(({ typtype, element }) => (typtype === 'b' || typtype === 'p') && element === 0);
  for (const type of scalars) {
    const place =
      plainForms(type, options) !== undefined
        ? 'plain'
        : commonForms(type, options) !== undefined
          ? 'common'
          : 'rare';
    expect([type.name, placeOf(type)]).toEqual([type.name, place]);
  }
});
