import { InternalClientError } from '../errors/client-errors.ts';
import type { DeclaredCodecs, TypeCodec } from '../values/type-codec.ts';
import type { ResolvedTypeOptions } from '../values/type-options.ts';
import { builtinType, isVector } from './builtin-types.ts';
import type { Codec, CodecForms } from './codec.ts';
import type { CodecSource } from './codec-source.ts';
import type { ArrayTraits } from './containers/array.ts';
import { codecKey, DomainCodecs } from './domain-codecs.ts';
import { EXACT } from './exact-options.ts';
import { KnownTypes } from './known-types.ts';
import { INTERVAL, RECORD } from './oids.ts';
import { pgTypeOf } from './pg-type.ts';
import { type Place, placeOf, plainForms } from './plain-forms.ts';
import type { Replacement } from './replacement.ts';
import { commonCodecs, isLoaded, loadedCommon, loadedRare, rareCodecs } from './rooms.ts';
import { SetCodecs } from './set-codecs.ts';
import { sharedCodecs } from './shared-codecs.ts';
import type { TypeDescription } from './type-description.ts';
import { partsOf } from './type-description.ts';
import { text, textOnly } from './types/text.ts';

/** How deeply types may be nested. A hostile server can describe types that contain themselves. */
const MAX_DEPTH = 256;

/**
 * The codecs of one session: those of PostgreSQL's own types, those built from what the
 * server's catalogs tell of others, and those that the user has set.
 *
 * Codecs are built when they are first asked for. The built-in ones are shared by all
 * registries with the same options, as long as no custom codec has a part in them.
 */
export class TypeRegistry implements CodecSource {
  readonly options: ResolvedTypeOptions;
  readonly #known: KnownTypes;
  /** The version of `#known` for which `#codecs` are right. */
  #knownVersion = 0;
  readonly #codecs = new Map<number, Codec>();
  /** Built-in codecs of all registries with these options. */
  readonly #shared: Map<number, Codec>;
  readonly #declared: DeclaredCodecs;
  readonly domains: DomainCodecs;
  readonly #custom = new SetCodecs();
  #epoch = 0;
  /** The codecs under the options that lose nothing, without the user's: see `#exactForms`. */
  #exact: TypeRegistry | undefined;
  /** The session reads the text of an interval by the rules of the SQL standard. */
  #hasSqlIntervals = false;
  /** How many types are being built at the moment, each as a part of the one before. */
  #depth = 0;

  /** Its values may be older than what is known of their types. */
  #isFormer = false;

  columnName: ((column: string) => string) | null = null;

  /** @param declared codecs in place of types' own, by `codecKey`: see `declaring` */
  constructor(
    options: ResolvedTypeOptions,
    declared: DeclaredCodecs = NONE_DECLARED,
    known: KnownTypes = new KnownTypes(),
    domains: DomainCodecs = DomainCodecs.declared(declared),
  ) {
    this.options = options;
    this.#declared = declared;
    this.domains = domains;
    this.#known = known;
    this.#knownVersion = known.version;
    this.#shared = sharedCodecs(options);
  }

  /**
   * A registry with the codecs that connect options declare, by the names of types. If there are any, the
   * rare codecs have been loaded.
   *
   * @throws ClientConfigurationError for a codec that its type cannot have. That is checked for the
   *   built-in types; of types that users make only the names are known before connecting
   */
  static declaring(options: ResolvedTypeOptions, codecs: DeclaredCodecs): TypeRegistry {
    if (codecs.size === 0) return new TypeRegistry(options);
    return new TypeRegistry(options, loadedRare().declaredCodecs(options, codecs));
  }

  fork(): TypeRegistry {
    const fork = new TypeRegistry(
      this.options,
      this.#declared,
      this.#known.fork(),
      this.domains.fork(),
    );
    fork.columnName = this.columnName;
    return fork;
  }

  former(): TypeRegistry {
    const former = new TypeRegistry(this.options, this.#declared, this.#known, this.domains);
    former.#isFormer = true;
    return former;
  }

  get epoch(): number {
    return this.#epoch + this.#known.epoch;
  }

  get confirmedEpoch(): number {
    return this.#epoch + this.#known.seenEpoch;
  }

  get changes(): number {
    return this.#epoch + this.#known.changes;
  }

  get typeChanges(): number {
    return this.#known.changes;
  }

  get schemaVersion(): number {
    return this.#known.schemaVersion;
  }

  schemaChanged(): void {
    this.#known.schemaChanged();
  }

  codec(oid: number): Codec | undefined {
    if (this.#knownVersion !== this.#known.version) {
      this.#knownVersion = this.#known.version;
      this.#codecs.clear();
    }
    const known = this.#codecs.get(oid);
    if (known !== undefined) return known;
    const codec = this.#find(oid);
    if (codec !== undefined) this.#codecs.set(oid, codec);
    return codec;
  }

  setIntervalStyle(style: string | undefined): void {
    const isSqlStandard = style === 'sql_standard';
    if (isSqlStandard === this.#hasSqlIntervals) return;
    this.#hasSqlIntervals = isSqlStandard;
    this.#exact = undefined;
    this.#changed();
  }

  doubt(): void {
    this.#known.doubt();
  }

  doubtElsewhere(): void {
    this.#known.doubtElsewhere();
  }

  catchUp(): void {
    // A name may be a domain's now, or another domain's.
    if (this.#known.catchUp()) this.domains.forget();
  }

  want(oids: readonly number[]): void {
    this.#known.want(oids);
  }

  missing(oids: Iterable<number>): number[] {
    return this.#known.missing(oids);
  }

  load(oids: Iterable<number>): Promise<unknown> | null {
    if (rareCodecs.content !== null) return null;
    let needsCommon = false;
    for (const oid of oids) {
      const place = this.#placeOf(oid, 0);
      if (place === 'rare') return rareCodecs.open();
      needsCommon ||= place === 'common';
    }
    return needsCommon && commonCodecs.content === null ? commonCodecs.open() : null;
  }

  /** Where the code is that a type and all that it is made of need. */
  #placeOf(oid: number, depth: number): Place {
    const type = this.#known.get(oid);
    if (type === undefined) return 'plain';
    let place = placeOf(type);
    // Of types that contain themselves more is said where they are built.
    if (place === 'rare' || depth === MAX_DEPTH) return 'rare';
    for (const part of partsOf(type)) {
      const ofPart = this.#placeOf(part, depth + 1);
      if (ofPart === 'rare') return 'rare';
      if (ofPart === 'common') place = 'common';
    }
    return place;
  }

  baseOf(oid: number): number {
    const type = this.#known.get(oid);
    return type === undefined ? oid : this.#baseOf(type).oid;
  }

  composites(oids: Iterable<number>): number[] {
    return this.#known.composites(oids);
  }

  define(types: readonly TypeDescription[]): void {
    this.#known.define(types);
    for (const type of types) this.domains.meet(type);
  }

  forget(): void {
    this.domains.forget();
    this.#known.forget();
  }

  /**
   * Reads and writes values of a type with the user's functions, also in arrays, composites and
   * other types that contain it. Throws InterfaceError for what is neither a scalar, a domain nor a composite type.
   * The rare codecs have been loaded.
   */
  setTypeCodec(type: TypeDescription, codec: TypeCodec): void {
    this.#replace(type, loadedRare().replacementFor(type, codec, this.options));
  }

  /**
   * Reads and writes values of a type like those of a type that is known: `pg_contrib.hstore`,
   * `pg_contrib.citext`, `pg_contrib.ltree` or the name of a built-in one.
   */
  setBuiltinTypeCodec(type: TypeDescription, codecName: string): void {
    this.#replace(type, loadedRare().replacementFor(type, { codecName }, this.options));
  }

  /** Undoes `setTypeCodec` and `setBuiltinTypeCodec`: a codec that was declared applies again. */
  resetTypeCodec({ oid }: TypeDescription): void {
    this.domains.delete(oid);
    if (this.#custom.delete(oid)) this.#changed();
  }

  keepCodecs(): void {
    this.#custom.keep();
  }

  restoreCodecs(): boolean {
    const changed = this.#custom.restore();
    if (changed.length === 0) return false;
    let hasDomains = false;
    for (const oid of changed) {
      // The type may be in doubt, and not known at the moment.
      const base = this.#custom.get(oid)?.base ?? null;
      hasDomains ||= base !== null || this.domains.has(oid);
      this.domains.delete(oid);
      if (base !== null) this.domains.add(oid, base);
    }
    this.#changed();
    return hasDomains;
  }

  #replace(type: TypeDescription, replacement: Replacement): void {
    this.define([type]);
    const base = type.typtype === 'd' ? this.#baseOf(type).oid : null;
    this.#custom.set(type.oid, { replacement, base });
    if (base !== null) this.domains.add(type.oid, base);
    this.#changed();
  }

  /** What was set, or declared, in place of the type's own codec. */
  #replacementOf(type: TypeDescription): Replacement | undefined {
    const set = this.#custom.get(type.oid)?.replacement;
    if (set !== undefined || this.#declared.size === 0) return set;
    const declared = this.#declared.get(codecKey(type));
    return declared && loadedRare().replacementFor(type, declared, this.options);
  }

  #changed(): void {
    this.#codecs.clear();
    this.#epoch++;
  }

  /** Whether a type's codec may differ from that of other registries, and so cannot be shared. */
  #isOwn(type: TypeDescription): boolean {
    if (type.oid === RECORD || builtinType(type.oid) === undefined) return true;
    if (type.oid === INTERVAL && this.#hasSqlIntervals) return true;
    if (this.#replacementOf(type) !== undefined) return true;
    return partsOf(type).some((oid) => this.#isOwn(builtinType(oid)!));
  }

  #find(oid: number): Codec | undefined {
    const type = this.#known.get(oid);
    if (type === undefined || !isLoaded(placeOf(type))) return undefined;
    if (this.#isOwn(type)) return this.#build(type);
    // Its parts are shared as well, so every registry would build the same codec.
    const codec = this.#shared.get(oid) ?? this.#build(type);
    if (codec !== undefined) this.#shared.set(oid, codec);
    return codec;
  }

  #build(type: TypeDescription): Codec | undefined {
    const parts = this.#partsOf(type);
    if (parts === undefined) return undefined;
    const pgType = pgTypeOf(type, parts);
    const plain = this.#forms(type, parts);
    const replacement = this.#replacementOf(type);
    const forms =
      replacement?.forms(pgType, this.#baseOf(type), plain, this.#exactForms(type, plain)) ?? plain;
    const isCustom = replacement !== undefined || parts.some((part) => part.isCustom);
    const hasTextOnlyValues =
      forms.hasTextOnlyValues === true || parts.some((part) => part.hasTextOnlyValues);
    const isArray = type.typtype === 'b' && type.element !== 0 && !isVector(type);
    const hasArrays = isArray || parts.some((part) => part.hasArrays);
    return { type: pgType, ...forms, isCustom, hasTextOnlyValues, hasArrays };
  }

  /** The type's own forms, and its fields', under the options that lose nothing. */
  #exactForms({ oid }: TypeDescription, plain: CodecForms): CodecForms {
    if (this.#exact === undefined) {
      this.#exact = new TypeRegistry(EXACT, NONE_DECLARED, this.#known);
      this.#exact.#hasSqlIntervals = this.#hasSqlIntervals;
    }
    return this.#exact.codec(oid) ?? plain;
  }

  #partsOf(type: TypeDescription): Codec[] | undefined {
    if (this.#depth === MAX_DEPTH) {
      throw new InternalClientError('types refer to each other without end');
    }
    this.#depth++;
    try {
      const parts: Codec[] = [];
      for (const part of partsOf(type)) {
        const codec = this.codec(part);
        if (codec === undefined) return undefined;
        parts.push(codec);
      }
      return parts;
    } finally {
      this.#depth--;
    }
  }

  #forms(type: TypeDescription, parts: readonly Codec[]): CodecForms {
    const [part] = parts;
    switch (type.typtype) {
      case 'c': {
        const forms = loadedRare().compositeForms({
          name: type.name,
          names: type.attributes!.map(({ name }) => name),
          codecs: parts,
        });
        if (!this.#isFormer) return forms;
        return loadedRare().formerForms(forms, parts, (oid) => this.codec(oid));
      }
      case 'd': {
        const { type: _base, isCustom: _custom, ...forms } = part!;
        return forms;
      }
      case 'e':
        return text;
      case 'm':
        return loadedRare().multirangeForms(part!);
      case 'r':
        return loadedRare().rangeForms(part!);
      case 'p':
        if (type.oid === RECORD) return loadedRare().recordForms((oid) => this.codec(oid));
        return this.#scalarForms(type);
      case 'b': {
        if (type.oid === INTERVAL && this.#hasSqlIntervals) return loadedRare().sqlStandardInterval;
        if (type.element === 0) return this.#scalarForms(type);
        const forms = loadedCommon().arrayForms(part!, this.#arrayTraits(type.element));
        return isVector(type) ? loadedRare().vectorForms(part!, forms) : forms;
      }
      default:
        return type.typtype satisfies never;
    }
  }

  #scalarForms(type: TypeDescription): CodecForms {
    // Where its place is not loaded there is nobody who would know more of this type than its text.
    return (
      plainForms(type, this.options) ??
      commonCodecs.content?.commonForms(type, this.options) ??
      rareCodecs.content?.scalarForms(type, this.options) ??
      textOnly
    );
  }

  #arrayTraits(oid: number): ArrayTraits {
    const element = this.#known.get(oid)!;
    let replaced = element;
    let replacement = this.#replacementOf(replaced);
    while (replacement === undefined && replaced.typtype === 'd') {
      replaced = this.#known.get(replaced.base)!;
      replacement = this.#replacementOf(replaced);
    }
    return loadedCommon().arrayTraits(
      element,
      this.#baseOf(element),
      replacement?.format ?? null,
      rareCodecs.content?.rareRule,
    );
  }

  /** What a domain is made of in the end; of other types, the type. */
  #baseOf(type: TypeDescription): TypeDescription {
    let base = type;
    while (base.typtype === 'd') base = this.#known.get(base.base)!;
    return base;
  }
}

const NONE_DECLARED: DeclaredCodecs = new Map();
