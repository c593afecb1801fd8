import { isTrue, nodesOf, numberOf, walk } from '../tree/nodes.ts';
import type { TreeNode, TreeValue } from '../tree/parse-tree.ts';

/** Words that end a list of columns. */
const END =
  /\b(?:SELECT|FROM|INTO|WHERE|GROUP|HAVING|ORDER|LIMIT|UNION|INTERSECT|EXCEPT|WINDOW|FETCH)\b|;/i;

/**
 * What comments in a query say of its columns where nobody can prove it: for the entries of lists of columns
 * that have a comment behind them, `not null` or `null`, whether they may be NULL.
 */
export function assertedNulls(tree: TreeValue, text: string): ReadonlyMap<TreeNode, boolean> {
  const found = new Map<TreeNode, boolean>();
  const comments = commentsOf(text);
  if (comments.length === 0) return found;
  walk(tree, (query) => {
    if (query.tag !== 'QUERY') return true;
    const lists = [query['targetList'], query['returningList']];
    for (const list of lists) {
      const targets = nodesOf(list)
        .filter((target) => !isTrue(target['resjunk']))
        .map((target) => ({ target, ...extentOf(target['expr']) }))
        .filter(({ first }) => first >= 0);
      for (const comment of comments) {
        // The last that begins before the comment; those of `*` all begin in one place, and none is meant.
        const before = targets.filter(({ first }) => first < comment.at);
        const start = Math.max(...before.map(({ first }) => first));
        const nearest = before.filter(({ first }) => first === start);
        const [only] = nearest;
        if (nearest.length !== 1 || only === undefined) continue;
        if (only.last < comment.at && isWithin(comment.bytes, only.last, comment.at)) {
          found.set(only.target, comment.isNullable);
        }
      }
    }
    return true;
  });
  return found;
}

interface Comment {
  /** Where it begins, in bytes. */
  readonly at: number;
  readonly isNullable: boolean;
  readonly bytes: Buffer;
}

function commentsOf(text: string): readonly Comment[] {
  if (!/\/\*\s*(?:not\s+)?null\s*\*\//i.test(text)) return [];
  const comments: Comment[] = [];
  const bytes = Buffer.from(text);
  // Strings, quoted names and other comments are passed over.
  const pattern =
    /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$[\s\S]*?\$\1\$|--[^\n]*|\/\*\s*((?:not\s+)?null)\s*\*\/|\/\*[\s\S]*?\*\//gi;
  for (const match of text.matchAll(pattern)) {
    const said = match[2];
    if (said === undefined) continue;
    const at = Buffer.byteLength(text.slice(0, match.index));
    comments.push({ at, isNullable: !/^not/i.test(said), bytes });
  }
  return comments;
}

/** Whether a list of columns goes on between two places: no word ends it. */
function isWithin(bytes: Buffer, from: number, to: number): boolean {
  let between = bytes
    .subarray(from, to)
    .toString('utf8')
    .replaceAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"/g, '');
  // What is in brackets belongs to the expression, and so does what an open one closes.
  for (let before = ''; before !== between; ) {
    before = between;
    between = between.replaceAll(/\([^()]*\)/g, '');
  }
  return !END.test(between.slice(between.lastIndexOf(')') + 1));
}

/** The first and the last place that an expression's nodes stand at, in bytes; -1 where none is told. */
function extentOf(value: TreeValue | undefined): { first: number; last: number } {
  let first = -1;
  let last = -1;
  walk(value, (node) => {
    const at = numberOf(node['location']);
    if (at >= 0) {
      first = first < 0 ? at : Math.min(first, at);
      last = Math.max(last, at);
    }
    return true;
  });
  return { first, last };
}
