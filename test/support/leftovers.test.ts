import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { activeTimers, openConnections, over } from './leftovers.ts';

it('a connection that is open is found, and gone once it is closed', async () => {
  const before = openConnections().length;
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(socket, 'connect');
  expect(openConnections().length).toBeGreaterThanOrEqual(before + 2);
  expect(await over(() => openConnections().length <= before, 50)).toBe(false);
  socket.destroy();
  server.close();
  expect(await over(() => openConnections().length <= before, 5_000)).toBe(true);
});

it('a timer that keeps the process alive is found, one that does not is none', async () => {
  const before = activeTimers();
  const timer = setTimeout(() => {}, 60_000);
  setTimeout(() => {}, 60_000).unref();
  expect(activeTimers()).toBe(before + 1);
  clearTimeout(timer);
  expect(activeTimers()).toBe(before);
});
