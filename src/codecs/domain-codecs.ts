import type { DeclaredCodecs } from '../values/type-codec.ts';
import type { TypeDescription } from './type-description.ts';

/** A type by its name. */
export interface TypeName {
  readonly schema: string;
  readonly name: string;
}

/**
 * Which domains have a codec of their own. The server describes a result's column of a domain as one
 * of the type that the domain is made of; so for such a column it has to be asked what it really is.
 */
export class DomainCodecs {
  /** Declared codecs of which it is not known yet whether they are domains'. */
  #undecided: readonly TypeName[];
  readonly #declared: readonly TypeName[];
  /** Declared names of types that are no domains, as this session was told: another's server may be another. */
  readonly #others = new Set<string>();
  /** Grows whenever a column may be of such a domain that was not, or the other way round. */
  version = 0;
  /** By OID, the type that each is made of in the end. */
  readonly #bases = new Map<number, number>();

  /** @param declared types, other than PostgreSQL's own, that codecs were declared for */
  constructor(declared: readonly TypeName[]) {
    this.#declared = declared;
    this.#undecided = declared;
  }

  /** @param codecs what connect options declare, by `codecKey` */
  static declared(codecs: DeclaredCodecs): DomainCodecs {
    const names = [...codecs.keys()].map((key): TypeName => {
      const [schema, name] = key.split('\0') as [string, string];
      return { schema, name };
    });
    return new DomainCodecs(names.filter(({ schema }) => schema !== 'pg_catalog'));
  }

  #open(): readonly TypeName[] {
    return this.#declared.filter((type) => !this.#others.has(codecKey(type)));
  }

  get isEmpty(): boolean {
    return this.#bases.size === 0 && this.#undecided.length === 0;
  }

  /** What is to be asked for before `mayHave` knows. */
  get undecided(): readonly TypeName[] {
    return this.#undecided;
  }

  /** Tells of `undecided`, as it was when it was asked: the ones that are domains, the type that each is made of. */
  decide(
    asked: readonly TypeName[],
    domains: readonly { readonly oid: number; readonly base: number }[],
  ): void {
    // What has come into doubt since is asked again.
    if (asked === this.#undecided) this.#undecided = [];
    for (const { oid, base } of domains) this.#bases.set(oid, base);
  }

  /** The server has told of a type: one that is no domain need not be asked for. */
  meet(type: TypeDescription): void {
    if (this.#declared.length === 0) return;
    const key = codecKey(type);
    if (!this.#declared.some((declared) => codecKey(declared) === key)) return;
    if (type.typtype !== 'd') {
      this.#others.add(key);
      this.#undecided = this.#undecided.filter((declared) => codecKey(declared) !== key);
    } else if (this.#others.delete(key)) {
      this.#undecided = this.#open();
      this.version++;
    }
  }

  /** A codec was set on a domain. */
  add(oid: number, base: number): void {
    this.#bases.set(oid, base);
    this.version++;
  }

  /** The codec that was set on a type was taken back: one that was declared holds again. */
  delete(oid: number): void {
    if (!this.#bases.delete(oid)) return;
    this.#undecided = this.#open();
    this.version++;
  }

  /** The schema may have changed: what was declared is asked for again. */
  forget(): void {
    this.#others.clear();
    this.#undecided = this.#declared;
    this.version++;
  }

  has(oid: number): boolean {
    return this.#bases.has(oid);
  }

  /** What such a domain is made of in the end. */
  baseOf(oid: number): number | undefined {
    return this.#bases.get(oid);
  }

  /** All of them that are known. */
  get oids(): readonly number[] {
    return [...this.#bases.keys()];
  }

  /** Whether what is described as of this type may be of such a domain. */
  mayHave(typeOid: number): boolean {
    for (const base of this.#bases.values()) if (base === typeOid) return true;
    return false;
  }

  /** Whether any of these columns may be of such a domain. */
  mayBeOf(fields: readonly { readonly typeOid: number }[] | null): boolean {
    if (fields === null || this.#bases.size === 0) return false;
    return fields.some(({ typeOid }) => this.mayHave(typeOid));
  }

  fork(): DomainCodecs {
    return new DomainCodecs(this.#declared);
  }
}

/** The key of a type among the declared codecs. No name has the separator in it. */
export function codecKey({ schema, name }: TypeName): string {
  return `${schema}\0${name}`;
}
