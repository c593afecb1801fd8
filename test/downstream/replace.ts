import { existsSync, lstatSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';

const SET_ASIDE = '.set-aside';

/** Puts a link in the place of a folder, or a file of this text in that of a file, until disposed. */
export function replace(place: string, by: { link: string } | { text: string }): Disposable {
  const aside = place + SET_ASIDE;
  // A run that was killed has left its replacement.
  if (existsSync(aside)) restore(place);
  renameSync(place, aside);
  if ('link' in by) symlinkSync(by.link, place);
  else writeFileSync(place, by.text);
  return { [Symbol.dispose]: () => restore(place) };
}

/** Puts back what was replaced, if anything was. */
export function restore(place: string): void {
  const aside = place + SET_ASIDE;
  if (lstatSync(aside, { throwIfNoEntry: false }) === undefined) return;
  rmSync(place, { force: true });
  renameSync(aside, place);
}
