import type { Deadline } from './deadline.ts';

/** What `work` gives, or the deadline's reason when that passes first. */
export function within<T>(deadline: Deadline | null, work: Promise<T>): Promise<T> {
  if (deadline === null) return work;
  return new Promise((resolve, reject) => {
    work.then(resolve, reject);
    deadline.watch((expired) => reject(expired.reason(false)));
  });
}
