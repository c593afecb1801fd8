import { Room } from '../../runtime/room.ts';
import type { Catalog } from '../request.ts';

/** How the server is asked for types that are not built in, and for what it does not tell by itself. */
export const catalog: Room<Catalog> = new Room<Catalog>(() => import('./catalog.ts'));
