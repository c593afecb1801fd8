import { connect } from 'asyncpg';

const connection = await connect(process.env.DSN);
const { next } = await connection.fetchRow('SELECT $1::int4 + 1 AS next', 41);
if (next !== 42) throw new Error(`${next} came`);
await connection.close();
