import {
  type Alternative,
  added,
  always,
  chosen,
  cooked,
  decided,
  inOrder,
  joined,
  made,
  madeNumber,
  NotKnown,
  placeOf,
  startOf,
  textOf,
} from './alternatives.ts';
import type { Binding } from './bindings.ts';
import { ofThisCall } from './calls.ts';
import { functionOf } from './classes.ts';
import { atElement } from './conditions.ts';
import { ofItems } from './list-variants.ts';
import { itemsOf } from './lists.ts';
import type { Located } from './modules.ts';
import { keyOf, type Node, nameOf, unwrapped } from './nodes.ts';
import { numberIn } from './numbers.ts';
import { returnsOf } from './returns.ts';
import { literalsOf } from './type-values.ts';
import { chosenKeyOf, elementsOf, valuesOf } from './written-values.ts';

type Texts = readonly Alternative[] | NotKnown;

/** How far constants that lead to others are followed. */
const DEEPEST = 12;

/** How much is followed for one expression: a name counts one, a call more. */
const MOST_STEPS = 300;
const STEPS_OF_CALL = 15;
let steps = 0;

/** What is given for the parameters of the functions that are being looked into, where that is one text. */
type Given = ReadonlyMap<Binding, readonly Alternative[]>;
let given: Given = new Map();

/** The texts that an expression can be. */
export function textsOf(value: Located): Texts {
  steps = 0;
  given = new Map();
  return follow(value, 0);
}

function follow(value: Located, depth: number): Texts {
  const { module } = value;
  const node = unwrapped(value.node);
  const here: Located = { node, module };
  const of = (each: unknown): Texts => follow({ node: each as Node, module }, depth);
  if (depth > DEEPEST || steps > MOST_STEPS) return notKnown(here);
  switch (node.type) {
    case 'Literal':
      if (typeof node['value'] === 'string') {
        return always(written(node['value'], here, node.start + 1));
      }
      return ofNumber(here);
    case 'TemplateLiteral':
      return inOrder(ofTemplate(here, of), here);
    case 'TaggedTemplateExpression':
      return ofTagged(here, of);
    case 'UnaryExpression':
      return ofNumber(here);
    case 'BinaryExpression':
      return node['operator'] === '+' && numberIn(here) === null
        ? added(of(node['left']), of(node['right']), here)
        : ofNumber(here);
    case 'ConditionalExpression':
      return decided(here, of(node['consequent']), of(node['alternate']));
    case 'LogicalExpression': {
      const [left, right] = [of(node['left']), of(node['right'])];
      if (left instanceof NotKnown)
        return node['operator'] === '&&' ? left : beginningAs(left, right);
      return node['operator'] === '&&' ? right : decided(here, left, right);
    }
    case 'CallExpression':
      return ofCall(here, of, depth);
    case 'AwaitExpression': {
      const awaited = unwrapped(node['argument'] as Node);
      return awaited.type === 'CallExpression'
        ? ofCall({ node: awaited, module }, of, depth, true)
        : follow({ node: awaited, module }, depth + 1);
    }
    default:
      return ofName(here, depth);
  }
}

function ofNumber(here: Located): Texts {
  const number = numberIn(here);
  return number === null ? notKnown(here) : always(madeNumber(number, placeOf(here)));
}

/** How a text begins, as far as it is known. */
export function beginningOf(texts: Texts): string {
  return texts instanceof NotKnown ? texts.before : textOf(texts[0]);
}

function notKnown({ node, module }: Located, before = ''): NotKnown {
  const shown = module.source.slice(node.start, node.end);
  return new NotKnown(
    `${shown} is not known before the program runs`,
    placeOf({ node, module }),
    before,
  );
}

function beginningAs({ reason, place }: NotKnown, other: Texts): NotKnown {
  return new NotKnown(reason, place, beginningOf(other));
}

function written(text: string, at: Located, offset: number): Alternative['parts'][number] {
  return { is: 'text', text, place: placeOf(at, offset), isWritten: true };
}

function* ofTemplate({ node, module }: Located, of: (node: unknown) => Texts): Generator<Texts> {
  const expressions = node['expressions'] as readonly Node[];
  for (const [index, quasi] of (node['quasis'] as readonly Node[]).entries()) {
    yield always(written(cooked(quasi), { node, module }, startOf(quasi, module.source)));
    if (expressions[index] !== undefined) yield of(expressions[index]);
  }
}

/** `String.raw` leaves backslashes; what another tag makes of a text is not known. */
function ofTagged(here: Located, of: (node: unknown) => Texts): Texts {
  const { node, module } = here;
  const tag = unwrapped(node['tag'] as Node);
  const quasi = node['quasi'] as Node;
  const isRaw = tag.type === 'MemberExpression' && nameOf(tag['object']) === 'String';
  const whole = of(quasi);
  const hasEscapes = (quasi['quasis'] as readonly Node[]).some((each) =>
    (each['value'] as { raw: string }).raw.includes('\\'),
  );
  if (isRaw && !hasEscapes) return whole;
  // What it begins with tells whether it is meant to be a query.
  const [first] = quasi['quasis'] as readonly Node[];
  return notKnown({ node, module }, first === undefined ? '' : cooked(first));
}

function ofCall(
  here: Located,
  of: (node: unknown) => Texts,
  depth: number,
  isAwaited = false,
): Texts {
  const { node, module } = here;
  const callee = unwrapped(node['callee'] as Node);
  const args = node['arguments'] as readonly Node[];
  const called = functionOf(module, callee);
  const isLater = called !== null && called.node['async'] === true;
  if (called !== null && (isAwaited || !isLater) && called.node['generator'] !== true) {
    steps += STEPS_OF_CALL;
    const outer = given;
    given = new Map([...outer, ...givenIn(called, args, of)]);
    const all = returnsOf(called).map(({ node: each, when }) => {
      // What an async function returns is awaited as well.
      const inner = { node: isLater ? awaited(each) : each, module: called.module };
      const texts = follow(inner, depth + 1);
      return texts instanceof NotKnown ? texts : joined([{ parts: [], when }], texts);
    });
    given = outer;
    const [one, ...others] = all;
    if (one === undefined) return notKnown(here);
    const unknown = all.find((each) => each instanceof NotKnown);
    if (unknown instanceof NotKnown) return beginningAs(unknown, one);
    const own = (all as (readonly Alternative[])[]).map((each) => ofThisCall(each, called, here));
    return others.length === 0 ? own[0]! : chosen(own.map((each, i) => [returns(here, i), each]));
  }
  if (callee.type !== 'MemberExpression') return notKnown(here);
  const object = unwrapped(callee['object'] as Node);
  switch (keyOf(callee)) {
    case 'trim':
    case 'trimStart':
    case 'trimEnd':
      return of(object);
    case 'concat':
      return inOrder([object, ...args].map(of), here);
    case 'get':
      return ofName(here, depth);
    case 'join': {
      const items = itemsOf(object, module, 'all');
      const [separator] = args;
      if (items === null) break;
      if (items.some(({ isRepeated }) => isRepeated)) break;
      const texts = ofItems(items, here, (there) =>
        there.flatMap((item, index) => {
          const text = follow(item, depth + 1);
          const between = separator ? of(separator) : always(made(',', placeOf(here)));
          return index === 0 ? [text] : [between, text];
        }),
      );
      if (texts !== null) return texts;
      break;
    }
    default:
  }
  return notKnown(here, beginningOf(of(object)));
}

/** What a call gives for parameters: `FROM ${table}` of `from('users')`. What may be one of several stays what the type says. */
function givenIn(
  made: Located,
  args: readonly Node[],
  of: (node: unknown) => Texts,
): [Binding, readonly Alternative[]][] {
  return (made.node['params'] as readonly Node[]).flatMap((param, index) => {
    const target = param.type === 'AssignmentPattern' ? (param['left'] as Node) : param;
    const own = target.type === 'Identifier' ? made.module.binding(target) : undefined;
    const isSpread = args.slice(0, index + 1).some(({ type }) => type === 'SpreadElement');
    const isWritten = own && own.values.length > (own.fallback === null ? 1 : 2);
    const arg = args[index];
    if (own === undefined || isSpread || isWritten || arg === undefined) return [];
    const texts = of(arg);
    const isOne = !(texts instanceof NotKnown) && texts.length === 1 && texts[0]!.when.size === 0;
    return isOne ? [[own, texts]] : [];
  });
}

/** That a call comes to one of those that its function returns. */
function returns({ node, module }: Located, index: number): string {
  return `${module.source.slice(node.start, node.end).replaceAll(/\s+/g, ' ')} === 'return ${index + 1}'`;
}

function awaited(argument: Node): Node {
  return { type: 'AwaitExpression', argument, start: argument.start, end: argument.end };
}

/** What a name or a property stands for: a constant, one of the values of its type or of a constant object. */
function ofName(here: Located, depth: number): Texts {
  steps += 1;
  const { node, module } = here;
  const own = node.type === 'Identifier' && given.size > 0 ? module.binding(node) : undefined;
  const known = own && given.get(own);
  if (known !== undefined) return known;
  const constant = module.constant(node);
  if (constant !== null && constant.node !== node) return follow(constant, depth + 1);
  const literals = literalsOf(node, module);
  const elements = literals === null ? elementsOf(node, module) : null;
  const choices = literals ?? (elements === null ? valuesOf(node, module) : null);
  const all: [string, readonly Alternative[]][] = [];
  for (const [value, located] of choices ?? []) {
    const texts =
      located === null ? always(made(value, placeOf(here))) : follow(located, depth + 1);
    if (texts instanceof NotKnown) return texts;
    const key = located === null ? node : chosenKeyOf(node)!;
    all.push([`${module.source.slice(key.start, key.end)} === '${value}'`, texts]);
  }
  for (const [index, located] of (elements?.values ?? []).entries()) {
    const texts = follow(located, depth + 1);
    if (texts instanceof NotKnown) return texts;
    const { start, end } = elements!.list;
    all.push([atElement(module.source.slice(start, end), index, start), texts]);
  }
  const key = chosenKeyOf(node);
  // A map's key that is written there decides alone.
  if (all.length === 1 && key?.type === 'Literal') return all[0]![1];
  return all.length === 0 ? notKnown(here) : chosen(all);
}
