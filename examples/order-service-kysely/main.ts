/** The order service on Kysely. `PORT`, `HOST`, `DATABASE_URL` and `LOG_LEVEL` say how. */
import { run } from '../order-service/run.ts';
import { onKysely } from './persistence.ts';

await run(onKysely);
