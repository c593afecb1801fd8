import { afterChanges } from './conditions.ts';
import { conditionsOf } from './conditions-of.ts';
import { listOfLoop, outermost, propertyOf } from './made-nodes.ts';
import { conditionOf, keyOf, type Node, nameOf, propertyName, unwrapped, visit } from './nodes.ts';
import { type DeclaredType, partsOf } from './patterns.ts';
import { innermost, isAround } from './scopes.ts';
import { annotationOf, Types } from './types.ts';
import { Writes } from './writes.ts';

/** What a name stands for in one part of a file. */
export interface Binding {
  /** What it always is: of a `const`, an enum, a class, a function. Null for a parameter and for what may change. */
  readonly constant: Node | null;
  /** The same of a variable as it is at first, which may change. */
  readonly initial: Node | null;
  /** All that it is given, null for what is not told, as of a parameter. */
  readonly values: readonly (Node | null)[];
  /** The type that it is declared with. */
  readonly type: DeclaredType | null;
  /** The list that it goes through, of the variable of `for (… of …)` and of a function of `map`. */
  readonly each: Element | null;
  /** What it is where nothing is given, of a parameter. */
  readonly fallback: Node | null;
  /** What it is a part of: the list that a loop or a function of `map` goes through, or what a pattern takes apart. */
  readonly within: Node | null;
  /** What is pushed to the array that it is. */
  readonly added: readonly Added[];
  /** Whether something else is written to in the array or object that it is. */
  readonly isChanged: boolean;
  /** The node that it is known in. */
  readonly scope: Node;
}

interface Declared {
  constant: Node | null;
  readonly initial: Node | null;
  readonly values: (Node | null)[];
  readonly type: DeclaredType | null;
  /** The node that it is known in. */
  readonly scope: Node;
  readonly each: Element | null;
  readonly fallback: Node | null;
  readonly within: Node | null;
  readonly added: Added[];
  isChanged: boolean;
}

/** An element of a list, or a part of it: of `for (const [, { text }] of list)` what is at `1` and `text`. */
interface Element {
  readonly list: Node;
  readonly keys: readonly Node[];
  /** A function is given it: of `list.forEach((element) => …)`. */
  readonly isGiven: boolean;
}

/** What is pushed to an array, and by what conditions: `if (name) parts.push(…)`. */
interface Added {
  readonly node: Node;
  /** It comes ahead of what is there: `parts.unshift(…)`. */
  readonly isInFront: boolean;
  readonly when: ReadonlyMap<string, boolean>;
  /** In a loop, or by a function: once, many times or never. */
  readonly isRepeated: boolean;
}

const BLOCK =
  /Function|^(?:Program|BlockStatement|StaticBlock|For\w*Statement|SwitchStatement|CatchClause|TSModuleBlock)$/;
const BODY = /Function|^(?:Program|StaticBlock|TSModuleBlock)$/;

interface Adding {
  readonly args: readonly Node[];
  /** The nodes around it, and the call. */
  readonly path: readonly Node[];
  readonly isInFront: boolean;
}

/** Methods of an array that call a function with each element. */
const THROUGH = /^(?:map|forEach|flatMap|filter|some|every|find(?:Last)?(?:Index)?)$/;

/** What is done once, many times or never. */
const REPEATED = /Function|^(?:For\w*|While|DoWhile)Statement$/;

/** What a class, or an object of it, has by a name. */
interface Member {
  /** What it is at first. */
  readonly value: Node | null;
  readonly type: Node | null;
}

/** The names of a file, each where it is known: the inner one of two hides the other. */
export class Bindings {
  readonly #declared = new Map<string, Declared[]>();
  readonly types = new Types();
  /** The namespaces that add to a declaration. */
  readonly #additions = new Map<Node, readonly Node[]>();
  /** The outer one of two ahead of the inner one. */
  readonly #classes: Node[] = [];
  readonly #functions: Node[] = [];
  readonly #program: Node;
  readonly source: string;
  readonly #writes: Writes;

  constructor(program: Node, source: string) {
    this.#program = program;
    this.source = source;
    this.#writes = new Writes(source, (name, at) => this.#at(name, at));
    const assignments: Node[] = [];
    const calls: { call: Node; around: readonly Node[] }[] = [];
    const others: { node: Node; scope: Node }[] = [];
    visit(program, (node, around) => {
      this.#declare(node, around);
      const scope = around.findLast(({ type }) => BLOCK.test(type)) ?? program;
      if (node.type === 'TSModuleDeclaration') others.push({ node: outermost(node), scope });
      if (node.type === 'TSDeclareFunction') others.push({ node, scope });
      if (/^Class(?:Declaration|Expression)$/.test(node.type)) this.#classes.push(node);
      if (/Function(?!Body)/.test(node.type)) this.#functions.push(node);
      if (node.type === 'AssignmentExpression') assignments.push(node);
      this.#writes.note(node);
      if (node.type === 'CallExpression') calls.push({ call: node, around: [...around] });
    });
    for (const { node, scope } of others) {
      const id = (node['id'] ?? null) as Node | null;
      if (id?.type !== 'Identifier') continue;
      // A namespace that adds to a class, a function, an enum or another one has the name of that, and so has an overload.
      const known = this.#declared.get(nameOf(id))?.find((each) => each.scope === scope);
      if (known === undefined) this.#bind(id, scope, [node], node);
      else if (known.constant && node.type === 'TSModuleDeclaration') {
        this.#additions.set(known.constant, [...this.additionsTo(known.constant), node]);
      }
    }
    for (const each of assignments) {
      const left = each['left'] as Node;
      const value = left.type === 'Identifier' ? (each['right'] as Node) : null;
      for (const { name } of partsOf(left)) this.#at(name, each)?.values.push(value);
      if (left.type === 'MemberExpression') this.#change(ownerOf(left));
    }
    for (const { call, around } of calls) this.#call(call, around);
    // A function that changes what it is given may give it to another one first.
    for (let round = 0; round < 3; round += 1) for (const each of calls) this.#handOver(each);
  }

  /** A list or an object is given to a function that changes it. */
  #handOver({ call, around }: { call: Node; around: readonly Node[] }): void {
    const callee = unwrapped(call['callee'] as Node);
    const args = call['arguments'] as readonly Node[];
    if (!args.some(({ type }) => type === 'Identifier')) return;
    const name = callee.type === 'Identifier' ? nameOf(callee) : null;
    const isOfThis =
      callee.type === 'MemberExpression' && (callee['object'] as Node).type === 'ThisExpression';
    const called = name === null ? undefined : this.#at(name, callee);
    const made = isOfThis
      ? this.member(keyOf(callee) ?? '', callee)?.value
      : (called?.constant ?? null);
    // Of a function of another module nothing is known. One whose result nobody takes is called for what it changes.
    const isOther = name !== null && called === undefined;
    const isForEffect =
      isOther && /^(?:ExpressionStatement|AwaitExpression)$/.test(around.at(-1)!.type);
    const body = made?.['body'] as Node | undefined;
    for (const [index, arg] of args.entries()) {
      const param = body && ((made?.['params'] ?? []) as readonly Node[])[index];
      const own = param?.type === 'Identifier' ? this.#at(nameOf(param), body!) : undefined;
      if (isForEffect || own?.isChanged === true) this.#change(arg);
    }
  }

  /** A call may change the array that it is a method of, or the object that it is given. */
  #call(call: Node, around: readonly Node[]): void {
    const callee = call['callee'] as Node;
    if (callee.type !== 'MemberExpression') return;
    const object = callee['object'] as Node;
    const method = nameOf(callee['property']);
    const args = call['arguments'] as readonly Node[];
    if (method === 'push' || method === 'unshift') {
      const isInFront = method === 'unshift';
      this.#change(object, { args, path: [...around, call], isInFront });
    }
    if (/^(?:pop|shift|splice|fill|reverse|sort|copyWithin)$/.test(method)) this.#change(object);
    const own = object.type === 'Identifier' ? this.#at(nameOf(object), object) : undefined;
    const isOfCollection = own?.values.some((each) => each && isCollection(unwrapped(each)));
    if (isOfCollection && /^(?:set|add|delete|clear)$/.test(method)) this.#change(object);
    const isAssign = method === 'assign' && nameOf(object) === 'Object';
    if (isAssign && args[0] !== undefined) this.#change(args[0]);
  }

  /** An array that something is added to, or an array or object that is changed otherwise. */
  #change(owner: Node, added: Adding | null = null, depth = 0): void {
    const own = owner.type === 'Identifier' ? this.#at(nameOf(owner), owner) : undefined;
    const [first] = own?.values ?? [];
    if (!own || depth > 5) return;
    // What is given to a function is changed for who has given it.
    if (first === null) own.isChanged = true;
    if (!first) return;
    const value = unwrapped(first);
    // Another name of the same.
    if (value.type === 'Identifier') this.#change(value, added, depth + 1);
    if (!isWrittenOut(value)) return;
    own.constant = null;
    own.isChanged ||= added === null;
    if (added === null) return;
    const inner = added.path.slice(added.path.indexOf(own.scope) + 1);
    const when = conditionsOf(inner, this);
    const isRepeated = inner.some(({ type }) => REPEATED.test(type));
    const { isInFront } = added;
    const all = added.args.map((node) => ({ node, when, isRepeated, isInFront }));
    if (isInFront) own.added.unshift(...all);
    else own.added.push(...all);
  }

  /** Whether a function within the node that a name is known in is around a node: it may run later. */
  isLater({ scope }: { readonly scope: Node }, at: Node): boolean {
    return this.#functions.some(
      (each) => isAround(each, at) && isAround(scope, each) && each !== scope,
    );
  }

  /** A condition, told apart from the same text ahead of what changes what it is about. */
  conditionOf(node: Node): { text: string; negated: boolean } {
    const { text, negated } = conditionOf(node, this.source);
    return { text: afterChanges(text, this.changesBefore(node)), negated };
  }

  /** How often there was written to what an expression is made of, ahead of it. */
  changesBefore(node: Node): number {
    return this.#writes.before(node);
  }

  /** Whether anything in the file writes to what an expression is made of. */
  isWritten(node: Node): boolean {
    return this.#writes.before(node, Number.POSITIVE_INFINITY) > 0;
  }

  /** What a name stands for where a node is; undefined for what is imported, or comes from elsewhere. */
  find(name: string, at: Node): Binding | undefined {
    return this.#at(name, at);
  }

  /** The namespaces that add to a class, a function, an enum or another namespace. */
  additionsTo(declared: Node): readonly Node[] {
    return this.#additions.get(declared) ?? [];
  }

  /** The class whose `this` it is where a node is: of a class in another one's method it is the inner one's. */
  classAround(at: Node): Node | null {
    return this.#classes.findLast((each) => isAround(each, at)) ?? null;
  }

  /** What `this` has by a name where a node is: what it is given at first, and its type. */
  member(name: string, at: Node): Member | null {
    const type = this.classAround(at);
    return type && this.memberOf(type, name);
  }

  /** The same of a class. */
  memberOf(type: Node, name: string): Member | null {
    const body = type['body'] as Node | undefined;
    for (const each of (body?.['body'] ?? []) as readonly Node[]) {
      const value = (each['value'] ?? null) as Node | null;
      if (propertyName(each) === name) return { value, type: annotationOf(each) };
      if (each['kind'] !== 'constructor') continue;
      for (const param of (value?.['params'] ?? []) as readonly Node[]) {
        const [own] = param.type === 'TSParameterProperty' ? partsOf(param) : [];
        if (own?.name === name) return { value: own.fallback, type: own.type?.node ?? null };
      }
    }
    return null;
  }

  #at(name: string, at: Node): Declared | undefined {
    return innermost(this.#declared.get(name), at);
  }

  #declare(node: Node, around: readonly Node[]): void {
    const block = around.findLast(({ type }) => BLOCK.test(type)) ?? this.#program;
    switch (node.type) {
      case 'VariableDeclaration': {
        const isVar = node['kind'] === 'var';
        const body = around.findLast(({ type }) => BODY.test(type)) ?? this.#program;
        for (const declared of node['declarations'] as readonly Node[]) {
          const id = declared['id'] as Node;
          const given = (declared['init'] ?? null) as Node | null;
          const value = id.type === 'Identifier' ? given : null;
          const loop = around.at(-1);
          const isLoop =
            /^For(?:Of|In)Statement$/.test(loop?.type ?? '') && loop?.['left'] === node;
          const values = isLoop ? [null] : given === null ? [] : [value];
          const within = isLoop ? listOfLoop(loop) : given;
          const each = isLoop && node['kind'] === 'const' ? within : null;
          const part = isLoop || id.type !== 'Identifier' ? within : null;
          const scope = isVar ? body : block;
          this.#bind(id, scope, values, given, each, part, node['kind'] === 'const');
        }
        break;
      }
      case 'FunctionDeclaration':
      case 'ClassDeclaration':
      case 'TSEnumDeclaration':
        if (node['id']) this.#bind(node['id'] as Node, block, [node], node);
        break;
      case 'ExportDefaultDeclaration':
        this.#add('default', {
          scope: this.#program,
          constant: node['declaration'] as Node,
          initial: node['declaration'] as Node,
          type: null,
          values: [],
          each: null,
          fallback: null,
          within: null,
          added: [],
          isChanged: false,
        });
        break;
      case 'TSInterfaceDeclaration':
        this.types.add(nameOf(node['id']), block, node);
        break;
      case 'TSTypeAliasDeclaration':
        this.types.add(nameOf(node['id']), block, node['typeAnnotation'] as Node);
        break;
      case 'TSTypeParameter': {
        const owner = around.findLast(({ type }) => type !== 'TSTypeParameterDeclaration');
        this.types.add(
          nameOf(node['name']),
          owner ?? block,
          (node['constraint'] ?? null) as Node | null,
        );
        break;
      }
      case 'CatchClause':
        if (node['param']) this.#bind(node['param'] as Node, node, [null]);
        break;
      default:
    }
    const call = around.at(-1);
    const callee = call?.type === 'CallExpression' ? (call['callee'] as Node) : null;
    const list = callee?.type === 'MemberExpression' && callee !== node ? callee['object'] : null;
    const params = (node['params'] ?? []) as readonly Node[];
    const isThrough = callee !== null && THROUGH.test(nameOf(callee['property']));
    for (const [index, each] of params.entries()) {
      // Behind the element comes its place.
      const within = index === 0 ? (list as Node | null) : null;
      this.#bind(each, node, [null], null, isThrough ? within : null, within);
    }
  }

  #bind(
    pattern: Node,
    scope: Node,
    values: readonly (Node | null)[],
    whole: Node | null = null,
    each: Node | null = null,
    within: Node | null = null,
    isConstant = true,
  ): void {
    for (const { name, type, fallback, keys } of partsOf(pattern)) {
      const given = fallback === null ? values : [...values, fallback];
      const initial = fallback === null && keys !== null ? propertyOf(whole, keys) : null;
      const constant = isConstant ? initial : null;
      const isGiven = /Function/.test(scope.type);
      const element = each !== null && keys !== null ? { list: each, keys, isGiven } : null;
      const own = { each: element, fallback, within, added: [], isChanged: false };
      this.#add(name, { scope, constant, initial, type, values: [...given], ...own });
    }
  }

  #add(name: string, added: Declared): void {
    const all = this.#declared.get(name) ?? [];
    this.#declared.set(name, all);
    const twice = all.find(({ scope }) => scope === added.scope);
    if (twice === undefined) all.push(added);
    else {
      twice.constant = null;
      twice.values.push(...added.values);
    }
  }
}

/** What `a` is in `a.b.c`. */
function ownerOf(member: Node): Node {
  const object = unwrapped(member['object'] as Node);
  return object.type === 'MemberExpression' ? ownerOf(object) : object;
}

function isWrittenOut(node: Node): boolean {
  return /^(?:Array|Object)Expression$/.test(node.type) || isCollection(node);
}

/** Whether it makes a map or a set. */
function isCollection(node: Node): boolean {
  return node.type === 'NewExpression' && /^(?:Map|Set)$/.test(nameOf(node['callee']));
}
