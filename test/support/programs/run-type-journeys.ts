/**
 * Sends every sample there and back and prints what differs as JSON. A process of its own, for
 * what holds for a whole process: `node --disallow-code-generation-from-strings` this file, the
 * DSN and the name of a schema.
 */
import { connect } from '../../../src/index.ts';
import { journey, TEXT_ONLY } from '../samples/type-journey.ts';
import { isTextOnly, samplesOf, samplesSetup } from '../samples/type-samples.ts';

const [dsn, schema = 'type_journeys_child'] = process.argv.slice(2);
const db = await connect(dsn);
await db.execute(samplesSetup(schema));
const findings: Record<string, unknown> = {};
const samples = Object.entries(samplesOf(db.serverVersion.major));
for (const [type, literals] of samples) {
  const found = await journey(db, type, literals);
  const expected = isTextOnly(type) ? [TEXT_ONLY] : [];
  if (found.join() !== expected.join()) findings[type] = found;
}
await db.execute(`DROP SCHEMA ${schema} CASCADE`);
await db.close();
process.stdout.write(
  JSON.stringify({ types: samples.length, mayGenerate: mayGenerate(), findings }),
);

function mayGenerate(): boolean {
  try {
    new Function('');
    return true;
  } catch {
    return false;
  }
}
