import { Room } from '../../runtime/room.ts';

/** How calls are made of many sets of values, of several queries, of streams, cursors and statements that are kept. */
export const bulkCalls: Room<typeof import('./bulk-calls.ts')> = new Room(
  () => import('./bulk-calls.ts'),
);
