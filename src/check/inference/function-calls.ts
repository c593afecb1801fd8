import { isTrue, listOf, nodesOf, numberOf, walk } from '../tree/nodes.ts';
import type { TreeNode, TreeValue } from '../tree/parse-tree.ts';
import {
  COUNTS,
  FIELDS_OF_INFINITE,
  NOT_NULL_OF_ROWS,
  NOT_NULL_OF_VALUES,
  NULL_BY_ARGUMENTS,
  RANKS,
  SETS_WITHOUT_NULL,
} from './calls.ts';
import type { Catalog, KnownFunction } from './catalog.ts';
import { constantText } from './constants.ts';
import { functionOf } from './facts.ts';
import type { Inference } from './inference.ts';
import { NEVER_NULL } from './never-null/never-null.ts';
import type { Scope } from './scope.ts';

/** `void`: the driver makes it null. */
const VOID = '2278';
const BOOLEAN = '16';

export function isOfServer({ schema }: KnownFunction): boolean {
  return schema === 'pg_catalog';
}

/** Whether an operator's function gives NULL for NULL only. */
export function isNullForNullOnly(node: TreeNode, catalog: Catalog): boolean {
  const known = functionOf(node, catalog);
  if (known === undefined || !known.isStrict) return false;
  return known.language === 'internal' ? NEVER_NULL.has(known.source) : isOfIndexes(known);
}

/** An operator of an extension's type that indexes are searched by: these must not give NULL for values. */
function isOfIndexes(known: KnownFunction): boolean {
  return known.language === 'c' && known.isIndexOperator;
}

/**
 * The arguments of a call in the order of the function's parameters, and defaults in place of those that
 * were left out. `f(b => 1)` has them in the order of the call.
 */
function argumentsOf(node: TreeNode, known: KnownFunction): readonly TreeValue[] {
  const args = [...listOf(node['args'])];
  const firstNamed = args.findIndex((each) => isNamed(each));
  if (firstNamed < 0 && args.length >= known.argumentCount) return args;
  const given: TreeValue[] = firstNamed < 0 ? args : args.slice(0, firstNamed);
  for (const each of firstNamed < 0 ? [] : nodesOf(args.slice(firstNamed))) {
    given[numberOf(each['argnumber'])] = each['arg'] ?? null;
  }
  const firstDefault = known.argumentCount - known.defaults.length;
  for (let index = 0; index < known.argumentCount; index += 1) {
    given[index] ??= known.defaults[index - firstDefault] ?? null;
  }
  return given;
}

function isNamed(value: TreeValue): boolean {
  return (
    typeof value === 'object' && value !== null && 'tag' in value && value.tag === 'NAMEDARGEXPR'
  );
}

/** Whether the call of a function or an operator may give NULL. */
export function isNullableCall(node: TreeNode, scope: Scope, inference: Inference): boolean {
  const known = functionOf(node, inference.catalog);
  if (known === undefined || node['funcresulttype'] === VOID) return true;
  const args = argumentsOf(node, known);
  const any = (): boolean => args.some((each) => inference.isNullable(each, scope));
  if (known.returnsSet) {
    // Of two sets side by side the shorter one is filled up with NULLs.
    const isAlone = countSets(scope.query) === 1;
    return !isAlone || !isOfServer(known) || !SETS_WITHOUT_NULL.has(known.name) || any();
  }
  if (known.language === 'internal') {
    const deciding = NULL_BY_ARGUMENTS[known.source];
    if (deciding !== undefined && !isTrue(node['funcvariadic'])) {
      const isNullByThese = deciding.some((index) => inference.isNullable(args[index], scope));
      return isNullByThese || (known.isStrict && any());
    }
    const isNeverNull =
      NEVER_NULL.has(known.source) ||
      FIELDS_OF_INFINITE[known.source]?.test(constantText(args[0]) ?? '');
    return !isNeverNull || (known.isStrict && any());
  }
  if (known.body !== null) {
    const nulls = args.map((each) => inference.isNullable(each, scope));
    return (known.isStrict && nulls.includes(true)) || inference.body(known.body, nulls);
  }
  return !(known.isStrict && isOfIndexes(known) && node['opresulttype'] === BOOLEAN) || any();
}

/** How many sets a query makes in its list of columns. */
function countSets(query: TreeNode): number {
  let count = 0;
  walk(query['targetList'], (node) => {
    if (isTrue(node['funcretset']) || isTrue(node['opretset'])) count += 1;
    return node.tag !== 'QUERY';
  });
  return count;
}

/** Whether an aggregate may be NULL. */
export function isNullableAggregate(
  node: TreeNode,
  oid: number,
  scope: Scope,
  inference: Inference,
  isWindow = false,
): boolean {
  const known = inference.catalog.functionOf(oid);
  if (known === undefined || !isOfServer(known)) return true;
  if (COUNTS.has(known.name)) return false;
  const groups = nodesOf(scope.query['groupClause']).length > 0;
  const hasRows = isWindow || (groups && nodesOf(scope.query['groupingSets']).length === 0);
  if (!hasRows || (node['aggfilter'] ?? null) !== null) return true;
  if (numberOf(node['agglevelsup'] ?? '0') !== 0) return true;
  if (NOT_NULL_OF_ROWS.has(known.name)) return false;
  if (!NOT_NULL_OF_VALUES.has(known.name)) return true;
  const args = nodesOf(node['args']).map((each) => each['expr'] ?? each);
  const deciding = known.name === 'string_agg' ? args.slice(0, 1) : args;
  return [...deciding, ...listOf(node['aggdirectargs'])].some((each) =>
    inference.isNullable(each, scope),
  );
}

/** Whether a function over a window may be NULL. */
export function isNullableOverWindow(node: TreeNode, scope: Scope, inference: Inference): boolean {
  const oid = numberOf(node['winfnoid']);
  const known = inference.catalog.functionOf(oid);
  if (known === undefined || !isOfServer(known)) return true;
  if (RANKS.has(known.name) || COUNTS.has(known.name)) return false;
  const args = listOf(node['args']);
  const windows = nodesOf(scope.query['windowClause']);
  const clause = windows.find((each) => each['winref'] === node['winref']);
  if (clause === undefined || (node['aggfilter'] ?? null) !== null) return true;
  // They are of other rows: what a CASE around them has found of this row is nothing to those.
  const isOfAllArguments = args.some((each) =>
    inference.isNullable(each, scope.ofAllRows ?? scope),
  );
  switch (known.name) {
    case 'ntile':
      return isOfAllArguments;
    case 'lag':
    case 'lead':
      return args.length < 3 || isOfAllArguments;
    default:
      if (!frameHasCurrentRow(numberOf(clause['frameOptions']))) return true;
      if (known.name === 'first_value' || known.name === 'last_value') return isOfAllArguments;
      return !known.isAggregate || isNullableAggregate(node, oid, scope, inference, true);
  }
}

/** Whether a window's frame has the current row for certain: nothing is excluded, both ends enclose it. */
function frameHasCurrentRow(options: number): boolean {
  const EXCLUSIONS = 0x1_8000;
  const STARTS_BEFORE = 0x0_0020 | 0x0_0200 | 0x0_0800;
  const ENDS_BEHIND = 0x0_0100 | 0x0_0400 | 0x0_4000;
  return (
    (options & EXCLUSIONS) === 0 && (options & STARTS_BEFORE) !== 0 && (options & ENDS_BEHIND) !== 0
  );
}
