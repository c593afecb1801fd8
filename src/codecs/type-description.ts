/** `pg_type.typtype`: base, composite, domain, enum, pseudo-type, range, multirange. */
type TypType = 'b' | 'c' | 'd' | 'e' | 'p' | 'r' | 'm';

/** What the server's catalogs tell of one type: all that is needed to build its codec. */
export interface TypeDescription {
  readonly oid: number;
  readonly name: string;
  readonly schema: string;
  readonly typtype: TypType;
  /** The OID of a true array's element type, else 0. */
  readonly element: number;
  /** What stands between elements of this type in an array's text. */
  readonly delimiter: string;
  /** The OID of a domain's base type, else 0. */
  readonly base: number;
  /** The OID of a range's subtype, of a multirange's range, else 0. */
  readonly subtype: number;
  /** A composite's attributes in order, dropped ones left out, else null. */
  readonly attributes: readonly Attribute[] | null;
  readonly hasBinaryInput: boolean;
  readonly hasBinaryOutput: boolean;
}

/** One attribute of a composite type. */
interface Attribute {
  readonly name: string;
  readonly oid: number;
}

/** The name of what stands in for a type that the server no longer has. */
export function nameOfGone(oid: number): string {
  return `unknown type ${oid}`;
}

/** The OIDs of the types that a type is made of. */
export function partsOf(description: TypeDescription): number[] {
  const { element, base, subtype, attributes } = description;
  const parts = [element, base, subtype].filter((oid) => oid !== 0);
  return attributes === null ? parts : [...parts, ...attributes.map(({ oid }) => oid)];
}
