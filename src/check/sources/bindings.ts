import { type Node, nameOf, propertyName, visit } from './nodes.ts';

/** What a name stands for in one part of a file. */
export interface Binding {
  /** What it always is: of a `const`, an enum, a class, a function. Null for a parameter and for what may change. */
  readonly constant: Node | null;
  /** All that it is given, null for what is not told, as of a parameter. */
  readonly values: readonly (Node | null)[];
  /** The type that it is declared with. */
  readonly type: () => Node | null;
}

interface Declared {
  constant: Node | null;
  readonly values: (Node | null)[];
  readonly type: () => Node | null;
  /** The node that it is known in. */
  readonly scope: Node;
}

const BLOCK =
  /Function|^(?:Program|BlockStatement|StaticBlock|For\w*Statement|SwitchStatement|CatchClause|TSModuleBlock)$/;
const BODY = /Function|^(?:Program|StaticBlock|TSModuleBlock)$/;

/** The names of a file, each where it is known: the inner one of two hides the other. */
export class Bindings {
  readonly #declared = new Map<string, Declared[]>();
  /** By its name an interface, or what a name is an alias of. */
  readonly #types = new Map<string, Node>();
  /** The outer one of two ahead of the inner one. */
  readonly #classes: Node[] = [];
  readonly #program: Node;

  constructor(program: Node) {
    this.#program = program;
    const assignments: Node[] = [];
    visit(program, (node, around) => {
      this.#declare(node, around);
      if (/^Class(?:Declaration|Expression)$/.test(node.type)) this.#classes.push(node);
      if (node.type === 'AssignmentExpression') assignments.push(node);
    });
    for (const each of assignments) {
      const left = each['left'] as Node;
      const value = left.type === 'Identifier' ? (each['right'] as Node) : null;
      for (const { name } of this.#partsOf(left)) this.#at(name, each)?.values.push(value);
    }
  }

  /** What a name stands for where a node is; undefined for what is imported, or comes from elsewhere. */
  find(name: string, at: Node): Binding | undefined {
    return this.#at(name, at);
  }

  /** The class whose `this` it is where a node is: of a class in another one's method it is the inner one's. */
  classAround(at: Node): Node | null {
    return this.#classes.findLast((each) => isAround(each, at)) ?? null;
  }

  /** What `this` has by a name where a node is: what it is given at first, and its type. */
  member(name: string, at: Node): { value: Node | null; type: Node | null } | null {
    const body = this.classAround(at)?.['body'] as Node | undefined;
    for (const each of (body?.['body'] ?? []) as readonly Node[]) {
      const value = (each['value'] ?? null) as Node | null;
      if (propertyName(each) === name) return { value, type: typeOf(each) };
      if (each['kind'] !== 'constructor') continue;
      for (const param of (value?.['params'] ?? []) as readonly Node[]) {
        const [own] = param.type === 'TSParameterProperty' ? this.#partsOf(param) : [];
        if (own?.name === name) return { value: own.fallback, type: own.type() };
      }
    }
    return null;
  }

  /** The type of the property of an object of a type that this file tells. */
  propertyType(type: Node | null, name: string, depth = 0): Node | null {
    if (type?.type === 'TSTypeReference' && depth < 10) {
      return this.propertyType(this.#types.get(nameOf(type['typeName'])) ?? null, name, depth + 1);
    }
    const members = (type?.['members'] ?? type?.['body'] ?? []) as readonly Node[];
    const member = members.find(
      (each) => each.type === 'TSPropertySignature' && propertyName(each) === name,
    );
    return member === undefined ? null : typeOf(member);
  }

  #at(name: string, at: Node): Declared | undefined {
    return this.#declared
      .get(name)
      ?.filter(({ scope }) => scope === this.#program || isAround(scope, at))
      .reduce<Declared | undefined>(
        (inner, each) => (inner && isAround(each.scope, inner.scope) ? inner : each),
        undefined,
      );
  }

  #declare(node: Node, around: readonly Node[]): void {
    const block = around.findLast(({ type }) => BLOCK.test(type)) ?? this.#program;
    switch (node.type) {
      case 'VariableDeclaration': {
        const isVar = node['kind'] === 'var';
        const body = around.findLast(({ type }) => BODY.test(type)) ?? this.#program;
        for (const each of node['declarations'] as readonly Node[]) {
          const id = each['id'] as Node;
          const value = id.type === 'Identifier' ? (each['init'] as Node | null) : null;
          const values = each['init'] === null ? [] : [value];
          this.#bind(id, isVar ? body : block, values, node['kind'] === 'const' ? value : null);
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
          type: () => null,
          values: [],
        });
        break;
      case 'TSInterfaceDeclaration':
        this.#types.set(nameOf(node['id']), node['body'] as Node);
        break;
      case 'TSTypeAliasDeclaration':
        this.#types.set(nameOf(node['id']), node['typeAnnotation'] as Node);
        break;
      case 'CatchClause':
        if (node['param']) this.#bind(node['param'] as Node, node, [null]);
        break;
      default:
    }
    for (const each of (node['params'] as readonly Node[] | undefined) ?? []) {
      this.#bind(each, node, [null]);
    }
  }

  #bind(
    pattern: Node,
    scope: Node,
    values: readonly (Node | null)[],
    constant: Node | null = null,
  ): void {
    for (const { name, type, fallback } of this.#partsOf(pattern)) {
      const given = fallback === null ? values : [...values, fallback];
      this.#add(name, { scope, constant, type, values: [...given] });
    }
  }

  /** The names that a pattern gives something to, with their types, and what they are where nothing is given. */
  #partsOf(
    pattern: Node,
    type: () => Node | null = () => null,
    fallback: Node | null = null,
  ): { name: string; type: () => Node | null; fallback: Node | null }[] {
    const declared = typeOf(pattern);
    const own = declared === null ? type : () => declared;
    switch (pattern.type) {
      case 'Identifier':
        return [{ name: nameOf(pattern), type: own, fallback }];
      case 'ObjectPattern':
        return (pattern['properties'] as Node[]).flatMap((each) => {
          if (each.type !== 'Property') return this.#partsOf(each);
          const key = propertyName(each);
          return this.#partsOf(each['value'] as Node, () =>
            key === null ? null : this.propertyType(own(), key),
          );
        });
      case 'ArrayPattern':
        return (pattern['elements'] as (Node | null)[]).flatMap((each) =>
          each === null ? [] : this.#partsOf(each),
        );
      case 'AssignmentPattern':
        return this.#partsOf(pattern['left'] as Node, type, pattern['right'] as Node);
      case 'RestElement':
        return this.#partsOf(pattern['argument'] as Node);
      case 'TSParameterProperty':
        return this.#partsOf(pattern['parameter'] as Node);
      default:
        return [];
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

/** Whether a type is that of `sql` templates, or may be. */
export function isFragment(type: Node | null): boolean {
  if (type?.type === 'TSUnionType') return (type['types'] as readonly Node[]).some(isFragment);
  if (type?.type !== 'TSTypeReference') return false;
  const name = type['typeName'] as Node;
  return nameOf(name['right'] ?? name) === 'SqlFragment';
}

/** The type that a variable, a parameter or a field is declared with. */
function typeOf(node: Node): Node | null {
  const annotation = (node['typeAnnotation'] ?? null) as Node | null;
  return (annotation?.['typeAnnotation'] ?? null) as Node | null;
}

function isAround(outer: Node, inner: Node): boolean {
  return outer.start <= inner.start && inner.end <= outer.end;
}
