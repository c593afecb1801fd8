/**
 * What to write in place of a name that nobody would give a type: one with its schema, or an array's. Null: it may
 * well be one.
 */
export function typeNameHint(name: string): string | null {
  if (/.\[\]$/.test(name)) {
    return `An array's elements are read and written by the codec of their type: ${JSON.stringify(name.replace(/(?:\[\])+$/, ''))}.`;
  }
  const dot = name.indexOf('.');
  if (dot < 1) return null;
  const [first, rest] = [name.slice(0, dot), name.slice(dot + 1)].map((part) =>
    JSON.stringify(part),
  );
  return `The name is taken as it is, dot included. For the type ${rest} of the schema ${first}, give ${rest} and the option schema: ${first}.`;
}
