/** Starts the service. `PORT`, `HOST`, `DATABASE_URL`, `ORDER_FEED` and `LOG_LEVEL` say how; README.md has the tour. */
import { run } from './run.ts';

await run();
