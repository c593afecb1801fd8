import type { Portal } from '../../session/requests/portal-request.ts';
import { argsOf, isPrepared, type QueryObject } from '../calls/call.ts';
import { CODECS } from '../internals.ts';

let portals = 0;

/** A portal for a query, to be bound with the first step. */
export function newPortal(query: QueryObject): Portal {
  portals += 1;
  return {
    name: `asyncpg_portal_${portals.toString(36)}`,
    text: query.text,
    args: argsOf(query),
    prepare: isPrepared(query),
    form: query.rows ?? 'record',
    codecs: query[CODECS],
    statement: null,
    isBound: false,
  };
}
