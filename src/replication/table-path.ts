/** A part of a table's name, in quotes or up to the next dot. */
const PART = /"((?:[^"]|"")+)"(?=\.|$)|([^.]*)/y;

/**
 * The schema, if there is one, and the name of a table, as `schema.table` is written: a part in quotes, as SQL has
 * them, may have dots. Without quotes a part is as it is, capital letters as well.
 */
export function tablePath(name: string): string[] {
  const parts: string[] = [];
  PART.lastIndex = 0;
  do {
    const [, quoted, plain] = PART.exec(name)!;
    parts.push(quoted?.replaceAll('""', '"') ?? plain!);
    PART.lastIndex += 1;
  } while (PART.lastIndex <= name.length);
  return parts;
}
