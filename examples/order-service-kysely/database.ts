import type { ColumnType, Generated } from 'kysely';

/** The tables of ../order-service/schema.ts, as Kysely is told of them. */
export interface Database {
  users: {
    id: ColumnType<number, never, never>;
    email: string;
    name: string;
    is_active: Generated<boolean>;
    created_at: ColumnType<Date, never, never>;
  };
  products: {
    id: ColumnType<number, never, never>;
    name: string;
    /** Money is a string, exact on both sides. */
    price: string;
    stock: number;
    capacity: number;
  };
  orders: {
    id: ColumnType<number, never, never>;
    user_id: number;
    total: Generated<string>;
    created_at: ColumnType<Date, never, never>;
  };
  order_lines: {
    order_id: number;
    product_id: number;
    quantity: number;
    unit_price: string;
  };
}
