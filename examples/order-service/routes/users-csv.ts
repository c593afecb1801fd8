import { PassThrough, type Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { DataError, NotNullViolationError } from 'asyncpg';
import { ProblemError } from './problem.ts';
import { ImportResult, Problem } from './schemas.ts';

/** The first line of a file. */
const HEADER = 'email,name,is_active';
/** The largest file that is taken in, in bytes. */
const MAX_FILE = 1024 ** 3;

export const userCsvRoutes: FastifyPluginAsyncTypebox = async (app) => {
  // A file is never read into memory: the body is the stream itself.
  app.addContentTypeParser('text/csv', (_request, payload, done) => done(null, payload));

  app.get('/users.csv', (request, reply) => {
    const body = new PassThrough();
    // Should it fail, it destroys `body` with its error: Fastify logs that and breaks the answer off,
    // so that the client does not take the half of a file for the whole.
    request.repositories.users.exportCsv(body).catch(() => {});
    return reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', 'attachment; filename="users.csv"')
      .send(body);
  });

  app.post(
    '/users.csv',
    {
      bodyLimit: MAX_FILE,
      schema: { response: { 200: ImportResult, 415: Problem, 422: Problem } },
    },
    async (request) => {
      if (request.headers['content-type']?.startsWith('text/csv') !== true) {
        throw new ProblemError(415, 'not_csv', 'Send the file as text/csv.');
      }
      try {
        return await request.repositories.users.importCsv(request.body as Readable);
      } catch (error) {
        if (!(error instanceof DataError || error instanceof NotNullViolationError)) throw error;
        if (/header line|could not read COPY header/.test(error.message)) {
          throw new ProblemError(422, 'bad_csv', `Line 1 must be ${HEADER}, in this order.`, {
            cause: error,
          });
        }
        // "COPY imported_users, line 3, column …": the line is what the sender needs.
        const line = /line (\d+)/.exec(error.context ?? '')?.[1] ?? '?';
        const [problem] = error.message.split('\n');
        throw new ProblemError(422, 'bad_csv', `Line ${line}: ${problem}`, { cause: error });
      }
    },
  );
};
