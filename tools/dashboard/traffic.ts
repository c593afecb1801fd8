import { setTimeout as sleep } from 'node:timers/promises';
import type { App } from '../../examples/order-service/app.ts';

const post = (app: App, url: string, payload: object) =>
  app.inject({ method: 'POST', url, payload });

/** What clients do: mostly they look, some order, and not everything that they want is there. */
async function visit(app: App, n: number): Promise<void> {
  const id = 1 + (n % 4);
  const productId = 1 + (n % 8);
  switch (n % 10) {
    case 0:
    case 1:
      await post(app, '/api/orders', { userId: id, lines: [{ productId, quantity: 1 }] });
      break;
    case 2:
      await app.inject('/api/orders?limit=20');
      break;
    case 3:
      if (n % 30 === 3) await post(app, `/api/products/${productId}/restock`, {});
      else await app.inject('/api/users?limit=50');
      break;
    case 4:
      await app.inject(`/api/orders/${1 + (n % 20)}`);
      break;
    default:
      await app.inject(n % 2 === 0 ? '/api/products' : `/api/users/${id}`);
  }
}

/** So many clients, who think for so long between two requests, for so long: both in milliseconds. */
async function clients(app: App, count: number, pause: number, time: number): Promise<void> {
  const end = Date.now() + time;
  let n = 0;
  const one = async (): Promise<void> => {
    while (Date.now() < end) {
      await visit(app, n++);
      await sleep(pause * (0.5 + Math.random()));
    }
  };
  await Promise.all(Array.from({ length: count }, one));
}

/**
 * A short day of the service: quiet, a rush in which every client orders, a lock that somebody holds
 * while a column is added, and orders for what is not there. Resolves after about 90 seconds.
 */
export async function day(app: App): Promise<void> {
  const quiet = clients(app, 6, 60, 88_000);
  await sleep(20_000);
  await clients(app, 120, 90, 22_000);
  await sleep(8_000);
  const locked = app.pg.transaction(async (tx) => {
    await tx.execute('LOCK TABLE products IN ACCESS EXCLUSIVE MODE');
    await sleep(9_000);
  });
  await clients(app, 40, 150, 3_000);
  await locked;
  await sleep(6_000);
  const wanting = { userId: 1, lines: [{ productId: 1, quantity: 1_000 }] };
  for (let i = 0; i < 60; i++) {
    await post(app, '/api/orders', wanting);
    if (i % 3 === 0) await post(app, '/api/users', { email: 'ada@example.org', name: 'Ada' });
    await sleep(100);
  }
  await quiet;
}
