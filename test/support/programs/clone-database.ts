// Makes a test database of its own, tells which template it comes from, and drops it; `--stay` waits to be killed.
import { connect } from '../../../src/index.ts';
import { testDatabase } from '../../../src/testing/index.ts';

const [server, migrations, stay] = process.argv.slice(2);
const database = await testDatabase({ server, migrations });
await using connection = await connect(database.dsn);
const madeBy = await connection.fetchVal<string>('SELECT made_by FROM made');
console.log(JSON.stringify({ name: database.name, madeBy }));
if (stay === '--stay') setInterval(() => {}, 1000);
else {
  await connection.close();
  await database.close();
}
