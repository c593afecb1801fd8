import type { Deadline } from './deadline.ts';

/** What `work` gives, or the deadline's reason when that passes first. */
export function within<T>(deadline: Deadline | null, work: Promise<T>): Promise<T> {
  if (deadline === null) return work;
  return new Promise((resolve, reject) => {
    work.then(resolve, reject);
    deadline.watch((expired) => reject(expired.reason(false)));
  });
}

/** Waits for what is done behind a call that is over, for as long as the call has time. */
export function whileInTime(deadline: Deadline | null, work: Promise<void>): Promise<void> {
  if (deadline === null) return work;
  return new Promise((resolve, reject) => {
    work.then(resolve, reject);
    deadline.watch(() => resolve());
  });
}
