import { Room } from '../runtime/room.ts';

/** What asks the host provider of a configuration that has one. */
export const hostDirectories: Room<typeof import('./host-directory.ts')> = new Room(
  () => import('./host-directory.ts'),
);
