import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Heap growth that is allowed: so many bytes per hour, and what a short run's noise may be. */
const ALLOWED_PER_HOUR = 1024 * 1024;
const NOISE = 2 * 1024 * 1024;
/** The share of the run in which code is compiled and buffers find their size. */
const WARM_UP = 0.25;

/** How the process does over the run: heap, handles, and what nobody caught. */
export class Vitals {
  /** Rejections, exceptions and warnings that nobody handled. */
  readonly uncaught: string[] = [];
  readonly #heap: { readonly at: number; readonly used: number }[] = [];
  #mostHandles = 0;

  constructor() {
    process.on('unhandledRejection', (reason) => this.#note('rejection', reason));
    process.on('uncaughtException', (error) => this.#note('exception', error));
    process.on('warning', (warning) => this.#note('warning', warning));
  }

  #note(what: string, reason: unknown): void {
    const text = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
    console.error(`${what}: ${text}`);
    this.uncaught.push(`${what}: ${text}`);
  }

  sample(): void {
    collectGarbage();
    this.#heap.push({ at: performance.now(), used: process.memoryUsage().heapUsed });
    this.#mostHandles = Math.max(this.#mostHandles, process.getActiveResourcesInfo().length);
  }

  get mostHandles(): number {
    return this.#mostHandles;
  }

  get lastHeap(): number {
    return this.#heap.at(-1)?.used ?? 0;
  }

  /** How the heap has grown, by the line that fits its samples best. */
  heapSlope(): { bytesPerHour: number; hours: number; tooSteep: boolean } {
    const samples = this.#heap.slice(Math.floor(this.#heap.length * WARM_UP));
    const n = samples.length;
    const meanAt = samples.reduce((sum, { at }) => sum + at, 0) / n;
    const meanUsed = samples.reduce((sum, { used }) => sum + used, 0) / n;
    let above = 0;
    let below = 0;
    for (const { at, used } of samples) {
      above += (at - meanAt) * (used - meanUsed);
      below += (at - meanAt) ** 2;
    }
    const perMillisecond = below === 0 ? 0 : above / below;
    const bytesPerHour = perMillisecond * 3_600_000;
    const hours = n < 2 ? 0 : (samples.at(-1)!.at - samples[0]!.at) / 3_600_000;
    const growth = bytesPerHour * hours;
    return { bytesPerHour, hours, tooSteep: growth > ALLOWED_PER_HOUR * hours + NOISE };
  }
}
