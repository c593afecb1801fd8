import { define } from '../../values/own-property.ts';
import { isRow, rowNames, rowValues } from '../../values/row.ts';

/**
 * A value of a composite type, a record or an array of them, with plain objects in place of Rows. Arrays
 * stay the ones that they are, with the lower bounds that they have.
 */
export function toPlain(value: unknown): unknown {
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const plain = toPlain(value[i]);
      if (plain !== value[i]) value[i] = plain;
    }
  } else if (isRow(value)) {
    const names = rowNames(value);
    const plain = {};
    for (const [i, field] of rowValues(value).entries()) define(plain, names[i]!, toPlain(field));
    return plain;
  }
  return value;
}
