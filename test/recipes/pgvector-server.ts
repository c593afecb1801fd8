import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import path from 'node:path';

interface Running {
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** A server with the extension pgvector, of PGlite's packages in a folder, as none has it built in. */
export async function startPgvector(folder: string): Promise<AsyncDisposable & { dsn: string }> {
  const require = createRequire(path.join(folder, 'package.json'));
  const { PGlite } = require('@electric-sql/pglite');
  const { vector } = require('@electric-sql/pglite-pgvector');
  const { PGLiteSocketServer } = require('@electric-sql/pglite-socket');
  const db = await PGlite.create({ extensions: { vector } });
  const port = await freePort();
  const server: Running = new PGLiteSocketServer({
    db,
    port,
    host: '127.0.0.1',
    maxConnections: 20,
  });
  await server.start();
  return {
    dsn: `postgres://postgres@127.0.0.1:${port}/postgres?sslmode=disable`,
    [Symbol.asyncDispose]: async () => {
      await server.stop();
      await db.close();
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
