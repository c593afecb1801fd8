import { relations } from 'drizzle-orm';
import { boolean, integer, numeric, pgTable, serial, text } from 'drizzle-orm/pg-core';

export const users = pgTable('users', {
  id: serial().primaryKey(),
  name: text().notNull(),
  isActive: boolean('is_active').notNull().default(true),
});

export const orders = pgTable('orders', {
  id: serial().primaryKey(),
  userId: integer('user_id').references(() => users.id),
  total: numeric().notNull(),
});

export const schema = {
  users,
  orders,
  usersRelations: relations(users, ({ many }) => ({ orders: many(orders) })),
  ordersRelations: relations(orders, ({ one }) => ({
    user: one(users, { fields: [orders.userId], references: [users.id] }),
  })),
};
