import type { SurroundingsChange } from '../../sql/surroundings-change.ts';
import type { UnreportedSettings } from './unreported-settings.ts';

/** What PostgreSQL takes for true. */
const TRUE = /^\s*(?:on|t(?:r(?:ue?)?)?|y(?:es?)?|1)\s*$/i;

/** A session's setting `array_nulls`, as far as it is known. */
export class ArrayNullsSetting {
  readonly #unreported: UnreportedSettings;
  /** What the session has begun with; null: not known. */
  #atBegin: string | null = null;

  constructor(unreported: UnreportedSettings) {
    this.#unreported = unreported;
  }

  /** The server has told it. */
  told(value: string): void {
    // What was set since is known by its text.
    if (!this.#unreported.current.has('array_nulls')) this.#atBegin = value;
  }

  forget(): void {
    this.#atBegin = null;
  }

  /**
   * Whether NULL in the text of an array is NULL; null: it is not known.
   *
   * @param ahead what goes ahead of the request that is started now
   */
  isOn(ahead: readonly SurroundingsChange[]): boolean | null {
    let value: string | null = this.#atBegin;
    const { current } = this.#unreported;
    if (current.has('array_nulls')) value = current.get('array_nulls')!;
    for (const change of ahead) {
      if (change.does === 'set' && change.name === 'array_nulls') value = change.value;
    }
    return value === null ? null : TRUE.test(value);
  }
}
