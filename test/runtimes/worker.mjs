// The checks as a Worker: answers each request with a line of JSON for each. It is bundled by workerd.ts.

import { connect as open } from 'cloudflare:sockets';
import { Duplex } from 'node:stream';
import { connect, createPool, sql } from '../../dist/index.js';
// biome-ignore lint/correctness/useImportExtensions: its types stand beside it
import { checksOf } from './checks.mjs';

/** Begins TLS before anything reads from the socket: the guide "Serverless" has the same. */
async function dial({ host, port }) {
  const socket = open({ hostname: host, port }, { secureTransport: 'starttls' });
  const writer = socket.writable.getWriter();
  await writer.write(Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47)); // SSLRequest
  writer.releaseLock();
  const reader = socket.readable.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  if (value?.length !== 1 || value[0] !== 0x53) throw new Error('the server has no TLS');
  return Duplex.fromWeb(socket.startTls());
}

const worker = {
  async fetch(_request, env) {
    const lines = [];
    const options = env.DSN.includes('sslmode=disable') ? { dial } : {};
    for (const [name, check] of checksOf({ createPool, sql }, env.DSN, options)) {
      let connection;
      try {
        connection = await connect(env.DSN, options);
        await check(connection);
        lines.push({ name, ok: true });
      } catch (error) {
        lines.push({ name, ok: false, error: String(error?.stack ?? error) });
      } finally {
        await connection?.close();
      }
    }
    return new Response(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  },
};

export { worker as default };
