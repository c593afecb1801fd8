// Preloaded by bench/orm/prisma.ts: Prisma's own adapter gets `asyncpg/pg` for `pg`.
import { registerHooks } from 'node:module';

registerHooks({
  resolve: (specifier, context, next) =>
    next(specifier === 'pg' ? 'asyncpg/pg' : specifier, context),
});
