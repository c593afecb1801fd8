import { Type } from 'typebox';

/** What requests may have in them and answers have, as JSON Schema and as types. */

const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });

/** `numeric`, e.g. "12.90": a JSON number would be read as a float. */
const Money = Type.String();

/** A `Date` here, an ISO 8601 text in JSON. */
const Time = Type.Unsafe<Date>({ type: 'string', format: 'date-time' });

const Name = Type.String({ minLength: 1, maxLength: 200, pattern: '\\S' });

export const IdParams = Type.Object({ id: Id });

export const Problem = Type.Object({
  statusCode: Type.Integer(),
  code: Type.Optional(Type.String()),
  error: Type.String(),
  message: Type.String(),
});

export const User = Type.Object({
  id: Id,
  email: Type.String(),
  name: Type.String(),
  isActive: Type.Boolean(),
  createdAt: Time,
});

export const NewUser = Type.Object(
  { email: Type.String({ format: 'email', maxLength: 320 }), name: Name },
  { additionalProperties: false },
);

export const UserChange = Type.Object(
  { name: Type.Optional(Name), isActive: Type.Optional(Type.Boolean()) },
  { additionalProperties: false, minProperties: 1 },
);

export const UserPage = Type.Object({
  after: Type.Integer({ minimum: 0, default: 0 }),
  limit: Type.Integer({ minimum: 1, maximum: 1_000, default: 50 }),
});

export const Product = Type.Object({
  id: Id,
  name: Type.String(),
  price: Money,
  stock: Type.Integer(),
  capacity: Type.Integer(),
});

const order = {
  id: Id,
  userId: Id,
  userName: Type.String(),
  total: Money,
  createdAt: Time,
};

export const Order = Type.Object(order);

export const OrderWithLines = Type.Object({
  ...order,
  lines: Type.Array(
    Type.Object({
      productId: Id,
      product: Type.String(),
      quantity: Type.Integer(),
      unitPrice: Money,
    }),
  ),
});

export const NewOrder = Type.Object(
  {
    userId: Id,
    // A notification holds 8,000 bytes, and so the lines of one order are limited.
    lines: Type.Array(
      Type.Object(
        { productId: Id, quantity: Type.Integer({ minimum: 1, maximum: 1_000 }) },
        { additionalProperties: false },
      ),
      { minItems: 1, maxItems: 20 },
    ),
  },
  { additionalProperties: false },
);

export const OrderList = Type.Object({
  limit: Type.Integer({ minimum: 1, maximum: 100, default: 20 }),
});

export const ImportResult = Type.Object({ read: Type.Integer(), added: Type.Integer() });
