/** How the user wants values of a type to be read and written: see `Connection.setTypeCodec`. */
export interface TypeCodec {
  /** The type's schema, `public` by default. Standard types are in `pg_catalog`. */
  schema?: string | undefined;
  /** From a value to its text, bytes or tuple. Without it arguments are taken as before. */
  // biome-ignore lint/suspicious/noExplicitAny: only the user knows the type of the values
  encoder?(value: any): unknown;
  /** From text, bytes or a tuple to a value. Without it results are read as before. */
  // biome-ignore lint/suspicious/noExplicitAny: what it gets depends on `format`
  decoder?(value: any): unknown;
  /** What the two exchange with the driver: a string, a Buffer or an array. `text` by default. */
  format?: 'text' | 'binary' | 'tuple' | undefined;
}

/** The codec of a type that is known, for another one: see `Connection.setBuiltinTypeCodec`. */
export interface BuiltinTypeCodec {
  /** The type's schema, `public` by default. */
  schema?: string | undefined;
  /** `pg_contrib.hstore`, `.citext`, `.ltree`, or the name of a built-in type: `int`, `text`. */
  codecName: string;
}

/** Codecs by the names of the types that they are for, as declared in the connect options. */
export type DeclaredCodecs = ReadonlyMap<string, TypeCodec | BuiltinTypeCodec>;
