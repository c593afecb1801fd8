import postgres from 'postgres';

const sql = postgres(process.env.DSN, { max: 1 });
const [{ next }] = await sql`SELECT ${41}::int4 + 1 AS next`;
if (next !== 42) throw new Error(`${next} came`);
await sql.end();
