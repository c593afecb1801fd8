import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseSync } from 'oxc-parser';
import {
  classAround,
  fieldOf,
  isNothing,
  keyOf,
  type Node,
  nameOf,
  propertyName,
  returned,
  unwrapped,
  visit,
} from './nodes.ts';

/** An expression and the module that it stands in. */
export interface Located {
  readonly node: Node;
  readonly module: Module;
}

/** The modules that constants are looked up in, each parsed once. */
export class Modules {
  readonly #modules = new Map<string, Module | null>();

  /** @param source its text, if it has been read already */
  get(file: string, source?: string): Module | null {
    let module = this.#modules.get(file);
    if (module === undefined) {
      module = Module.parse(file, source, this);
      this.#modules.set(file, module);
    }
    return module;
  }
}

const SUFFIXES = ['', '.ts', '.tsx', '.mts', '.cts', '/index.ts', '/index.tsx'];

/** A source file with the names in it that stand for something constant. */
export class Module {
  readonly file: string;
  readonly source: string;
  readonly program: Node;
  /** Why nothing of it could be read, and where; null where it could be. */
  readonly failure: { readonly message: string; readonly start: number } | null = null;
  /** By name what a `const`, an enum or a class is; null for a name that is there twice. */
  readonly #names = new Map<string, Node | null>();
  readonly #imports = new Map<string, { from: string; name: string }>();
  readonly #exports = new Map<string, { from: string | null; name: string }>();
  /** What each name is given, null for a parameter: of all scopes. */
  readonly #values = new Map<string, readonly (Node | null)[]>();
  readonly #allOf: string[] = [];
  readonly #modules: Modules;

  private constructor(file: string, source: string, modules: Modules) {
    this.file = file;
    this.source = source;
    this.#modules = modules;
    const { program, errors } = parseSync(file, source);
    this.program = program as unknown as Node;
    const [error] = errors;
    // Of what can be read all the same there is a program.
    if (error !== undefined && program.body.length === 0) {
      this.failure = { message: error.message, start: error.labels[0]?.start ?? 0 };
    }
    visit(this.program, (node) => this.#declare(node));
  }

  static parse(file: string, source: string | undefined, modules: Modules): Module | null {
    try {
      return new Module(file, source ?? readFileSync(file, 'utf8'), modules);
    } catch {
      return null;
    }
  }

  #declare(node: Node): void {
    this.#noteValue(node);
    switch (node.type) {
      case 'VariableDeclaration':
        // Of `const`, at any depth: a name that is there twice stands for neither.
        for (const declarator of node['declarations'] as readonly Node[]) {
          const name = (declarator['id'] as Node)['name'];
          const value = node['kind'] === 'const' ? (declarator['init'] as Node | null) : null;
          if (typeof name === 'string') this.#name(name, value);
        }
        break;
      case 'TSEnumDeclaration':
      case 'ClassDeclaration': {
        const name = (node['id'] as Node | null)?.['name'];
        if (typeof name === 'string') this.#name(name, node);
        break;
      }
      case 'ImportDeclaration':
        for (const each of node['specifiers'] as readonly Node[]) {
          const imported = each.type === 'ImportSpecifier' ? nameOf(each['imported']) : 'default';
          const from = (node['source'] as Node)['value'] as string;
          const name = each.type === 'ImportNamespaceSpecifier' ? '*' : imported;
          this.#imports.set(nameOf(each['local']), { from, name });
        }
        break;
      case 'ExportNamedDeclaration':
        for (const each of node['specifiers'] as readonly Node[]) {
          const from = ((node['source'] ?? null) as Node | null)?.['value'] as string | undefined;
          this.#exports.set(nameOf(each['exported']), {
            from: from ?? null,
            name: nameOf(each['local']),
          });
        }
        break;
      case 'ExportAllDeclaration':
        this.#allOf.push((node['source'] as Node)['value'] as string);
        break;
      case 'ExportDefaultDeclaration':
        this.#name('default', node['declaration'] as Node);
        break;
      default:
    }
  }

  /** Notes what a name is given anywhere in the file, and which names are parameters of functions. */
  #noteValue(node: Node): void {
    const note = (target: unknown, value: unknown): void => {
      const name = (target as Node | null)?.['name'];
      if (typeof name !== 'string') return;
      this.#values.set(name, [...(this.#values.get(name) ?? []), value as Node | null]);
    };
    if (node.type === 'VariableDeclarator' && node['init']) note(node['id'], node['init']);
    if (node.type === 'AssignmentExpression') note(node['left'], node['right']);
    if (node.type === 'FunctionDeclaration') note(node['id'], node);
    for (const each of (node['params'] as readonly Node[] | undefined) ?? []) note(each, null);
  }

  /**
   * Whether an expression makes a `sql` template, by a function of this file or a variable that is assigned to, so
   * that its text is not known. A name that may be another's is taken for a value.
   */
  makesFragment(value: Node, depth = 0): boolean {
    const node = unwrapped(value);
    const any = (...parts: unknown[]): boolean =>
      depth < 10 && parts.some((each) => each && this.makesFragment(each as Node, depth + 1));
    switch (node.type) {
      case 'TaggedTemplateExpression':
        return this.isSql(node['tag'] as Node);
      case 'ConditionalExpression':
        return any(node['consequent'], node['alternate']);
      case 'LogicalExpression':
        return any(node['left'], node['right']);
      case 'Identifier': {
        const values = this.#values.get(nameOf(node)) ?? [];
        const told = values.filter((each) => each === null || !isNothing(each));
        return told.length > 0 && told.every((each) => each !== null && any(each));
      }
      case 'CallExpression': {
        const callee = node['callee'] as Node;
        return callee.type === 'Identifier' && any(callee);
      }
      case 'ArrowFunctionExpression':
      case 'FunctionExpression':
      case 'FunctionDeclaration':
        return any(...returned(node['body'] as Node));
      default:
        return false;
    }
  }

  #name(name: string, node: Node | null): void {
    this.#names.set(name, this.#names.has(name) ? null : node);
  }

  /** What an identifier or a property of a constant object stands for, here or where it is imported from. */
  constant(node: Node, depth = 0): Located | null {
    if (depth > 20) return null;
    if (node.type === 'Identifier') return this.#named(nameOf(node), depth);
    if (node.type !== 'MemberExpression') return null;
    const key = keyOf(node);
    const object = unwrapped(node['object'] as Node);
    if (key === null) return null;
    if (object.type === 'Identifier') {
      const imported = this.#imports.get(nameOf(object));
      if (imported?.name === '*') {
        return this.#module(imported.from)?.exported(key, depth + 1) ?? null;
      }
    }
    const owner = this.constant(object, depth + 1);
    return owner === null ? null : memberOf(owner, key);
  }

  /** Whether an expression is the driver's `sql`, by that name, by another, or of the whole module's. */
  isSql(node: Node | undefined): boolean {
    if (node?.type === 'MemberExpression') {
      const object = node['object'] as Node;
      return nameOf(node['property']) === 'sql' && this.#imports.get(nameOf(object))?.name === '*';
    }
    if (node?.type !== 'Identifier') return false;
    const name = nameOf(node);
    return name === 'sql' || this.#imports.get(name)?.name === 'sql';
  }

  /**
   * What a field of a class, or of its objects, is at first that others may write, so that it is not known.
   *
   * @param around the nodes that the expression lies in
   */
  changing(node: Node, around: readonly Node[]): Located | null {
    if (node.type !== 'MemberExpression') return null;
    const key = keyOf(node);
    const object = unwrapped(node['object'] as Node);
    if (key === null) return null;
    if (object.type === 'ThisExpression') {
      const type = classAround(around);
      const value = type && fieldOf(type, key, 'object', 'mutable');
      return value && { node: value, module: this };
    }
    const owner = this.constant(object);
    if (owner?.node.type !== 'ClassDeclaration') return null;
    const value = fieldOf(owner.node, key, 'static', 'mutable');
    return value && { node: value, module: owner.module };
  }

  #named(name: string, depth: number): Located | null {
    const own = this.#names.get(name);
    if (own === null) return null;
    if (own !== undefined) return this.#resolved(own, depth);
    const imported = this.#imports.get(name);
    if (imported === undefined) return null;
    return this.#module(imported.from)?.exported(imported.name, depth + 1) ?? null;
  }

  #resolved(node: Node, depth: number): Located | null {
    const inner = unwrapped(node);
    if (inner.type === 'Identifier' || inner.type === 'MemberExpression') {
      return this.constant(inner, depth + 1) ?? { node: inner, module: this };
    }
    return { node: inner, module: this };
  }

  /** What this module exports by a name. */
  exported(name: string, depth: number): Located | null {
    if (depth > 20) return null;
    const listed = this.#exports.get(name);
    if (listed !== undefined) {
      return listed.from === null
        ? this.#named(listed.name, depth)
        : (this.#module(listed.from)?.exported(listed.name, depth + 1) ?? null);
    }
    const own = this.#named(name, depth);
    if (own !== null) return own;
    for (const from of this.#allOf) {
      const found = this.#module(from)?.exported(name, depth + 1) ?? null;
      if (found !== null) return found;
    }
    return null;
  }

  #module(from: string): Module | null {
    if (!from.startsWith('.')) return null;
    const target = path.resolve(path.dirname(this.file), from);
    // `./a.js` of a source is `./a.ts`.
    const source = target.replace(/\.([cm]?)js(x?)$/, '.$1ts$2');
    const found = [source, ...SUFFIXES.map((suffix) => target + suffix)].find(
      (file) => /\.[cm]?tsx?$/.test(file) && existsSync(file),
    );
    return found === undefined ? null : this.#modules.get(found);
  }
}

/** A property of an object, a member of an enum, a static property of a class. */
function memberOf({ node, module }: Located, key: string): Located | null {
  if (node.type === 'ObjectExpression') {
    for (const each of node['properties'] as readonly Node[]) {
      if (each.type === 'Property' && propertyName(each) === key) {
        return { node: unwrapped(each['value'] as Node), module };
      }
    }
  }
  if (node.type === 'TSEnumDeclaration') {
    const members = (node['body'] as Node)['members'] as readonly Node[];
    const member = members.find((each) => nameOf(each['id']) === key);
    const value = (member?.['initializer'] ?? null) as Node | null;
    return value === null ? null : { node: unwrapped(value), module };
  }
  if (node.type === 'ClassDeclaration') {
    const value = fieldOf(node, key, 'static');
    return value === null ? null : { node: value, module };
  }
  return null;
}
