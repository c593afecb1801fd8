import { malformed } from '../bytes.ts';

/*
 * The text form of composite values: `(1,,"a ""quoted"" b")`, a field without any text being
 * NULL. https://www.postgresql.org/docs/current/rowtypes.html#ROWTYPES-IO-SYNTAX
 */

/** Reads a composite's text as PostgreSQL prints it. Throws DecodeError. */
export function parseCompositeText(text: string): (string | null)[] {
  const last = text.length - 1;
  if (last < 1 || text[0] !== '(' || text[last] !== ')') {
    throw malformed('composite', 'its text is not in parentheses');
  }
  if (last === 1) return [];
  if (!text.includes('"') && !text.includes('\\')) {
    return text
      .slice(1, last)
      .split(',')
      .map((field) => (field === '' ? null : field));
  }
  return scan(text, last);
}

function scan(text: string, last: number): (string | null)[] {
  const fields: (string | null)[] = [];
  let at = 1;
  for (;;) {
    let field = '';
    let inQuotes = false;
    const start = at;
    for (; at < last; at++) {
      const char = text[at]!;
      if (char === '\\') {
        at++;
        if (at < last) field += text[at]!;
      } else if (char === '"') {
        if (inQuotes && text[at + 1] === '"') {
          at++;
          field += '"';
        } else {
          inQuotes = !inQuotes;
        }
      } else if (char === ',' && !inQuotes) {
        break;
      } else {
        field += char;
      }
    }
    if (inQuotes || at > last) throw malformed('composite', 'a field has no closing quote');
    fields.push(at === start ? null : field);
    if (at === last) return fields;
    at++;
  }
}

/** Prints fields as a composite value; null is NULL. */
export function printCompositeText(fields: readonly (string | null)[]): string {
  return `(${fields.map((field) => (field === null ? '' : quote(field))).join(',')})`;
}

function quote(field: string): string {
  return /^[^\s"\\(),]+$/.test(field) ? field : `"${field.replace(/["\\]/g, '$&$&')}"`;
}
