import { buildApp } from './app.ts';
import { findDatabase } from './database.ts';
import type { Persistence } from './plugins/repositories.ts';

const { PORT = '3000', HOST = '127.0.0.1', LOG_LEVEL = 'warn', ORDER_FEED } = process.env;

async function serve(persistence: Persistence | undefined): Promise<void> {
  await using database = await findDatabase();
  const app = await buildApp(database.dsn, {
    ...(persistence && { persistence }),
    logger: { level: LOG_LEVEL },
    orderFeed: ORDER_FEED === 'changes' ? 'changes' : 'listen',
  });
  try {
    const stopped = stopSignal();
    const address = await app.listen({ port: Number(PORT), host: HOST });
    console.log(`order service on ${address}, data in ${database.description}`);
    console.log('Ctrl+C stops it.');
    await stopped;
    console.log('\nstopping: requests under way are answered first');
  } finally {
    await app.close();
  }
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}

/** Serves until a signal comes. */
export async function run(persistence?: Persistence): Promise<void> {
  try {
    await serve(persistence);
  } catch (error) {
    // What went wrong at the start, such as a database that is not there, is told in a sentence.
    const detail = LOG_LEVEL === 'debug' ? error : (error as Error).message;
    console.error('the order service cannot run:', detail);
    process.exitCode = 1;
  }
}
