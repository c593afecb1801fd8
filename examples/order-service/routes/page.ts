import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';

const PUBLIC = fileURLToPath(new URL('../public', import.meta.url));
/** The chart library, as it was installed: nothing comes from elsewhere. */
const CHARTS = path.dirname(createRequire(import.meta.url).resolve('uplot/dist/uPlot.esm.js'));

/** The page, which needs no build step. */
export const pageRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.register(fastifyStatic, { root: PUBLIC });
  app.register(fastifyStatic, { root: CHARTS, prefix: '/vendor/uplot/', decorateReply: false });
};
