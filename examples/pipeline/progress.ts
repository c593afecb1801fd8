/** What one step has done, for the summary. */
interface FinishedStep {
  readonly title: string;
  readonly count: number;
  readonly unit: string;
  readonly seconds: number;
}

/** How often a running step is shown anew, in milliseconds: in place on a terminal, or in a log. */
const TERMINAL_INTERVAL = 100;
const LOG_INTERVAL = 1_000;

/** Shows what the pipeline is doing, and in the end what it has done and how fast. */
export class Progress {
  readonly #finished: FinishedStep[] = [];
  readonly #isTerminal = process.stdout.isTTY === true;

  /**
   * Runs one step, shows how far it is, and measures it.
   *
   * @param unit what the step counts, such as `rows`
   * @param work does the step and returns its count; on its way it tells `report` how far it is
   */
  async step(
    title: string,
    unit: string,
    work: (report: (text: string) => void) => Promise<number>,
  ): Promise<number> {
    const started = performance.now();
    const interval = this.#isTerminal ? TERMINAL_INTERVAL : LOG_INTERVAL;
    let shown = started;
    if (this.#isTerminal) process.stdout.write(`  ${title} …`);

    const count = await work((text) => {
      const now = performance.now();
      if (now - shown < interval) return;
      shown = now;
      process.stdout.write(
        this.#isTerminal ? `\r  ${title} … ${text}\x1b[K` : `  ${title} … ${text}\n`,
      );
    });

    const seconds = (performance.now() - started) / 1000;
    this.#finished.push({ title, count, unit, seconds });
    const line = `  ${title}: ${formatNumber(count)} ${unit} in ${seconds.toFixed(2)} s`;
    process.stdout.write(this.#isTerminal ? `\r${line}\x1b[K\n` : `${line}\n`);
    return count;
  }

  /** A table of all steps. */
  summary(): string {
    const width = Math.max(...this.#finished.map(({ title }) => title.length));
    return this.#finished
      .map(({ title, count, unit, seconds }) => {
        const rate = formatNumber(Math.round(count / seconds));
        const parts = [
          title.padEnd(width),
          formatNumber(count).padStart(9),
          unit.padEnd(6),
          `${seconds.toFixed(2)} s`.padStart(8),
          `${rate} ${unit}/s`.padStart(18),
        ];
        return `  ${parts.join(' ')}`;
      })
      .join('\n');
  }
}

/** A number as people read it: `100,000`. */
export function formatNumber(value: number): string {
  return value.toLocaleString('en');
}
