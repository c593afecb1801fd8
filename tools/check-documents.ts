import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Connection, camelCase, connect } from 'asyncpg';
import { Describer, isObjection, type Objection } from '../src/check/describe.ts';
import { findQueries } from '../src/check/sources/find-queries.ts';
import { type Block, blocksOf, documents, ROOT } from '../test/docs/blocks.ts';

/** Statements of an example that make what its queries ask. */
const MAKES = /^\s*(?:CREATE|ALTER)\b/;
/** There is no such table, type or function. */
const NOT_THERE = new Set(['42P01', '42704', '42883']);

/**
 * Checks the queries of the programs in the documentation, against the shop's tables and those that a program makes
 * itself. Of programs that are not run, tables and types may be the reader's own, and so are those of another
 * `search_path`.
 */
export async function checkDocuments(dsn: string): Promise<boolean> {
  await using admin = await connect(dsn);
  await admin.execute('CREATE DATABASE shop_template');
  {
    await using shop = await connect(dsn, { database: 'shop_template' });
    await shop.execute(await readFile(path.join(ROOT, 'docs/shop.sql'), 'utf8'));
  }
  await admin.execute('CREATE DATABASE shop TEMPLATE shop_template');
  await using shop = await Shop.open(dsn, 'shop');
  let queries = 0;
  let errors = 0;
  for (const document of await documents()) {
    for (const block of await blocksOf(document)) {
      const texts = block.use === 'ignore' ? [] : textsOf(block);
      const made = texts.filter(({ text }) => MAKES.test(text));
      queries += texts.length;
      let objections: readonly string[];
      if (made.length === 0) {
        objections = await shop.objections(block, texts);
      } else {
        await admin.execute('CREATE DATABASE shop_of_one TEMPLATE shop_template');
        {
          await using own = await Shop.open(dsn, 'shop_of_one');
          await own.make(made);
          objections = await own.objections(block, texts);
        }
        await admin.execute('DROP DATABASE shop_of_one WITH (FORCE)');
      }
      errors += objections.length;
      for (const each of objections) console.error(each);
    }
  }
  console.log(`${queries} queries of the documentation: ${errors} errors`);
  return errors === 0;
}

interface Text {
  readonly text: string;
  readonly line: number;
}

/** A database with the shop's tables. */
class Shop implements AsyncDisposable {
  readonly #connection: Connection;
  readonly #describer: Describer;

  private constructor(connection: Connection, describer: Describer) {
    this.#connection = connection;
    this.#describer = describer;
  }

  static async open(dsn: string, database: string): Promise<Shop> {
    const address = new URL(dsn);
    address.pathname = `/${database}`;
    const connection = await connect(address.href);
    return new Shop(connection, await Describer.open(address.href, connection));
  }

  async make(texts: readonly Text[]): Promise<void> {
    for (const { text } of texts) {
      const lasting = text.replaceAll(/\bTEMP(?:ORARY)?\b|\bON COMMIT DROP\b/g, '');
      // What another example has to make first is told by the queries that miss it.
      await this.#connection.execute(lasting).catch(() => {});
    }
  }

  async objections(block: Block, texts: readonly Text[]): Promise<string[]> {
    const found: string[] = [];
    const isElsewhere = block.use === 'check' || block.code.includes('search_path');
    for (const { text, line } of texts) {
      const answer = await this.#describer.describe(text);
      if (!isObjection(answer) || isScript(answer)) continue;
      const isOfReader = NOT_THERE.has(answer.code) || block.code.includes('search_path');
      if (isElsewhere && isOfReader) continue;
      found.push(`${block.document}:${block.line + line}: ${answer.code}: ${answer.message}`);
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#describer.close();
    await this.#connection.close();
  }
}

/** Several statements in one text, which cannot be prepared. */
function isScript({ code, position }: Objection): boolean {
  return code === '42601' && position === null;
}

function textsOf({ document, code }: Block): Text[] {
  // A pool whose columns are called otherwise.
  const rename = code.includes('camelCase') ? camelCase.inverse : undefined;
  return findQueries(`${document}.ts`, code, undefined, rename).queries.flatMap((query) =>
    query.variants.map(({ text }) => ({
      text: text.value,
      line: code.slice(0, query.start).split('\n').length - 1,
    })),
  );
}
