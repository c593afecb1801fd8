/**
 * What is not for users: constructors, extending a Queryable, and members that are the package's
 * own. tools/check-declarations.ts compiles the same against the declarations in dist/.
 */
import {
  type Connection as AnyConnection,
  Connection,
  Cursor,
  type Pool,
  type PoolConnection,
  PreparedStatement,
  Queryable,
  RowStream,
  Savepoint,
  type Subscription,
  Transaction,
} from 'asyncpg';

declare const pool: Pool;
declare const lent: PoolConnection;
declare const connection: AnyConnection;
declare const subscription: Subscription;

// @ts-expect-error a connection is made by connect()
new Connection();
// @ts-expect-error whatever it is given
new Connection({});
// @ts-expect-error a transaction is made by transaction() or begin()
new Transaction();
// @ts-expect-error a statement is made by prepare()
new PreparedStatement();
// @ts-expect-error a cursor is made by cursor()
new Cursor();
// @ts-expect-error a stream is made by stream()
new RowStream();
// @ts-expect-error a stream is made by stream()
new RowStream(async () => {});
// @ts-expect-error a savepoint is made by savepoint()
new Savepoint();
// @ts-expect-error a savepoint is made by savepoint()
new Savepoint('name');
// @ts-expect-error a pool is made by createPool()
new (pool.constructor as typeof Pool)();
// @ts-expect-error a connection of a pool is made by acquire()
new (lent.constructor as typeof PoolConnection)();
// @ts-expect-error a subscription is made by listen()
new (subscription.constructor as typeof Subscription)();

// @ts-expect-error nobody knows what to implement
export class Extending extends Queryable {}

// @ts-expect-error nobody knows what to implement
export class Calling extends Queryable {
  constructor() {
    super();
    void this.fetch('SELECT 1');
  }
}

// @ts-expect-error its constructor is private
export class Begun extends Transaction {}

// The names that internal members had, or would have.
// @ts-expect-error
void connection.client;
// @ts-expect-error
void connection.session;
// @ts-expect-error
void connection.deadline;
// @ts-expect-error
void connection.forget;
// @ts-expect-error
void pool.checkOut;
// @ts-expect-error
void pool.open;
// @ts-expect-error
void pool.takeBack;
// @ts-expect-error
void lent.giveBack;
// @ts-expect-error
void subscription.deliver;
