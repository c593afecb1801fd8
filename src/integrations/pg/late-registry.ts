import type { Codec } from '../../codecs/codec.ts';
import type { CodecSource } from '../../codecs/codec-source.ts';
import type { DomainCodecs } from '../../codecs/domain-codecs.ts';
import type { TypeDescription } from '../../codecs/type-description.ts';

/**
 * The codecs of a client's session, which only calls of the driver need: there is no registry before the
 * first of them, and nothing that could be outdated. Queries of node-postgres have parsers.
 */
export class LateRegistry implements CodecSource {
  readonly #make: () => CodecSource;
  #made: CodecSource | null = null;
  #intervalStyle: string | undefined;

  constructor(make: () => CodecSource) {
    this.#make = make;
  }

  get behind(): CodecSource {
    if (this.#made === null) {
      this.#made = this.#make();
      this.#made.setIntervalStyle(this.#intervalStyle);
    }
    return this.#made;
  }

  get epoch(): number {
    return this.#made?.epoch ?? 0;
  }

  get confirmedEpoch(): number {
    return this.#made?.confirmedEpoch ?? 0;
  }

  get changes(): number {
    return this.#made?.changes ?? 0;
  }

  get typeChanges(): number {
    return this.#made?.typeChanges ?? 0;
  }

  get schemaVersion(): number {
    return this.#made?.schemaVersion ?? 0;
  }

  codec(oid: number): Codec | undefined {
    return this.behind.codec(oid);
  }

  missing(oids: Iterable<number>): readonly number[] {
    return this.behind.missing(oids);
  }

  load(oids: Iterable<number>): Promise<unknown> | null {
    return this.behind.load?.(oids) ?? null;
  }

  define(types: readonly TypeDescription[]): void {
    this.behind.define(types);
  }

  want(oids: readonly number[]): void {
    this.behind.want(oids);
  }

  composites(oids: Iterable<number>): readonly number[] {
    return this.behind.composites(oids);
  }

  schemaChanged(): void {
    this.#made?.schemaChanged();
  }

  setIntervalStyle(style: string | undefined): void {
    this.#intervalStyle = style;
    this.#made?.setIntervalStyle(style);
  }

  doubt(): void {
    this.#made?.doubt();
  }

  doubtElsewhere(): void {
    this.#made?.doubtElsewhere();
  }

  catchUp(): void {
    this.#made?.catchUp();
  }

  forget(): void {
    this.#made?.forget();
  }

  get domains(): DomainCodecs | undefined {
    return this.behind.domains;
  }

  /** A client has one session, whose this is. */
  fork(): CodecSource {
    return this;
  }
}
