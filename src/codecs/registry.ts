import { arrayForms } from './array.ts';
import { arrayTraits } from './array-elements.ts';
import { BUILTIN_TYPES, isVector } from './builtin-types.ts';
import type { Codec, CodecForms, PgType, TypeKind } from './codec.ts';
import { scalarForms } from './scalar-forms.ts';
import { text, textOnly } from './text.ts';
import type { TypeDescription } from './type-description.ts';
import { partsOf } from './type-description.ts';
import type { ResolvedTypeOptions } from './type-options.ts';

const RECORD = 2249;

const KINDS: Record<TypeDescription['typtype'], TypeKind> = {
  b: 'scalar',
  c: 'composite',
  d: 'domain',
  e: 'enum',
  m: 'multirange',
  p: 'scalar',
  r: 'range',
};

/**
 * The codecs of one session: those of PostgreSQL's own types, those built from what the
 * server's catalogs tell of others, and those that the user has set.
 *
 * Codecs are built when they are first asked for. The built-in ones are shared by all
 * registries with the same options object, as long as no custom codec has a part in them.
 */
export class TypeRegistry {
  readonly options: ResolvedTypeOptions;
  /** Where untouched built-in codecs come from; null: from here. */
  readonly #root: TypeRegistry | null;
  readonly #introspected = new Map<number, TypeDescription>();
  readonly #codecs = new Map<number, Codec>();
  #epoch = 0;

  constructor(options: ResolvedTypeOptions, root: TypeRegistry | null = rootFor(options)) {
    this.options = options;
    this.#root = root;
  }

  /** Grows whenever a codec that was handed out may no longer be the right one. */
  get epoch(): number {
    return this.#epoch;
  }

  /** The codec of a type; `undefined` if it, or a type that it is made of, is not known yet. */
  codec(oid: number): Codec | undefined {
    const known = this.#codecs.get(oid);
    if (known !== undefined) return known;
    const codec = this.#find(oid);
    if (codec !== undefined) this.#codecs.set(oid, codec);
    return codec;
  }

  /** The OIDs to ask the server for before these types, and all they are made of, have codecs. */
  missing(oids: Iterable<number>): number[] {
    const seen = new Set<number>();
    const missing: number[] = [];
    const pending = [...oids];
    for (let oid = pending.pop(); oid !== undefined; oid = pending.pop()) {
      if (seen.has(oid)) continue;
      seen.add(oid);
      const type = this.#describe(oid);
      if (type === undefined) missing.push(oid);
      else pending.push(...partsOf(type));
    }
    return missing;
  }

  /** Adds types as the server describes them. */
  define(types: readonly TypeDescription[]): void {
    for (const type of types) {
      if (BUILTIN_TYPES.has(type.oid)) continue;
      const known = this.#introspected.get(type.oid);
      if (known !== undefined && JSON.stringify(known) !== JSON.stringify(type)) this.#changed();
      this.#introspected.set(type.oid, type);
    }
  }

  /** Drops what the server has told of types: the schema has changed. */
  forget(): void {
    this.#introspected.clear();
    this.#changed();
  }

  #changed(): void {
    this.#codecs.clear();
    this.#epoch++;
  }

  #describe(oid: number): TypeDescription | undefined {
    return BUILTIN_TYPES.get(oid) ?? this.#introspected.get(oid);
  }

  /** Whether a type's codec cannot be the one that other registries have too. */
  #isOwn(type: TypeDescription): boolean {
    if (type.oid === RECORD || !BUILTIN_TYPES.has(type.oid)) return true;
    return partsOf(type).some((oid) => this.#isOwn(BUILTIN_TYPES.get(oid)!));
  }

  #find(oid: number): Codec | undefined {
    const type = this.#describe(oid);
    if (type === undefined) return undefined;
    if (this.#root !== null && !this.#isOwn(type)) return this.#root.codec(oid);
    const parts: Codec[] = [];
    for (const part of partsOf(type)) {
      const codec = this.codec(part);
      if (codec === undefined) return undefined;
      parts.push(codec);
    }
    return { type: this.#pgType(type, parts), ...this.#forms(type, parts) };
  }

  #pgType(type: TypeDescription, parts: readonly Codec[]): PgType {
    const { oid, name, schema, typtype, element } = type;
    if (typtype === 'b' && element !== 0) {
      return { oid, name: isVector(type) ? name : `${parts[0]!.type.name}[]`, kind: 'array', schema };
    }
    return { oid, name, kind: oid === RECORD ? 'composite' : KINDS[typtype], schema };
  }

  #forms(type: TypeDescription, parts: readonly Codec[]): CodecForms {
    switch (type.typtype) {
      case 'd': {
        const { type: _base, ...forms } = parts[0]!;
        return forms;
      }
      case 'e':
        return text;
      case 'b':
        if (type.element === 0) return scalarForms(type, this.options);
        return arrayForms(parts[0]!, this.#arrayTraits(type.element));
      default:
        return type.oid === RECORD ? textOnly : scalarForms(type, this.options);
    }
  }

  #arrayTraits(oid: number): ReturnType<typeof arrayTraits> {
    const element = this.#describe(oid)!;
    let base = element;
    while (base.typtype === 'd') base = this.#describe(base.base)!;
    return arrayTraits(element, base);
  }
}

const roots = new WeakMap<ResolvedTypeOptions, TypeRegistry>();

function rootFor(options: ResolvedTypeOptions): TypeRegistry {
  let root = roots.get(options);
  if (root === undefined) {
    root = new TypeRegistry(options, null);
    roots.set(options, root);
  }
  return root;
}
