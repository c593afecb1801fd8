import type { Alternative } from './alternatives.ts';
import { afterChanges, inCall } from './conditions.ts';
import type { Located, Module } from './modules.ts';
import { type Node, unwrapped, visit } from './nodes.ts';
import { namesIn } from './patterns.ts';

/** What a function returns, in one call of it: a parameter is what that gives for it. */
export function ofThisCall(
  all: readonly Alternative[],
  called: Located,
  { node, module }: Located,
): readonly Alternative[] {
  const given = givenBy(called, { node, module });
  const call = module.source.slice(node.start, node.end);
  return all.map((each) => {
    const when = new Map<string, boolean>();
    let { cannotBe } = each;
    for (const [condition, is] of each.when) {
      const { text, isKnown } = put(given, condition);
      const own = isKnown ? text : inCall(text, call);
      if ((decidedBy(own) ?? when.get(own) ?? is) !== is) cannotBe = true;
      if (decidedBy(own) === null) when.set(own, is);
    }
    return { ...each, when, ...(cannotBe === true && { cannotBe }) };
  });
}

/** By the names in a function what a call gives for them, as it is written; null where that is more than a name or a constant. */
type Given = ReadonlyMap<string, Shown | null>;

interface Shown {
  readonly text: string;
  /** How often there was written to it ahead of the call. */
  readonly changes: number;
}

function givenBy(called: Located, { node, module }: Located): Given {
  const given = new Map<string, Shown | null>();
  const args = node['arguments'] as readonly Node[];
  const first = args.findIndex(({ type }) => type === 'SpreadElement');
  const shown = (value: Node, at: Module): Shown | null => {
    if (value.type === 'Literal' && typeof value['value'] === 'string') {
      return { text: `'${value['value']}'`, changes: 0 };
    }
    const text = at.source.slice(value.start, value.end);
    const isPlain = CONSTANT.test(text) || PATH.test(text);
    return isPlain ? { text, changes: at.bindings.changesBefore(value) } : null;
  };
  for (const [index, param] of (called.node['params'] as readonly Node[]).entries()) {
    const fallback = param.type === 'AssignmentPattern' ? (param['right'] as Node) : null;
    const target = fallback === null ? param : (param['left'] as Node);
    const arg = first < 0 || index < first ? args[index] : undefined;
    let own: Shown | null = null;
    if (target.type === 'Identifier' && !isWritten(called, target, fallback)) {
      if (arg !== undefined) own = shown(unwrapped(arg), module);
      else if (first < 0) own = fallback ? shown(fallback, called.module) : UNDEFINED;
      // A name may stand for nothing, for which the parameter's own value comes.
      if (fallback && arg !== undefined && own !== null && !CONSTANT.test(own.text)) own = null;
    }
    for (const name of namesIn(target)) given.set(name, own);
  }
  const callee = unwrapped(node['callee'] as Node);
  if (callee.type === 'MemberExpression') {
    const object = unwrapped(callee['object'] as Node);
    given.set('this', object.type === 'Super' ? THIS : shown(object, module));
  }
  // What is made of a parameter differs between calls as that does; another name of its own is not the caller's.
  const differing = new Set(given.keys());
  const shownCallee = module.source.slice(callee.start, callee.end);
  visit(called.node['body'] as Node, ({ type, id, init }) => {
    if (type !== 'VariableDeclarator' || !init) return;
    const { start, end } = init as Node;
    const words = wordsOf(called.module.source.slice(start, end));
    const differs = words.some((each) => differing.has(each));
    for (const name of namesIn(id as Node)) {
      if (differs) differing.add(name);
      given.set(name, differs ? null : { text: `${shownCallee}().${name}`, changes: 0 });
    }
  });
  return given;
}

const UNDEFINED: Shown = { text: 'undefined', changes: 0 };
const THIS: Shown = { text: 'this', changes: 0 };

function isWritten({ module }: Located, param: Node, fallback: Node | null): boolean {
  const values = module.binding(param)?.values ?? [];
  return values.length > (fallback === null ? 1 : 2);
}

/** Names and properties, texts in quotation marks. */
const WORDS = /'[^']*'|"[^"]*"|`[^`]*`|\.?[\p{L}_$][\p{L}\p{N}_$]*/gu;

function wordsOf(text: string): string[] {
  return text.match(WORDS) ?? [];
}

/** A condition with what is given for the names in it. */
function put(given: Given, condition: string): { text: string; isKnown: boolean } {
  let isKnown = true;
  const changed = new Map<string, number>();
  const text = condition.replaceAll(WORDS, (word) => {
    const own = given.get(word);
    if (own === null) isKnown = false;
    else if (own !== undefined) changed.set(own.text, own.changes);
    return own?.text ?? word;
  });
  const changes = [...changed.values()].reduce((sum, each) => sum + each, 0);
  return { text: afterChanges(text, changes), isKnown };
}

const PATH = /^[\p{L}_$][\p{L}\p{N}_$]*(?:\.[\p{L}_$][\p{L}\p{N}_$]*)*$/u;
const CONSTANT = /^(?:'[^']*'|-?\d+|true|false|null|undefined)$/;
const FALSE = /^(?:''|-?0+|false|null|undefined)$/;

/** What a condition of constants comes to; null for any other. */
function decidedBy(condition: string): boolean | null {
  const [left = '', right, ...others] = condition.split(' === ');
  if (!CONSTANT.test(left) || others.length > 0) return null;
  if (right === undefined) return !FALSE.test(left);
  return CONSTANT.test(right) ? left === right : null;
}
