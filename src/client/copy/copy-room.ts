import { Room } from '../../runtime/room.ts';

/** How calls of COPY are made. */
export const copyCalls: Room<typeof import('./copy-calls.ts')> = new Room(
  () => import('./copy-calls.ts'),
);
