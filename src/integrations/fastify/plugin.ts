import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Queryable } from '../../client/queryable.ts';
import { InterfaceError } from '../../errors/client-errors.ts';
import { createPool } from '../../pool/create-pool.ts';
import type { Pool } from '../../pool/pool.ts';
import type { PoolOptions } from '../../pool/pool-options.ts';
import { checkOptions } from '../check-options.ts';
import { ClientDisconnectedError, toAnswer } from './http-error.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** The pool of `asyncpg/fastify`, open until the app closes. */
    readonly pg: Pool;
  }
  interface FastifyRequest {
    /**
     * The pool, for what this request does: its queries and `pg.transaction(…)`. With
     * `cancelOnDisconnect` all of that ends when the client goes away.
     */
    readonly pg: Queryable;
  }
}

/** The options of the plugin. */
export interface AsyncpgPluginOptions {
  /** Where the database is. Default: as `createPool` finds it, from the environment. */
  readonly dsn?: string | undefined;
  /** The options of `createPool`. Its `timeout` should be shorter than Fastify's `pluginTimeout`. */
  readonly pool?: PoolOptions | undefined;
  /** The name of the decorators, for a second pool. Default `pg`; the types know that one alone. */
  readonly name?: string | undefined;
  /**
   * True: failures in the database become HTTP errors, see `toHttpError`, by an error handler of the
   * scope that the plugin is registered in; a mistake in a query becomes a 500 that says nothing of it. An
   * app with a handler of its own calls `toHttpError` there. Default false.
   */
  readonly httpErrors?: boolean | undefined;
  /**
   * True: when a client goes away before it is answered, the query of `request.pg` that is under way
   * is cancelled on the server, and an open transaction of `request.pg` is rolled back, with a
   * `ClientDisconnectedError`. Default false.
   */
  readonly cancelOnDisconnect?: boolean | undefined;
}

/** What Fastify has for every plugin. */
interface PluginOptions extends AsyncpgPluginOptions {
  readonly prefix?: unknown;
  readonly logLevel?: unknown;
  readonly logSerializers?: unknown;
}

/** A database that is told by another name would be the environment's. */
function checkPluginOptions(options: PluginOptions): void {
  checkOptions(
    'asyncpg/fastify',
    options,
    {
      dsn: 'string',
      pool: 'object',
      name: 'string',
      httpErrors: 'boolean',
      cancelOnDisconnect: 'boolean',
      prefix: 'any',
      logLevel: 'any',
      logSerializers: 'any',
    },
    (name) =>
      name === 'connectionString' ? 'It is spelled "dsn".' : 'Those of createPool are in "pool".',
  );
}

/** Those whose errors are answered already, by a pool that was registered before. */
const answering = new WeakSet<FastifyInstance>();

/**
 * A Fastify plugin that owns a pool: it is open before the app is ready, and closes when the app has
 * closed, after the requests under way. A database that cannot be reached fails the start of the app, unless the pool's
 * `minSize` is 0.
 * Routes use `app.pg`, the pool, or `request.pg`, the same for one request.
 *
 * @throws from `app.ready()` and `app.listen()`: what `createPool` throws, ClientConfigurationError for unknown options
 * @example
 * const app = fastify();
 * await app.register(asyncpg, { dsn: process.env.DATABASE_URL, httpErrors: true });
 * app.get('/users/:id', (request) =>
 *   request.pg.fetchRow('SELECT * FROM users WHERE id = $1', request.params.id));
 */
export async function asyncpg(app: FastifyInstance, options: AsyncpgPluginOptions): Promise<void> {
  const { dsn, name = 'pg', httpErrors = false, cancelOnDisconnect = false } = options;
  checkPluginOptions(options);
  const opening = dsn === undefined ? createPool(options.pool) : createPool(dsn, options.pool);
  // Before the pool is open, for Fastify may lose patience with a start that goes on all the same.
  app.addHook('onClose', async () => {
    const opened = await opening.catch(() => null);
    await opened?.close();
  });
  const pool = await opening;

  app.decorate(name, pool);
  if (cancelOnDisconnect) {
    const ofRequest = new WeakMap<FastifyRequest, Queryable>();
    // A getter: a scope inside may have a pool of the same name, and the hooks of both are run for its requests.
    app.decorateRequest(name, {
      getter() {
        return ofRequest.get(this) ?? tooEarly(name);
      },
    });
    app.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
      ofRequest.set(request, pool.with({ signal: untilDisconnected(reply) }));
    });
  } else {
    app.decorateRequest(name, { getter: () => pool });
  }
  if (httpErrors && !answering.has(app)) {
    answering.add(app);
    // What is thrown here goes to the next handler outwards, in the end to Fastify's own.
    app.setErrorHandler((error) => {
      throw toAnswer(error);
    });
  }
}

// What the package fastify-plugin would set: decorators and hooks are for the scope around, too.
Object.assign(asyncpg, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'asyncpg',
  [Symbol.for('plugin-meta')]: { name: 'asyncpg', fastify: '5.x' },
});

/** @throws InterfaceError: the hook that makes it has not been run */
function tooEarly(name: string): never {
  throw new InterfaceError(`request.${name} is not there yet: this hook runs before the plugin's`, {
    hint: `Register asyncpg/fastify before the hook is added, or use app.${name}, which does not end with the client.`,
  });
}

/** A signal that is aborted when the client goes away before its answer has been written. */
function untilDisconnected(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  const raw: Response = reply.raw;
  // Neither an answer of HTTP/2 that broke off nor one of app.inject() tells by `writableFinished` which it is.
  const closed = (): void => {
    if (!raw.writableEnded) controller.abort(new ClientDisconnectedError());
  };
  // It may have gone while a hook of the app's was waiting.
  if (raw.destroyed || raw.stream?.destroyed === true) closed();
  else raw.once('close', closed);
  return controller.signal;
}

/** What answers of HTTP/1 and of HTTP/2 have; `stream` is the latter's. */
type Response = FastifyReply['raw'] & { readonly stream?: { readonly destroyed: boolean } };
