import { Room } from '../runtime/room.ts';

/** How the values of those types are read and written that `isRare` names, and codecs that users set. */
export const rareCodecs: Room<typeof import('./rare-codecs.ts')> = new Room(
  () => import('./rare-codecs.ts'),
);
