import type { Connection } from 'asyncpg';

/** A table that is read as a whole to find the rows of a parameter. */
interface FullScan {
  readonly table: string;
  readonly filter: string;
}

/** A table of a database that is there counts as big from this many rows on. */
const BIG = 10_000;

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly Schema?: string;
  readonly Filter?: string;
  readonly 'Index Cond'?: string;
  readonly Plans?: readonly Plan[];
}

/**
 * Tables in which no index finds the rows that a query asks for by its parameters, from the plan that the server
 * would make if reading tables as a whole were dear. Of a throw-away database every table counts, as it
 * is empty; of one that is there those with 10,000 rows. Needs PostgreSQL 16.
 */
export async function missingIndexes(text: string, connection: Connection): Promise<FullScan[]> {
  if (connection.serverVersion.major < 16) return [];
  const plan = await explained(text, connection);
  if (plan === null) return [];
  const scans = scansOf(plan);
  const found: FullScan[] = [];
  for (const { table, schema, filter } of scans) {
    const isBig = await connection.fetchVal<boolean>(
      `SELECT c.reltuples < 0 OR c.reltuples >= $3 FROM pg_catalog.pg_class c
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       WHERE c.relname = $1 AND n.nspname = $2`,
      table,
      schema,
      BIG,
    );
    if (isBig === true) found.push({ table, filter });
  }
  return found;
}

/**
 * The plan for any arguments. With the extended protocol it would be the one for those that are sent, so a block
 * of code asks for it, and sends it as a notice.
 */
async function explained(text: string, connection: Connection): Promise<Plan | null> {
  let plan: Plan | null = null;
  const listen = ({ message }: { readonly message: string }): void => {
    if (!message.startsWith(MARK)) return;
    const [explained] = JSON.parse(message.slice(MARK.length)) as [{ Plan: Plan }];
    plan = explained.Plan;
  };
  connection.addLogListener(listen);
  try {
    await connection.transaction({ readOnly: true }, async (tx) => {
      await tx.execute(`SET LOCAL enable_seqscan = off; SET LOCAL client_min_messages = notice;
        DO $asyncpg_check$ DECLARE plan text; BEGIN
          EXECUTE ${quoteLiteral(`EXPLAIN (GENERIC_PLAN, VERBOSE, FORMAT JSON) ${text}`)} INTO plan;
          RAISE NOTICE '${MARK}%', plan;
        END $asyncpg_check$`);
    });
  } catch {
    // What cannot be explained, such as a utility's command.
  } finally {
    connection.removeLogListener(listen);
  }
  return plan;
}

/** In front of a plan in a notice. */
const MARK = 'asyncpg check: ';

function quoteLiteral(text: string): string {
  return `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

function scansOf(plan: Plan): { table: string; schema: string; filter: string }[] {
  const { Filter: filter, 'Relation Name': table, Schema: schema } = plan;
  const isWhole =
    plan['Node Type'] === 'Seq Scan' ||
    (/^Index/.test(plan['Node Type']) && plan['Index Cond'] === undefined);
  const own =
    isWhole && table !== undefined && schema !== undefined && filter?.includes('$') === true
      ? [{ table, schema, filter }]
      : [];
  return [...own, ...(plan.Plans ?? []).flatMap(scansOf)];
}
