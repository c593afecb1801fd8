// A pool of asyncpg/pg, or of pg itself, in a process that is frozen: says when it has connected, and on each
// line that it reads makes calls, and says what became of them and what the pool has told meanwhile.
import own from '../../../src/integrations/pg/index.ts';

const [dsn, which, name] = process.argv.slice(2);
const { Pool } = which === 'pg' ? ((await import('pg')).default as unknown as typeof own) : own;
const pool = new Pool({ connectionString: dsn, max: 2, application_name: 'frozen' });
let told: string[] = [];
pool.on('error', () => told.push('error'));
pool.on('remove', () => told.push('remove'));
// Both, at the same time.
const clients = await Promise.all([pool.connect(), pool.connect()]);
for (const client of clients) client.release();

/** Nothing more is to be done: says so. What the pool tells from here on is of what comes then. */
async function rest(line: string): Promise<void> {
  told = [];
  const last = process.env['LAST_QUERY'];
  if (last !== undefined) await Promise.all([1, 2].map(() => pool.query(last)));
  console.log(line);
}
await rest(JSON.stringify(clients.map((_, i) => i)));

const first = (result: { rows: { n: number }[] }): number => result.rows[0]!.n;

process.stdin.setEncoding('utf8').on('data', async () => {
  const calls = [
    pool.query('SELECT 1 AS n').then(first),
    pool.query('SELECT $1::int4 AS n', [2]).then(first),
    // Without a name where a pooler keeps none.
    pool
      .query({ ...(name ? { name } : {}), text: 'SELECT $1::int4 AS n', values: [3] })
      .then(first),
    pool.query({ text: 'SELECT 4', rowMode: 'array' }).then((result) => result.rows[0]![0]),
    new Promise((resolve, reject) => {
      pool.query('SELECT 5 AS n', (error, result) =>
        error ? reject(error) : resolve(first(result)),
      );
    }),
    pool.connect().then(async (client) => {
      try {
        await client.query('BEGIN');
        const six = first(await client.query('SELECT 6 AS n'));
        await client.query('COMMIT');
        return six;
      } finally {
        client.release();
      }
    }),
    new Promise((resolve, reject) => {
      pool.connect((error, client, release) => {
        if (error) return reject(error);
        client!.query('SELECT 7 AS n', (failure, result) => {
          release();
          if (failure) reject(failure);
          else resolve(first(result));
        });
      });
    }),
  ];
  const results = await Promise.allSettled(calls);
  const answers = results.map((result) =>
    result.status === 'fulfilled' ? result.value : String(result.reason?.stack),
  );
  await rest(JSON.stringify({ answers, told: told.sort(), total: pool.totalCount }));
});
process.stdin.on('end', () => pool.end());
