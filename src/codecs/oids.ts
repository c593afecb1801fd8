/**
 * OIDs of PostgreSQL's own types that the driver has to name. They are fixed for all servers:
 * `generated/catalog.ts` has all of them, with what is known of each type.
 */
export const BOOL = 16;
export const NAME = 19;
export const INT2 = 21;
export const INT2_VECTOR = 22;
export const TEXT = 25;
export const OID = 26;
export const OID_VECTOR = 30;
export const JSON_TEXT = 114;
export const INT4_ARRAY = 1007;
export const TEXT_ARRAY = 1009;
export const OID_ARRAY = 1028;
export const INTERVAL = 1186;
export const RECORD = 2249;
export const JSONB = 3802;
