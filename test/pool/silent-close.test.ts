import { expect, it } from 'vitest';
import { createPool } from '../../src/index.ts';
import { PuppetStream } from '../support/fakes/puppet-stream.ts';

/** A stream of the user's own that does not tell when it is closed. */
function silentStream(): PuppetStream {
  const stream = new PuppetStream({ results: { 'SELECT 1': { tag: 'SELECT 1' } } });
  const emit = stream.emit.bind(stream);
  stream.emit = (event: string | symbol, ...args: unknown[]) =>
    event === 'close' ? false : emit(event, ...args);
  return stream;
}

it('a pool replaces and closes connections whose streams do not tell that they are closed', async () => {
  let opened = 0;
  const pool = await createPool({
    host: 'nowhere',
    user: 'test',
    database: 'test',
    ssl: 'disable',
    minSize: 1,
    maxSize: 1,
    dial: () => {
      opened += 1;
      return silentStream();
    },
  });
  for (let i = 1; i <= 3; i++) {
    const connection = await pool.acquire();
    expect(await connection.execute('SELECT 1')).toBe('SELECT 1');
    connection.terminate();
    await pool.release(connection);
    expect(opened).toBeGreaterThanOrEqual(i);
  }
  await pool.execute('SELECT 1');
  await pool.close();
  expect(pool.size).toBe(0);
});
