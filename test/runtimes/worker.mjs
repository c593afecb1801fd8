// The checks as a Worker: answers each request with a line of JSON for each. It is bundled by workerd.ts.

import { connect, createPool, sql } from '../../dist/index.js';
// biome-ignore lint/correctness/useImportExtensions: its types stand beside it
import { checksOf } from './checks.mjs';

const worker = {
  async fetch(_request, env) {
    const lines = [];
    for (const [name, check] of checksOf({ createPool, sql }, env.DSN)) {
      let connection;
      try {
        connection = await connect(env.DSN);
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
