import { findBuiltinType } from '../codecs/builtin-types.ts';
import { TypeRegistry } from '../codecs/registry.ts';
import { rareCodecs } from '../codecs/rooms.ts';
import type { TypeDescription } from '../codecs/type-description.ts';
import { typeNameHint } from '../codecs/type-name-hint.ts';
import { InterfaceError, InvalidArgumentError } from '../errors/client-errors.ts';
import { InnerRequests } from '../session/requests/inner-requests.ts';
import { learnTypes } from '../session/statements/preparation.ts';
import { kindOf } from '../values/kind-of.ts';
import type { TypeCodec } from '../values/type-codec.ts';
import { checkOptions, type OptionNames } from './calls/known-options.ts';
import type { ClientSession } from './client-session.ts';

/** The type of that name, as the server describes it, with all that it is made of known. */
async function findType(
  client: ClientSession,
  name: string,
  schema: string,
): Promise<TypeDescription> {
  if (schema === 'pg_catalog') {
    const builtin = findBuiltinType(name);
    if (builtin !== undefined) return builtin;
  }
  const request = new InnerRequests(async (session, parent) => {
    const { findTypeOid, introspect } = await session.catalog.open();
    const oid = await findTypeOid(session, parent, name, schema);
    if (oid === null) {
      throw new InterfaceError(`unknown type: ${schema}.${name}`, {
        hint:
          typeNameHint(name) ??
          "Standard types are in the schema pg_catalog; a type's schema is public by default.",
      });
    }
    const [type] = await introspect(session, parent, [oid]);
    session.registry.define([type!]);
    await learnTypes(session, parent, [oid]);
    return type!;
  }, null);
  return client.whenAdmitted(null, () => {
    client.session.submit(request);
    return request.promise;
  });
}

interface ResetCodecOptions {
  readonly schema?: string | undefined;
}

interface BuiltinCodecOptions extends ResetCodecOptions {
  readonly codecName: string;
}

const CODEC_OPTIONS: OptionNames<TypeCodec> = {
  schema: true,
  encoder: true,
  decoder: true,
  format: true,
};

const BUILTIN_OPTIONS: OptionNames<BuiltinCodecOptions> = { schema: true, codecName: true };
const RESET_OPTIONS: OptionNames<ResetCodecOptions> = { schema: true };

/** Callers without types get it said in words, before anything is sent. */
function checkString(what: string, value: unknown): void {
  if (typeof value === 'string') return;
  throw new InvalidArgumentError(`${what} must be a string, got ${kindOf(value)}`);
}

function checkGiven<Options extends { readonly schema?: unknown }>(
  name: unknown,
  options: Options,
  names: OptionNames<Options>,
): void {
  checkString('the name of a type', name);
  if (typeof options !== 'object' || options === null) {
    throw new InvalidArgumentError(
      `the codec of type ${name} must be an object, got ${kindOf(options)}`,
    );
  }
  checkOptions('a type codec', options, names);
  checkString('the schema of a type', options.schema ?? '');
}

/** Where a connection's own codecs are set: only the registry has room for any. */
function registryOf({ session }: ClientSession): TypeRegistry {
  const source = session.registry.behind ?? session.registry;
  if (source instanceof TypeRegistry) return source;
  throw new InterfaceError('the types of this connection are read and written in one way only');
}

/** @param checkHeld throws if whoever asks for it has given the connection back meanwhile */
export async function setTypeCodec(
  client: ClientSession,
  name: string,
  codec: TypeCodec,
  checkHeld: () => unknown,
): Promise<void> {
  checkGiven(name, codec, CODEC_OPTIONS);
  const registry = registryOf(client);
  const type = await findType(client, name, codec.schema ?? 'public');
  await rareCodecs.open();
  checkHeld();
  registry.setTypeCodec(type, codec);
  forgetIfDomain(client, type);
}

/**
 * The statements that are known have the domain's columns as of the type that it is made of. Those that
 * users hold keep their codecs.
 */
function forgetIfDomain({ session }: ClientSession, { typtype }: TypeDescription): void {
  if (typtype !== 'd') return;
  session.statements.named.clear();
  session.statements.unnamed.clear();
}

export async function setBuiltinTypeCodec(
  client: ClientSession,
  name: string,
  options: BuiltinCodecOptions,
  checkHeld: () => unknown,
): Promise<void> {
  checkGiven(name, options, BUILTIN_OPTIONS);
  checkString('codecName', options.codecName);
  const registry = registryOf(client);
  const type = await findType(client, name, options.schema ?? 'public');
  await rareCodecs.open();
  checkHeld();
  registry.setBuiltinTypeCodec(type, options.codecName);
  forgetIfDomain(client, type);
}

export async function resetTypeCodec(
  client: ClientSession,
  name: string,
  options: ResetCodecOptions,
  checkHeld: () => unknown,
): Promise<void> {
  checkGiven(name, options, RESET_OPTIONS);
  const registry = registryOf(client);
  const type = await findType(client, name, options.schema ?? 'public');
  checkHeld();
  registry.resetTypeCodec(type);
}
