import { findBuiltinType } from '../codecs/builtin-types.ts';
import { kindOf } from '../codecs/refusal.ts';
import type { TypeCodec, TypeDescription } from '../codecs/registry.ts';
import { InterfaceError } from '../errors/client-errors.ts';
import { ErrandRequest } from '../session/requests/inner-requests.ts';
import { findTypeOid, introspect } from '../session/statements/introspection.ts';
import { learnTypes } from '../session/statements/preparation.ts';
import type { Lane } from './client-session.ts';
import { checkOptions, type OptionNames } from './known-options.ts';

/** The type of that name, as the server describes it, with all that it is made of known. */
async function findType(lane: Lane, name: string, schema: string): Promise<TypeDescription> {
  if (schema === 'pg_catalog') {
    const builtin = findBuiltinType(name);
    if (builtin !== undefined) return builtin;
  }
  const request = new ErrandRequest(async (session, holder) => {
    const oid = await findTypeOid(session, holder, name, schema);
    if (oid === null) {
      throw new InterfaceError(`unknown type: ${schema}.${name}`, {
        hint: "Standard types are in the schema pg_catalog; a type's schema is public by default.",
      });
    }
    const [type] = await introspect(session, holder, [oid]);
    session.registry.define([type!]);
    await learnTypes(session, holder, [oid]);
    return type!;
  }, null);
  lane.session.submit(request);
  return request.promise;
}

const CODEC_OPTIONS: OptionNames<TypeCodec> = {
  schema: true,
  encoder: true,
  decoder: true,
  format: true,
};

/** Callers without types get it said in words, before anything is sent. */
function checkGiven(name: unknown, options: unknown): void {
  if (typeof name !== 'string') {
    throw new InterfaceError(`the name of a type must be a string, got ${kindOf(name)}`);
  }
  if (typeof options !== 'object' || options === null) {
    throw new InterfaceError(`the codec of type ${name} must be an object, got ${kindOf(options)}`);
  }
}

export async function setTypeCodec(lane: Lane, name: string, codec: TypeCodec): Promise<void> {
  checkGiven(name, codec);
  checkOptions('a type codec', codec, CODEC_OPTIONS);
  const type = await findType(lane, name, codec.schema ?? 'public');
  lane.session.registry.setTypeCodec(type, codec);
}

export async function setBuiltinTypeCodec(
  lane: Lane,
  name: string,
  options: { schema?: string | undefined; codecName: string },
): Promise<void> {
  checkGiven(name, options);
  const type = await findType(lane, name, options.schema ?? 'public');
  lane.session.registry.setBuiltinTypeCodec(type, options.codecName);
}

export async function resetTypeCodec(
  lane: Lane,
  name: string,
  options: { schema?: string | undefined },
): Promise<void> {
  lane.session.registry.resetTypeCodec(await findType(lane, name, options.schema ?? 'public'));
}
