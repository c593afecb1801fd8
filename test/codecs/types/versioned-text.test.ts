import { describe, expect, it } from 'vitest';
import { jsonpath, ltree } from '../../../src/codecs/types/versioned-text.ts';
import { Unencodable } from '../../../src/codecs/unencodable.ts';
import { DecodeError } from '../../../src/errors/client-errors.ts';
import { fromHex, itAgreesWithTheServer, toHex } from '../binary-form.ts';

describe('types that are a version and their text', () => {
  itAgreesWithTheServer('jsonpath', jsonpath, [['$."a"', '01242e226122', '$."a"']]);
  itAgreesWithTheServer('ltree', ltree, [
    ['Top.Science', '01546f702e536369656e6365', 'Top.Science'],
    ['', '01', ''],
  ]);

  it('refuse another version, no version, and invalid UTF-8', () => {
    expect(() => fromHex(jsonpath, '0224')).toThrow('version 2 instead of 1');
    expect(() => fromHex(jsonpath, '')).toThrow(DecodeError);
    expect(() => fromHex(jsonpath, '01ff')).toThrow(DecodeError);
  });

  it('take strings only', () => {
    expect(() => toHex(ltree, ['Top', 'Science'])).toThrow(Unencodable);
    expect(() => ltree.text!.encode(1)).toThrow('expected a string, got the number 1');
  });
});
