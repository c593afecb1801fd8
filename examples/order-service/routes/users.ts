import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { found } from './problem.ts';
import { IdParams, NewUser, Problem, User, UserChange, UserPage } from './schemas.ts';

export const userRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/users',
    { schema: { querystring: UserPage, response: { 200: Type.Array(User) } } },
    (request) => request.repositories.users.listAfter(request.query.after, request.query.limit),
  );

  app.get(
    '/users/count',
    { schema: { response: { 200: Type.Object({ count: Type.Integer() }) } } },
    async (request) => ({ count: await request.repositories.users.count() }),
  );

  app.get(
    '/users/:id',
    { schema: { params: IdParams, response: { 200: User, 404: Problem } } },
    async (request) => found('user', await request.repositories.users.byId(request.params.id)),
  );

  app.post(
    '/users',
    { schema: { body: NewUser, response: { 201: User, 409: Problem } } },
    async (request, reply) => {
      const { email, name } = request.body;
      const user = await request.repositories.users.create(email, name);
      return reply.code(201).header('location', `/api/users/${user.id}`).send(user);
    },
  );

  app.patch(
    '/users/:id',
    { schema: { params: IdParams, body: UserChange, response: { 200: User, 404: Problem } } },
    async (request) =>
      found('user', await request.repositories.users.update(request.params.id, request.body)),
  );
};
