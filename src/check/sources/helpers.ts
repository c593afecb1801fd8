import {
  type Alternative,
  always,
  cooked,
  inOrder,
  made,
  NotKnown,
  type Part,
  placeOf,
} from './alternatives.ts';
import { isSql } from './is-sql.ts';
import { ofItems } from './list-variants.ts';
import { itemsOf } from './lists.ts';
import type { Located } from './modules.ts';
import { type Node, propertyName, unwrapped } from './nodes.ts';

/** What a value in a template, or in a helper's list, becomes. */
export type FragmentOf = (value: Located) => readonly Alternative[] | NotKnown;

/** The name of the helper in `sql.and(…)`; `sql.json` makes a value. */
export function helperOf({ node, module }: Located): string | null {
  const callee = node['callee'] as Node | undefined;
  if (node.type !== 'CallExpression' || callee?.type !== 'MemberExpression') return null;
  const name = String((callee['property'] as Node)['name']);
  return isSql(module, callee['object'] as Node) && name !== 'json' ? name : null;
}

/** What a call of a helper of `sql` becomes. */
export function ofHelper(call: Located, fragmentOf: FragmentOf): readonly Alternative[] | NotKnown {
  const { node, module } = call;
  const [first, second] = (node['arguments'] as readonly Node[]).map((each) => ({
    node: each,
    module,
  }));
  const found = first === undefined ? null : partsOf(call, first, second, fragmentOf);
  if (found !== null) return found;
  const shown = module.source.slice(node.start, node.end).replaceAll(/\s+/g, ' ');
  return new NotKnown(`${shown} is only known when the program runs`, placeOf(call));
}

/** Null for what only the program knows. */
function partsOf(
  call: Located,
  first: Located,
  second: Located | undefined,
  fragmentOf: FragmentOf,
): readonly Alternative[] | NotKnown | null {
  const text = (value: string): readonly Alternative[] => always(made(value, placeOf(call)));
  const helper = helperOf(call);
  switch (helper) {
    case 'id': {
      const { module } = call;
      const names = (call.node['arguments'] as readonly Node[]).map((node) =>
        textOf({ node, module }),
      );
      return areTexts(names) ? text(names.map(quoted).join('.')) : null;
    }
    case 'raw': {
      const raw = textOf(first);
      return raw === null ? null : text(raw);
    }
    case 'and':
    case 'or': {
      const separator = helper === 'and' ? ') AND (' : ') OR (';
      return ofLists(first, call, (items) =>
        surrounded(items, '((', separator, '))', call, fragmentOf),
      );
    }
    case 'join': {
      const separator = second === undefined ? ', ' : textOf(second);
      if (separator === null) return null;
      return ofLists(first, call, (items) =>
        surrounded(items, '', separator, '', call, fragmentOf),
      );
    }
    case 'set': {
      const properties = propertiesOf(first);
      return properties && inOrder(assignments(properties, call, fragmentOf), call);
    }
    case 'columns': {
      const names = namesOf(first);
      return names && always(...columnList(names, call));
    }
    case 'values':
      return valuesOf(call, first, second, fragmentOf);
    case 'unnest':
      return unnestOf(call, first, second);
    default:
      return null;
  }
}

/** What is made of a list, whose items may each be there or not where they are pushed to it. */
function ofLists(
  list: Located,
  call: Located,
  make: (items: readonly Located[]) => Iterable<readonly Alternative[] | NotKnown>,
): readonly Alternative[] | NotKnown | null {
  const items = itemsOf(list.node, list.module, 'all');
  return items && ofItems(items, call, make);
}

function* surrounded(
  items: readonly Located[],
  before: string,
  between: string,
  after: string,
  call: Located,
  fragmentOf: FragmentOf,
  keyword?: string,
): Generator<readonly Alternative[] | NotKnown> {
  const place = placeOf(call);
  yield always(made(before, place, keyword));
  for (const [index, item] of items.entries()) {
    if (index > 0) yield always(made(between, place));
    yield fragmentOf(item);
  }
  yield always(made(after, place));
}

function* assignments(
  properties: ReadonlyMap<string, Located>,
  call: Located,
  fragmentOf: FragmentOf,
): Generator<readonly Alternative[] | NotKnown> {
  let isFirst = true;
  for (const [name, value] of properties) {
    yield always(isFirst ? made('', placeOf(call), 'SET') : made(', ', placeOf(call)));
    yield always({ is: 'column', name, place: placeOf(value) }, made(' = ', placeOf(value)));
    yield fragmentOf(value);
    isFirst = false;
  }
}

function columnList(names: readonly string[], call: Located): Part[] {
  const place = placeOf(call);
  return names.flatMap((name, index): Part[] => [
    ...(index > 0 ? [made(', ', place)] : []),
    { is: 'column', name, place },
  ]);
}

/** `VALUES ($1, $2), …`: each row that is written out, or one that stands for those that are not. */
function valuesOf(
  call: Located,
  rows: Located,
  columns: Located | undefined,
  fragmentOf: FragmentOf,
): readonly Alternative[] | NotKnown | null {
  const names = columns === undefined ? null : namesOf(columns);
  if (columns !== undefined && names === null) return null;
  const place = placeOf(call);
  const written = allItemsOf(rows) ?? rowsOfMap(rows);
  if (written === null) {
    const row: readonly Part[] =
      names === null
        ? [{ is: 'values-of-columns', place, shown: 'sql.values' }]
        : names.flatMap((_, index): Part[] => [
            ...(index > 0 ? [made(', ', place)] : []),
            { is: 'value', place },
          ]);
    return always(made('(', place, 'VALUES'), ...row, made(')', place));
  }
  const taken = names ?? namesOf(written[0]!, true);
  const lists = written.map((row) => rowOf(row, taken));
  if (!lists.every((each) => each !== null)) return null;
  const items = lists.map((list, index) =>
    inOrder(
      surrounded(
        list,
        index > 0 ? ', (' : '(',
        ', ',
        ')',
        call,
        fragmentOf,
        index > 0 ? undefined : 'VALUES',
      ),
      call,
    ),
  );
  return inOrder(items, call);
}

/** The values of a row in the order of the columns. */
function rowOf(row: Located, names: readonly string[] | null): readonly Located[] | null {
  const list = allItemsOf(row);
  if (list !== null) return list;
  const properties = propertiesOf(row);
  const values = names?.map((name) => properties?.get(name));
  return values?.every((each) => each !== undefined) === true ? values : null;
}

/** The row that a function makes of each item: of `rows.map((row) => […])`. */
function rowsOfMap(rows: Located): readonly Located[] | null {
  const { node, module } = constantOf(rows);
  const callee = node.type === 'CallExpression' ? (node['callee'] as Node) : null;
  const [made] = (node['arguments'] ?? []) as readonly Node[];
  const isMap =
    callee?.type === 'MemberExpression' && (callee['property'] as Node)['name'] === 'map';
  if (!isMap || made === undefined || !/Function/.test(made.type)) return null;
  let body = unwrapped(made['body'] as Node);
  if (body.type === 'BlockStatement' || body.type === 'FunctionBody') {
    const statements = (body['body'] ?? body['statements']) as readonly Node[];
    const [only] = statements;
    if (statements.length !== 1 || only?.type !== 'ReturnStatement' || !only['argument'])
      return null;
    body = unwrapped(only['argument'] as Node);
  }
  return [{ node: body, module }];
}

/** `unnest($1::int4[], …) AS "unnest"("id", …)`. */
function unnestOf(
  call: Located,
  columns: Located,
  types: Located | undefined,
): readonly Alternative[] | null {
  if (types === undefined) return null;
  const byName = propertiesOf(types);
  const inOrderOfColumns = allItemsOf(types);
  const names = namesOf(columns) ?? (byName && [...byName.keys()]);
  const typeNames = names?.map((name, index) => {
    const type = byName?.get(name) ?? inOrderOfColumns?.[index];
    return type === undefined ? null : textOf(type);
  });
  if (names === null || typeNames === undefined || !areTexts(typeNames)) return null;
  const place = placeOf(call);
  return always(
    { is: 'table', place },
    made('unnest(', place),
    ...typeNames.flatMap((type, index): Part[] => [
      ...(index > 0 ? [made(', ', place)] : []),
      { is: 'value', place },
      made(`::${type}[]`, place),
    ]),
    made(') AS "unnest"(', place),
    ...columnList(names, call),
    made(')', place),
    { is: 'table-end', place },
  );
}

/** What an expression stands for, where that is constant; itself where it is not. */
function constantOf({ node, module }: Located): Located {
  const inner = unwrapped(node);
  return module.constant(inner) ?? { node: inner, module };
}

/** The items of a list that is written out, all of which are there in any case. */
function allItemsOf({ node, module }: Located): readonly Located[] | null {
  const items = itemsOf(node, module, 'all');
  return items?.length && items.every(({ when }) => when.size === 0) ? items : null;
}

/** The properties of an object that is written out. */
function propertiesOf(value: Located): ReadonlyMap<string, Located> | null {
  const { node, module } = constantOf(value);
  if (node.type !== 'ObjectExpression') return null;
  const found = new Map<string, Located>();
  for (const each of node['properties'] as readonly Node[]) {
    const name = each.type === 'Property' ? propertyName(each) : null;
    if (name === null) return null;
    found.set(name, { node: each['value'] as Node, module });
  }
  return found.size === 0 ? null : found;
}

/** The names of columns: the keys of an object, or the texts of a list. */
function namesOf(value: Located, isRow = false): readonly string[] | null {
  const properties = propertiesOf(value);
  if (properties !== null) return [...properties.keys()];
  const names = isRow ? null : allItemsOf(value)?.map(textOf);
  return names && areTexts(names) ? names : null;
}

function areTexts(texts: readonly (string | null)[]): texts is readonly string[] {
  return !texts.includes(null);
}

function textOf(value: Located): string | null {
  const { node } = constantOf(value);
  if (node.type === 'Literal' && typeof node['value'] === 'string') return node['value'];
  if (node.type !== 'TemplateLiteral' || (node['expressions'] as readonly Node[]).length > 0) {
    return null;
  }
  return cooked((node['quasis'] as readonly Node[])[0]!);
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
