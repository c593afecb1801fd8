import { Room } from '../runtime/room.ts';

/** How a connection is given codecs of its own. */
export const typeCodecs: Room<typeof import('./type-codecs.ts')> = new Room(
  () => import('./type-codecs.ts'),
);
