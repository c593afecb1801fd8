import { Room } from '../../runtime/room.ts';

/** How the server is asked for types that are not built in. */
export const typeQueries: Room<typeof import('./type-queries.ts')> = new Room(
  () => import('./type-queries.ts'),
);
