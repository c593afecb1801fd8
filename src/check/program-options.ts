import path from 'node:path';
import type { TransformOptions, TypeCodec, TypeOptions } from 'asyncpg';
import { CheckError } from './check-error.ts';
import { importFresh } from './import-fresh.ts';

/** What a codec of the program's own gives and takes, in TypeScript; null: what the type's own does. */
export interface CodecTypes {
  readonly result: string | null;
  readonly argument: string | null;
  /** The schema of its type; null: any. */
  readonly schema: string | null;
}

/** What the program gives to its `connect` or `createPool`, as far as it decides about types. */
export interface ProgramOptions {
  readonly types?: TypeOptions;
  readonly transform?: TransformOptions;
  readonly codecs: Readonly<Record<string, CodecTypes>>;
}

/**
 * Reads the options that a module of the program exports: `types`, `transform` and `codecs`, each where it is there.
 * The types of a codec's values are those of its functions, which the compiler finds in that module.
 *
 * @param out the file in which the types are written
 */
export async function programOptions(file: string, out: string): Promise<ProgramOptions> {
  const exported = (await importFresh(file)) as {
    types?: TypeOptions;
    transform?: TransformOptions;
    codecs?: Readonly<Record<string, Partial<TypeCodec>>>;
  };
  if (!('types' in exported || 'transform' in exported || 'codecs' in exported)) {
    throw new CheckError(`${file} exports none of types, transform, codecs`);
  }
  const relative = path.relative(path.dirname(out), file).split(path.sep).join('/');
  const specifier = (relative.startsWith('.') ? relative : `./${relative}`).replace(/ts$/, 'js');
  const codecs: Record<string, CodecTypes> = {};
  for (const [name, { encoder, decoder, schema }] of Object.entries(exported.codecs ?? {})) {
    // What only names one of the driver's own codecs has the driver's types.
    if (encoder === undefined && decoder === undefined) continue;
    const codec = `(typeof import(${JSON.stringify(specifier)}))['codecs'][${JSON.stringify(name)}]`;
    codecs[name] = {
      // The direction for which it has no function stays as it was.
      result: decoder === undefined ? null : `ReturnType<${codec}['decoder']>`,
      argument: encoder === undefined ? null : `Parameters<${codec}['encoder']>[0]`,
      schema: schema ?? 'public',
    };
  }
  const { types, transform } = exported;
  return { codecs, ...(types && { types }), ...(transform && { transform }) };
}
