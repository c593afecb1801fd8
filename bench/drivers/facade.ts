// The very programs of pg.ts on asyncpg/pg: `npm run bench:pg`.
import pg from 'asyncpg/pg';
import type { Driver } from '../driver.ts';
import { driver as ours } from './asyncpg.ts';
import { driverOf } from './pg.ts';

export const driver: Driver = driverOf(pg as never, ours.version);
