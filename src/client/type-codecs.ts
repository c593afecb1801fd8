import { findBuiltinType } from '../codecs/builtin-types.ts';
import type { TypeCodec, TypeDescription } from '../codecs/registry.ts';
import { InterfaceError } from '../errors/client-errors.ts';
import { LearnTypesRequest } from '../session/requests/learn-types.ts';
import type { Lane } from './lane.ts';

const BY_NAME = `
SELECT t.oid FROM pg_catalog.pg_type t
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) t.typnamespace
WHERE t.typname OPERATOR(pg_catalog.=) $1 AND n.nspname OPERATOR(pg_catalog.=) $2`;

/** The type of that name, as the server describes it. */
async function findType(lane: Lane, name: string, schema: string): Promise<TypeDescription> {
  if (schema === 'pg_catalog') {
    const builtin = findBuiltinType(name);
    if (builtin !== undefined) return builtin;
  }
  const oid = await lane.query(
    { text: BY_NAME, args: [name, schema], prepare: false },
    'value',
    null,
  );
  if (oid === null) {
    throw new InterfaceError(`unknown type: ${schema}.${name}`, {
      hint: "Standard types are in the schema pg_catalog; a type's schema is public by default.",
    });
  }
  const request = new LearnTypesRequest([oid as number]);
  lane.session.submit(request);
  const [type] = await request.promise;
  return type!;
}

export async function setTypeCodec(lane: Lane, name: string, codec: TypeCodec): Promise<void> {
  const type = await findType(lane, name, codec.schema ?? 'public');
  lane.session.registry.setTypeCodec(type, codec);
}

export async function setBuiltinTypeCodec(
  lane: Lane,
  name: string,
  options: { schema?: string | undefined; codecName: string },
): Promise<void> {
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
