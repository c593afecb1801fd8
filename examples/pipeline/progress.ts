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
    if (this.#isTerminal) process.stdout.write(fitted(`  ${title} …`));

    const count = await work((text) => {
      const now = performance.now();
      if (now - shown < interval) return;
      shown = now;
      const line = `  ${title} … ${text}`;
      process.stdout.write(this.#isTerminal ? `\r${fitted(line, `  ${text}`)}\x1b[K` : `${line}\n`);
    });

    const seconds = (performance.now() - started) / 1000;
    this.#finished.push({ title, count, unit, seconds });
    const line = `  ${title}: ${formatNumber(count)} ${unit} in ${seconds.toFixed(2)} s`;
    process.stdout.write(this.#isTerminal ? `\r${line}\x1b[K\n` : `${line}\n`);
    return count;
  }

  /** A table of all steps, or a line for each where a terminal is too narrow for it. */
  summary(): string {
    if (process.stdout.columns < 90) {
      return this.#finished
        .map(({ title, count, unit, seconds }) => {
          const rate = formatNumber(Math.round(count / seconds));
          return `  ${title}\n    ${rate} ${unit}/s`;
        })
        .join('\n');
    }
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

/** A line that a narrow terminal would wrap could not be written over in place: it gets the shorter one. */
function fitted(line: string, shorter = line): string {
  const width = process.stdout.columns - 1;
  return line.length <= width ? line : shorter.slice(0, width);
}

/** A number as people read it: `100,000`. */
export function formatNumber(value: number): string {
  return value.toLocaleString('en');
}
