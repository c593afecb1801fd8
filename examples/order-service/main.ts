/** Starts the service. `PORT`, `HOST`, `DATABASE_URL`, `ORDER_FEED` and `LOG_LEVEL` say how; README.md has the tour. */
import { buildApp } from './app.ts';
import { findDatabase } from './database.ts';

const { PORT = '3000', HOST = '127.0.0.1', LOG_LEVEL = 'warn', ORDER_FEED } = process.env;

async function main(): Promise<void> {
  await using database = await findDatabase();
  const app = await buildApp(database.dsn, {
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

try {
  await main();
} catch (error) {
  console.error('the order service cannot run:', error);
  process.exitCode = 1;
}
