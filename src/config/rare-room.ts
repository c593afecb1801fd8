import { Room } from '../runtime/room.ts';

type Rare = typeof import('./rare-config.ts');

/** What only some options, some files and some errors of a configuration need. */
export const rareConfig: Room<Rare> = new Room(() => import('./rare-config.ts'));

/** A configuration needs what is not loaded; `loadConfig` loads it and reads the configuration again. */
export class NotLoaded extends Error {
  constructor() {
    super('what this configuration needs is not loaded');
  }
}

/** What few configurations need. @throws NotLoaded while it is not there */
export function rare(): Rare {
  if (rareConfig.content === null) throw new NotLoaded();
  return rareConfig.content;
}

/** A parser of an option that few give. */
export function late<V, O, T>(parser: (of: Rare) => (value: V, origin: O) => T) {
  return (value: V, origin: O): T => parser(rare())(value, origin);
}
