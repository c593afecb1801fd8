import type { CodecForms } from '../codec.ts';
import { textOnly } from './text.ts';

/**
 * regclass, regtype, regproc and their kin: the object's name, as text. Their binary form is
 * the bare OID, from which a client cannot tell the name nor the other way round. So there is
 * none here, and the server does the translation in either direction.
 */
export const regTypes: CodecForms = textOnly;
