import { cooked } from './alternatives.ts';
import { isSql } from './is-sql.ts';
import type { Module } from './modules.ts';
import { keyOf, type Node, nameOf, unwrapped, visit } from './nodes.ts';

/** A text in a source that is a query, as far as one can see. */
export interface WrittenStatement {
  readonly start: number;
  readonly end: number;
  /** What is written between the expressions in it. */
  readonly parts: readonly string[];
}

/** Whole queries: words of SQL are words of English as well. */
const STATEMENT =
  /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/|\()*(?:SELECT\s[\s\S]*\sFROM\s|SELECT\s+[\w.]+\(|INSERT\s+INTO\s|UPDATE\s+(?:ONLY\s+)?[\w."$?]+(?:\s+(?:AS\s+)?\w+)?\s+SET\s|DELETE\s+FROM\s|MERGE\s+INTO\s|WITH\s+(?:RECURSIVE\s+)?[\w"]+(?:\s*\([^)]*\))?\s+AS\s+(?:(?:NOT\s+)?MATERIALIZED\s+)?\()/i;

/** In lower case it is SQL if it has an argument. */
const CAPITALS = /\b(?:SELECT|INSERT|UPDATE|DELETE|MERGE|WITH)\s/;
const ARGUMENT = /\$\d/;

/** Packages that queries are sent by as well, which are not the driver's. */
const OTHER_DRIVERS =
  /^(?:pg|postgres|mysql2?|sqlite3?|better-sqlite3|(?:bun|node):sqlite|knex|kysely|drizzle-orm|typeorm|sequelize|slonik|pg-promise|@(?:prisma|mikro-orm|vercel\/postgres|neondatabase|libsql)|(?:@asyncpg\/|asyncpg\/)(?:pg|kysely|drizzle|prisma))(?:\/|$)/;

/** Functions that are given what is shown, or looked for in what is. */
const SHOWN =
  /^(?:log|debug|info|warn|error|trace|describe|it|test|expect|to[A-Z]\w*|(?:not)?[sS]trictEqual|(?:not)?[eE]qual|match|Error)$/;

/** The same, of methods. A function of such a name is the program's own, and may execute what it is given. */
const SHOWN_BY_METHOD = /^(?:each|includes|startsWith|endsWith|replace|replaceAll|split|indexOf)$/;

/** The queries that are written in a module, whatever is done with them. */
export function writtenStatements(module: Module): readonly WrittenStatement[] {
  const isOfOther = [...module.links.imports.values()].some(({ from }) => OTHER_DRIVERS.test(from));
  if (isOfOther) return [];
  const found: WrittenStatement[] = [];
  visit(module.program, (node, around) => {
    const parts = partsOf(node);
    if (parts === null || isShown(node, around) || isOfOtherTag(node, around, module)) return;
    const whole = parts.join('?');
    if (!STATEMENT.test(whole) || !(CAPITALS.test(whole) || ARGUMENT.test(whole))) return;
    found.push({ start: node.start, end: node.end, parts });
  });
  return found;
}

function partsOf(node: Node): readonly string[] | null {
  if (node.type === 'TemplateLiteral') return (node['quasis'] as readonly Node[]).map(cooked);
  return node.type === 'Literal' && typeof node['value'] === 'string' ? [node['value']] : null;
}

/** Whether a text is in what a function is given that shows it, or is a type. */
function isShown(node: Node, around: readonly Node[]): boolean {
  if (around.at(-1)?.type === 'TSLiteralType') return true;
  const inner = around.slice(around.findLastIndex(({ type }) => /Function/.test(type)) + 1);
  const call = inner.findLast(({ type }) => /^(?:Call|New)Expression$/.test(type));
  const callee = call && unwrapped(call['callee'] as Node);
  if (!callee || callee === node) return false;
  const isMethod = callee.type === 'MemberExpression';
  const name = (isMethod ? keyOf(callee) : nameOf(callee)) ?? '';
  return SHOWN.test(name) || name.endsWith('Error') || (isMethod && SHOWN_BY_METHOD.test(name));
}

/** Whether another tag than the driver's makes something of a template. */
function isOfOtherTag(node: Node, around: readonly Node[], module: Module): boolean {
  const outer = around.at(-1);
  if (outer?.type !== 'TaggedTemplateExpression' || outer['quasi'] !== node) return false;
  return !isSql(module, outer['tag'] as Node);
}
