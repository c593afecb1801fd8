-- The shop that the examples of this documentation are about.

CREATE TABLE users (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email      text NOT NULL UNIQUE,
  name       text NOT NULL,
  is_active  boolean NOT NULL DEFAULT true,
  settings   jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE products (
  id    integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sku   text NOT NULL UNIQUE,
  price numeric(12, 2) NOT NULL,
  stock integer NOT NULL CONSTRAINT enough_stock CHECK (stock >= 0)
);

CREATE TABLE orders (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id    bigint NOT NULL REFERENCES users,
  product_id integer NOT NULL REFERENCES products,
  quantity   integer NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE accounts (
  id      integer PRIMARY KEY,
  balance numeric(12, 2) NOT NULL CHECK (balance >= 0)
);

CREATE TABLE measurements (
  sensor text NOT NULL,
  at     timestamptz NOT NULL,
  value  float8
);

CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');

INSERT INTO users (email, name) VALUES ('ada@example.org', 'Ada'), ('bob@example.org', 'Bob');
INSERT INTO products (sku, price, stock) VALUES ('apple', 0.50, 100), ('bread', 2.75, 20);
INSERT INTO accounts VALUES (1, 100.00), (2, 0.00);
