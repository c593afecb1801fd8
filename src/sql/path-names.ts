/** The names of a search_path as the server shows it, in the form that texts are read into. */
export function pathNames(value: string): string {
  const names: string[] = [];
  for (const [, quoted, plain] of value.matchAll(/"((?:[^"]|"")*)"|([^\s,"]+)/g)) {
    names.push(quoted?.replaceAll('""', '"') ?? plain!.toLowerCase());
  }
  return JSON.stringify(names);
}
