import {
  type Alternative,
  always,
  chosen,
  cooked,
  decided,
  inOrder,
  NotKnown,
  placeOf,
  startOf,
} from './alternatives.ts';
import { helperOf, ofHelper } from './helpers.ts';
import { isSql } from './is-sql.ts';
import { makesFragment } from './makes-fragment.ts';
import type { Located } from './modules.ts';
import { type Node, unwrapped } from './nodes.ts';
import { chosenKeyOf, valuesOf } from './written-values.ts';

/** The texts that a `sql` template can have, by the fragments in it. */
export function alternativesOf(
  template: Located,
  isOutermost = true,
): readonly Alternative[] | NotKnown {
  return inOrder(partsOf(template, isOutermost), template);
}

/** The texts of what a helper makes that is a query by itself: `sql.join([…])`, `sql.raw('…')`. */
export function alternativesOfHelper(call: Located): readonly Alternative[] | NotKnown {
  return ofHelper(call, (each) => ofValue(each));
}

function* partsOf(
  { node, module }: Located,
  isOutermost: boolean,
): Generator<readonly Alternative[] | NotKnown> {
  const quasi = node['quasi'] as Node;
  const expressions = quasi['expressions'] as readonly Node[];
  for (const [index, part] of (quasi['quasis'] as readonly Node[]).entries()) {
    const place = placeOf({ node: part, module }, startOf(part, module.source));
    yield always({ is: 'text', text: cooked(part), place, isWritten: true });
    const expression = expressions[index];
    if (expression !== undefined) {
      yield ofValue({ node: expression, module }, isOutermost ? index : undefined);
    }
  }
}

/** What an interpolated expression becomes: a fragment's text, or a parameter. */
function ofValue(value: Located, hole?: number): readonly Alternative[] | NotKnown {
  const node = unwrapped(value.node);
  const here = { node, module: value.module };
  if (!mayBeFragment(here)) {
    return always({ is: 'value', place: placeOf(here), ...(hole !== undefined && { hole }) });
  }
  if (node.type === 'TaggedTemplateExpression') return alternativesOf(here, false);
  if (node.type === 'ConditionalExpression') {
    const { module } = value;
    const [one, other] = [node['consequent'], node['alternate']].map((each) =>
      ofValue({ node: each as Node, module }),
    );
    return decided(here, one!, other!);
  }
  const constant = value.module.constant(node);
  if (constant !== null) return ofValue(constant);
  const choices = choicesOf(here);
  if (choices !== null) return ofChoices(here, choices);
  if (helperOf(here) === null) {
    const shown = here.module.source.slice(node.start, node.end).replaceAll(/\s+/g, ' ');
    return new NotKnown(`${shown} is a fragment that only the program knows`, placeOf(here));
  }
  return ofHelper(here, (each) => ofValue(each));
}

/** The fragments among which a key chooses, `{ a: sql`…`, b: sql`…` }[key]`, by the key. */
function choicesOf({ node, module }: Located): ReadonlyMap<string, Located> | null {
  const choices = valuesOf(node, module);
  return choices && [...choices.values()].every(mayBeFragment) ? choices : null;
}

function ofChoices(
  { node, module }: Located,
  choices: ReadonlyMap<string, Located>,
): readonly Alternative[] | NotKnown {
  const key = chosenKeyOf(node)!;
  const shown = module.source.slice(key.start, key.end);
  const all: [string, readonly Alternative[]][] = [];
  for (const [name, value] of choices) {
    const found = ofValue(value);
    if (found instanceof NotKnown) return found;
    all.push([`${shown} === '${name}'`, found]);
  }
  return chosen(all);
}

export function isTemplate({ node, module }: Located): boolean {
  return node.type === 'TaggedTemplateExpression' && isSql(module, node['tag'] as Node);
}

function mayBeFragment({ node, module }: Located): boolean {
  const inner = unwrapped(node);
  if (isTemplate({ node: inner, module })) return true;
  if (inner.type === 'ConditionalExpression') {
    return [inner['consequent'], inner['alternate']].some((each) =>
      mayBeFragment({ node: each as Node, module }),
    );
  }
  const constant = module.constant(inner);
  if (constant !== null && constant.node !== inner) return mayBeFragment(constant);
  const here = { node: inner, module };
  return helperOf(here) !== null || choicesOf(here) !== null || makesFragment(here);
}
