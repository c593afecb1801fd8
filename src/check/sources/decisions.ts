import { type Alternative, joined } from './alternatives.ts';
import type { Conditions } from './conditions.ts';
import { conditionsOfReturn } from './conditions-of.ts';
import type { Module } from './modules.ts';
import { conditionOf, type Node, nameOf, visit } from './nodes.ts';

/** What asks for another thing each time, or changes it. */
const CHANGING = /^(?:Call|New|Await|Yield|Assignment|Update|Import)Expression$/;

export const NOTHING_DECIDED: Conditions = new Map();

/**
 * What is decided where a query is given, in its function: behind `if (order === 'none') return …` that it is
 * another one. The compiler goes by that as well.
 *
 * @param path the nodes around the call, and the call
 */
export function decidedAt(path: readonly Node[], module: Module): Conditions {
  const own = path.slice(path.findLastIndex(({ type }) => /Function(?!Body)/.test(type)) + 1);
  const at = own.at(-1)!;
  const { source } = module;
  return conditionsOfReturn(own, {
    source,
    conditionOf: (test) => {
      const { text, negated } = conditionOf(test, source);
      return { text: isSame(test, at, module) ? text : `${text}\0${test.start}\0`, negated };
    },
    takesApart: true,
  });
}

/** The same, and how the condition of `test ? a : b` is decided. */
export function withTest(when: Conditions, test: Node, is: boolean, module: Module): Conditions {
  if (!isSame(test, test, module)) return when;
  const { text, negated } = conditionOf(test, module.source);
  return new Map([...when, [text, is !== negated]]);
}

/** Whether an expression is the same anywhere: its names stand for the same where they are asked, and nothing writes to them. */
function isSame(test: Node, at: Node, module: Module): boolean {
  if (module.bindings.isWritten(test)) return false;
  let isConstant = true;
  visit(test, (node) => {
    const isOther =
      node.type === 'Identifier' && module.binding(node) !== module.bindings.find(nameOf(node), at);
    if (isOther || CHANGING.test(node.type)) isConstant = false;
  });
  return isConstant;
}

/** The alternatives, those marked that cannot be by what is decided. Where none could be, nothing is known of that. */
export function ruledOut(all: readonly Alternative[], when: Conditions): readonly Alternative[] {
  if (when.size === 0) return all;
  const decided = all.map((each): Alternative => {
    const [one] = joined([{ parts: [], when }], [each]);
    return one?.cannotBe === true ? { ...each, cannotBe: true } : each;
  });
  return decided.every(({ cannotBe }) => cannotBe === true) ? all : decided;
}
