import { nextTick } from '../../transport/turn.ts';

/** Calls code of the user's: what it throws is nobody's but the process's. */
export function safely(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    nextTick(() => {
      throw error;
    });
  }
}
