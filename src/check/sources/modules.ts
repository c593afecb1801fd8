import { readFileSync } from 'node:fs';
import { parseSync } from 'oxc-parser';
import { type Binding, Bindings } from './bindings.ts';
import { type Imported, Links } from './links.ts';
import { memberIn, variableIn } from './members.ts';
import {
  fieldOf,
  keyOf,
  type Node,
  nameOf,
  propertyName,
  requiredBy,
  unwrapped,
  visit,
} from './nodes.ts';
import { Resolver } from './resolver.ts';
import { sourceText } from './source-text.ts';

/** An expression and the module that it stands in. */
export interface Located {
  readonly node: Node;
  readonly module: Module;
}

/** What may be written to, as it is at first. */
interface Changing extends Located {
  /** What would make it constant. */
  readonly wanted: 'const' | 'readonly';
}

/** The modules that constants are looked up in, each parsed once. */
export class Modules {
  readonly resolver = new Resolver();
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

/** A source file with the names in it that stand for something constant. */
export class Module {
  readonly file: string;
  readonly source: string;
  readonly program: Node;
  /** Why nothing of it could be read, and where; null where it could be. */
  readonly failure: { readonly message: string; readonly start: number } | null = null;
  /** What its own names are. */
  readonly bindings: Bindings;
  readonly links = new Links();
  /** The modules that names were looked up in. */
  readonly #reached = new Set<Module>();
  /** What was not found. */
  readonly #missing = new Set<string>();
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
    this.bindings = new Bindings(this.program, source);
    visit(this.program, (node) => this.links.declare(node));
  }

  static parse(file: string, source: string | undefined, modules: Modules): Module | null {
    try {
      const text = source ?? sourceText(readFileSync(file));
      return text === null ? null : new Module(file, text, modules);
    } catch {
      return null;
    }
  }

  /** What an identifier or a property of a constant object stands for, here or where it is imported from. */
  constant(node: Node, depth = 0): Located | null {
    if (depth > 20) return null;
    if (node.type === 'Identifier') return this.#named(nameOf(node), node, depth);
    if (node.type !== 'MemberExpression') return null;
    const key = keyOf(node);
    const object = unwrapped(node['object'] as Node);
    if (key === null) return null;
    const whole = this.#wholeModule(object, depth);
    if (whole !== null) return whole.exported(key, depth + 1);
    if (object.type === 'ThisExpression') {
      const type = this.bindings.classAround(node);
      const field = type && fieldOf(type, key, 'object');
      return field && this.#resolved(field, depth);
    }
    const isWritten = /^(?:Array|Object)Expression$/.test(object.type);
    const owner = isWritten ? { node: object, module: this } : this.constant(object, depth + 1);
    return owner === null ? null : memberOf(owner, key);
  }

  /** What an expression is imported as: a name, or what `require` and `import()` give. */
  importOf(node: Node, depth: number): Imported | null {
    const from = requiredBy(node);
    if (from !== null) return { from, name: '*' };
    if (node.type !== 'Identifier') return null;
    const own = this.bindings.find(nameOf(node), node);
    if (own === undefined) return this.links.imports.get(nameOf(node)) ?? null;
    const value = onlyValueOf(own);
    return value === null || depth > 20 ? null : this.importOf(unwrapped(value), depth + 1);
  }

  /** The module of which an expression has all names: by `import * as`, or `export * as` of another one. */
  #wholeModule(node: Node, depth: number): Module | null {
    if (depth > 20) return null;
    const imported = this.importOf(node, depth);
    if (imported !== null) return this.#wholeModuleOf(imported, depth);
    const key = node.type === 'MemberExpression' ? keyOf(node) : null;
    if (key === null) return null;
    const owner = this.#wholeModule(unwrapped(node['object'] as Node), depth + 1);
    return owner === null ? null : owner.#wholeModuleBy(key, depth + 1);
  }

  #wholeModuleOf({ from, name }: Imported, depth: number): Module | null {
    const module = this.other(from);
    if (name === '*' || module === null) return module;
    return module.#wholeModuleBy(name, depth + 1);
  }

  /** The same of what this module exports by a name. */
  #wholeModuleBy(name: string, depth: number): Module | null {
    const listed = depth > 20 ? undefined : this.links.exports.get(name);
    if (listed === undefined) return null;
    const { from } = listed;
    const imported =
      from === null ? this.links.imports.get(listed.name) : { from, name: listed.name };
    return imported ? this.#wholeModuleOf(imported, depth) : null;
  }

  /**
   * What a variable, or a field of a class or of its objects, is at first that may be written to, so that it is
   * not known.
   */
  changing(node: Node): Changing | null {
    const variable = this.#changingVariable(node);
    if (variable !== null) return { ...variable, wanted: 'const' };
    const property = this.#changingProperty(node);
    return property && { ...property, wanted: 'readonly' };
  }

  /** A variable of this module or of another one, or of a namespace. */
  #changingVariable(node: Node): Located | null {
    if (node.type === 'Identifier') {
      const imported = this.links.imports.get(nameOf(node));
      if (this.bindings.find(nameOf(node), node) !== undefined || imported === undefined) {
        return this.#changingBy(nameOf(node), node);
      }
      const module = this.other(imported.from);
      return module === null ? null : module.#changingExport(imported.name);
    }
    const key = node.type === 'MemberExpression' ? keyOf(node) : null;
    if (key === null) return null;
    const object = unwrapped(node['object'] as Node);
    const whole = this.#wholeModule(object, 0);
    if (whole !== null) return whole.#changingExport(key);
    const owner = this.constant(object);
    return owner && memberOf(owner, key, 'mutable');
  }

  /** A field of a class or of its objects, or a property of what a variable is. */
  #changingProperty(node: Node): Located | null {
    if (node.type !== 'MemberExpression') return null;
    const key = keyOf(node);
    const object = unwrapped(node['object'] as Node);
    if (key === null) return null;
    if (object.type === 'ThisExpression') {
      const type = this.bindings.classAround(node);
      const value = type && fieldOf(type, key, 'object', 'mutable');
      return value && { node: value, module: this };
    }
    const own =
      object.type === 'Identifier' ? this.bindings.find(nameOf(object), object) : undefined;
    const [first] = own?.constant === null ? own.values : [];
    if (first) {
      return memberOf({ node: unwrapped(first), module: this }, key);
    }
    const owner = this.constant(object);
    if (owner?.node.type !== 'ClassDeclaration') return null;
    const value = fieldOf(owner.node, key, 'static', 'mutable');
    return value && { node: value, module: owner.module };
  }

  #changingBy(name: string, at: Node): Located | null {
    const own = this.bindings.find(name, at);
    const [value] = own?.constant === null ? own.values : [];
    return value ? { node: unwrapped(value), module: this } : null;
  }

  #changingExport(name: string): Located | null {
    return this.#exportedAs(name, 0, (module, own) => module.#changingBy(own, module.program));
  }

  #named(name: string, at: Node, depth: number): Located | null {
    const own = this.bindings.find(name, at);
    if (own === undefined) return this.imported(name, depth);
    return own.constant === null ? null : this.#resolved(own.constant, depth);
  }

  /** What a name is declared as in this module. */
  binding(at: Node, name: string = nameOf(at)): Binding | undefined {
    return this.bindings.find(name, at);
  }

  /** A declaration with the namespaces that add to it. */
  partsOf(declared: Node): readonly Node[] {
    return [declared, ...this.bindings.additionsTo(declared)];
  }

  /** Whether a package is there by this name. */
  isInstalled(name: string): boolean {
    return this.#modules.resolver.isInstalled(name, this.file);
  }

  /** What a name is imported as. */
  imported(name: string, depth: number): Located | null {
    const imported = this.links.imports.get(name);
    if (imported === undefined) return null;
    return this.other(imported.from)?.exported(imported.name, depth + 1) ?? null;
  }

  /** What a name of a type stands for where a node is: here, or in the module that it is imported from. */
  typeNamed(name: string, at: Node, depth = 0): Located | null {
    const own = this.bindings.types.named(name, at);
    if (own !== null) return { node: own, module: this };
    const imported = this.links.imports.get(name);
    return imported === undefined ? null : this.#typeOfOther(imported, depth);
  }

  #typeOfOther({ from, name }: Imported, depth: number): Located | null {
    if (depth > 20) return null;
    // The driver's own: its module need not be there.
    if (name === 'SqlFragment') {
      const typeName = { type: 'Identifier', name, start: 0, end: 0 };
      return { node: { type: 'TSTypeReference', typeName, start: 0, end: 0 }, module: this };
    }
    const module = this.other(from);
    return module === null ? null : module.#exportedType(name, depth + 1);
  }

  #exportedType(name: string, depth: number): Located | null {
    const listed = this.links.exports.get(name);
    if (listed !== undefined) {
      const { from } = listed;
      return from === null
        ? this.typeNamed(listed.name, this.program, depth)
        : this.#typeOfOther({ from, name: listed.name }, depth);
    }
    const own = this.bindings.types.named(name, this.program);
    if (own !== null) return { node: own, module: this };
    for (const from of this.links.allOf) {
      const found = this.#typeOfOther({ from, name }, depth);
      if (found !== null) return found;
    }
    return null;
  }

  /** What is known of `this.name`. */
  ofThis(member: Node): ReturnType<Bindings['member']> {
    const key = keyOf(member);
    const isOfThis = unwrapped(member['object'] as Node).type === 'ThisExpression';
    return isOfThis && key !== null ? this.bindings.member(key, member) : null;
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
    return this.#exportedAs(name, depth, (module, own, at) =>
      module.#named(own, module.program, at),
    );
  }

  /** What `find` makes of an export in the module that it comes from, by the name that it has there. */
  #exportedAs(
    name: string,
    depth: number,
    find: (module: Module, own: string, depth: number) => Located | null,
  ): Located | null {
    if (depth > 20) return null;
    const listed = this.links.exports.get(name);
    if (listed !== undefined) {
      if (listed.from === null) return find(this, listed.name, depth);
      const module = this.other(listed.from);
      return module === null ? null : module.#exportedAs(listed.name, depth + 1, find);
    }
    const own = find(this, name, depth);
    if (own !== null) return own;
    for (const from of this.links.allOf) {
      const module = this.other(from);
      const found = module === null ? null : module.#exportedAs(name, depth + 1, find);
      if (found !== null) return found;
    }
    return null;
  }

  /** Another module, as this one calls it. */
  other(from: string): Module | null {
    const found = this.#modules.resolver.resolve(from, this.file);
    const module = found === null ? null : this.#modules.get(found);
    if (module !== null) this.#reached.add(module);
    // One of the project's own may come later.
    else if (/^[.#~]|^@\//.test(from)) this.#missing.add(from);
    return module;
  }

  /** The files that names were looked up in, this one included, and names of modules that are not there. */
  filesReached(files = new Set<string>()): ReadonlySet<string> {
    if (files.has(this.file)) return files;
    files.add(this.file);
    for (const each of this.#missing) files.add(each);
    for (const each of this.#reached) each.filesReached(files);
    return files;
  }
}

/** What a name stands for that is given one value alone, though it could be given others: of `let` as well. */
export function onlyValueOf({ constant, initial, values }: Binding): Node | null {
  return constant ?? (values.length === 1 ? initial : null);
}

/** What an expression has by a name: see `memberIn`; or, `mutable`, a variable of a namespace. */
export function memberOf(
  owner: Located,
  key: string,
  kind: 'constant' | 'mutable' = 'constant',
): Located | null {
  const { node, module } = owner;
  if (kind === 'constant' && node.type === 'ObjectExpression') return propertyOf(owner, key);
  for (const part of module.partsOf(node)) {
    const member = kind === 'constant' ? memberIn(part, key) : variableIn(part, key);
    if (member !== null) return { node: member, module };
  }
  return null;
}

/** The property of an object that is written out, or of one that is spread in it: the last of several. */
function propertyOf({ node, module }: Located, key: string, depth = 0): Located | null {
  for (const each of (node['properties'] as readonly Node[]).toReversed()) {
    if (each.type === 'Property' && propertyName(each) === key) {
      return { node: unwrapped(each['value'] as Node), module };
    }
    if (each.type !== 'SpreadElement' || depth > 20) continue;
    const inner = unwrapped(each['argument'] as Node);
    const other =
      inner.type === 'ObjectExpression' ? { node: inner, module } : module.constant(inner);
    const isObject = other?.node.type === 'ObjectExpression';
    const found = isObject ? propertyOf(other, key, depth + 1) : null;
    if (found !== null) return found;
  }
  return null;
}
