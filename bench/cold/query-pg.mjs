import pg from 'pg';

const client = new pg.Client(process.env.DSN);
await client.connect();
const { rows } = await client.query('SELECT $1::int4 + 1 AS next', [41]);
if (rows[0].next !== 42) throw new Error(`${rows[0].next} came`);
await client.end();
