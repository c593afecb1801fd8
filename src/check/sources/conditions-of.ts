import type { Conditions } from './conditions.ts';
import { type Node, unwrapped } from './nodes.ts';

/** A file, and what tells its conditions apart. */
interface Asked {
  readonly source: string;
  conditionOf(node: Node): { text: string; negated: boolean };
  /** What `a && b` tells of each is wanted as well. */
  readonly takesApart?: boolean;
}

/** On what it depends whether the innermost of these nodes is come to, each in the one before. */
export function conditionsOf(path: readonly Node[], asked: Asked): Conditions {
  const found = new Map<string, boolean>();
  for (const [index, node] of path.entries()) {
    const next = path[index + 1];
    if (branchOf(node, next, asked, found)) continue;
    if (/Function|^(?:For|While)|Switch|^Try|^Catch/.test(node.type)) {
      // What is done once, many times or never is there or not, as all that is done there.
      const body = (node['body'] ?? node['consequent'] ?? node['block'] ?? null) as Node | null;
      const end = body !== null && 'start' in body ? body.start : node.start;
      found.set(asked.source.slice(node.start, end).trim() || node.type, true);
    }
  }
  return found;
}

/** The same of what a function returns, which nothing ahead of it has left. */
export function conditionsOfReturn(path: readonly Node[], asked: Asked): Conditions {
  const found = new Map<string, boolean>();
  for (const [index, node] of path.entries()) {
    const next = path[index + 1];
    if (branchOf(node, next, asked, found)) continue;
    if (node.type === 'SwitchStatement') caseOf(node, next, asked, found);
    const statements = (Array.isArray(node['body']) ? node['body'] : []) as readonly Node[];
    for (const each of statements.slice(0, next ? statements.indexOf(next) : 0)) {
      if (each.type !== 'IfStatement' || each['alternate'] || !isLeft(each['consequent'] as Node)) {
        continue;
      }
      note(each['test'] as Node, false, asked, found);
    }
  }
  return found;
}

/** Notes of what is decided here which way leads to the next node. */
function branchOf(
  node: Node,
  next: Node | undefined,
  asked: Asked,
  found: Map<string, boolean>,
): boolean {
  const isIn = (part: unknown): boolean => next !== undefined && part === next;
  if (/^(?:If|Conditional)/.test(node.type) && !isIn(node['test'])) {
    note(node['test'] as Node, isIn(node['consequent']), asked, found);
    return true;
  }
  if (node.type !== 'LogicalExpression' || !isIn(node['right'])) return false;
  note(node['left'] as Node, node['operator'] === '&&', asked, found);
  return true;
}

function note(test: Node, is: boolean, asked: Asked, found: Map<string, boolean>): void {
  const { text, negated } = asked.conditionOf(test);
  found.set(text, is !== negated);
  const parted = unwrapped(test);
  // Of `a && b` that is true both are, and of `a || b` that is not neither is.
  if (asked.takesApart !== true || parted['operator'] !== (is ? '&&' : '||')) return;
  for (const part of [parted['left'], parted['right']]) note(part as Node, is, asked, found);
}

/** Of `switch (key) { case 'a': return … }` that the key is that, and none of the others. */
function caseOf(
  node: Node,
  next: Node | undefined,
  asked: Asked,
  found: Map<string, boolean>,
): void {
  const cases = node['cases'] as readonly Node[];
  const last = next ? cases.indexOf(next) : -1;
  let first = last;
  while (first > 0 && statementsOf(cases[first - 1]).length === 0) first -= 1;
  // One that does not leave goes on in this one.
  if (last < 0 || (first > 0 && !statementsOf(cases[first - 1]).some(isLeft))) return;
  const left = unwrapped(node['discriminant'] as Node);
  const { start, end } = left;
  for (const [index, { test }] of cases.entries()) {
    const isAmong = index >= first && index <= last;
    if (!test || (isAmong && first < last)) continue;
    const same = { type: 'BinaryExpression', operator: '===', left, right: test, start, end };
    found.set(asked.conditionOf(same).text, isAmong);
  }
}

function statementsOf(branch: Node | undefined): readonly Node[] {
  return (branch?.['consequent'] ?? []) as readonly Node[];
}

/** Whether what stands behind a statement is not come to by way of it. */
function isLeft(statement: Node): boolean {
  if (/^(?:Return|Throw|Break|Continue)Statement$/.test(statement.type)) return true;
  const last =
    statement.type === 'BlockStatement' ? (statement['body'] as readonly Node[]).at(-1) : undefined;
  return last !== undefined && isLeft(last);
}
