import { Room } from '../runtime/room.ts';

/** How calls of many sets of values, of several queries and of streams are made. */
export const bulkCalls: Room<typeof import('./bulk-calls.ts')> = new Room(
  () => import('./bulk-calls.ts'),
);
