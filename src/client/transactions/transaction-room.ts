import { Room } from '../../runtime/room.ts';

/** How a transaction begins and ends, once it has its place in the queue. */
export const transactionCalls: Room<typeof import('./begin-admitted.ts')> = new Room(
  () => import('./begin-admitted.ts'),
);
