import { visitorKeys } from 'oxc-parser';

/** A node of a program's syntax tree. */
export interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/**
 * A field of a class, or of its objects, that is written once: `readonly byId = '…'`, or one that nobody else can
 * write and the class does not.
 *
 * @param key its name, with # if it has one
 * @param of those that others may write are `mutable`
 */
export function fieldOf(
  type: Node,
  key: string,
  of: 'static' | 'object',
  kind: 'constant' | 'mutable' = 'constant',
): Node | null {
  for (const each of (type['body'] as Node)['body'] as readonly Node[]) {
    if (each.type !== 'PropertyDefinition' || !each['value']) continue;
    if ((each['static'] === true) !== (of === 'static') || propertyName(each) !== key) continue;
    const isReadonly = each['readonly'] === true;
    const isOwn = key.startsWith('#') || each['accessibility'] === 'private';
    const isConstant = (isReadonly || isOwn) && !isWritten(type, key, isReadonly);
    if (isConstant === (kind === 'constant')) return unwrapped(each['value'] as Node);
  }
  return null;
}

/**
 * What a namespace exports by a name: the value of a constant, or a function, a class, an enum, a namespace.
 *
 * @param kind of a variable that may be written to the first value, where that is asked for: `mutable`
 */
export function exportedBy(
  namespace: Node,
  key: string,
  kind: 'constant' | 'mutable' = 'constant',
): Node | null {
  for (const each of (namespace['body'] as Node)['body'] as readonly Node[]) {
    const declared = each.type === 'ExportNamedDeclaration' ? (each['declaration'] as Node) : null;
    if (declared?.type === 'VariableDeclaration') {
      const found = (declared['declarations'] as readonly Node[]).find(
        ({ id }) => nameOf(id) === key,
      );
      const isConstant = declared['kind'] === 'const';
      if (found?.['init'] && isConstant === (kind === 'constant')) return found['init'] as Node;
    } else if (
      declared &&
      kind === 'constant' &&
      nameOf(declared['id']) === key &&
      !/Interface|Alias/.test(declared.type)
    ) {
      return declared;
    }
  }
  return null;
}

/** The function of a method, or of a field that has one, of a class or of its objects. */
export function methodOf(type: Node, key: string): Node | null {
  for (const each of (type['body'] as Node)['body'] as readonly Node[]) {
    const value = each['value'] ? unwrapped(each['value'] as Node) : null;
    // A signature of an overload has no body.
    if (value?.['body'] && propertyName(each) === key) return value;
  }
  return null;
}

/** Whether anything in a class assigns to a field of that name; to one that is readonly only `this` can. */
function isWritten(type: Node, key: string, isReadonly: boolean): boolean {
  let found = false;
  visit(type, (node) => {
    if (node.type !== 'AssignmentExpression') return;
    for (const target of targetsOf(node['left'] as Node)) {
      const isThis = (target['object'] as Node).type === 'ThisExpression';
      // `this[name]` may be the field, unless only a constructor could do that.
      const written = keyOf(target) ?? (isThis && !isReadonly ? key : null);
      if (written === key && (isThis || !isReadonly)) found = true;
    }
  });
  return found;
}

/** The properties that the left side of an assignment writes, which may take apart what is assigned. */
function targetsOf(left: Node): Node[] {
  switch (left.type) {
    case 'MemberExpression':
      return [left];
    case 'ArrayPattern':
      return (left['elements'] as (Node | null)[]).flatMap((each) => (each ? targetsOf(each) : []));
    case 'ObjectPattern':
      return (left['properties'] as Node[]).flatMap((each) =>
        targetsOf(each.type === 'Property' ? (each['value'] as Node) : each),
      );
    case 'AssignmentPattern':
      return targetsOf(left['left'] as Node);
    case 'RestElement':
      return targetsOf(left['argument'] as Node);
    default:
      return [];
  }
}

/** The name of the property that `a.b`, `a['b']`, `a[0]` or `a.#b` is; null: it is not known. */
export function keyOf(member: Node): string | null {
  const property = member['property'] as Node;
  if (member['computed'] !== true) return named(property);
  const value = property['value'];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
}

/** The name of a property that is not computed, or null. */
export function propertyName(property: Node): string | null {
  const key = property['key'] as Node | undefined;
  // A static block and an index signature have none.
  return property['computed'] === true || !key ? null : named(key) || null;
}

function named(key: Node): string {
  return key.type === 'PrivateIdentifier' ? `#${nameOf(key)}` : nameOf(key);
}

/** The name of an identifier, or the text of a string in its place. */
export function nameOf(value: unknown): string {
  const node = value as Node | null;
  return String(node?.['name'] ?? node?.['value'] ?? '');
}

/** The name in a call of `require`, also as `import name = require`, and in `await import`: the module that it gives. */
export function requiredBy(node: Node): string | null {
  if (node.type === 'AwaitExpression') {
    const inner = node['argument'] as Node;
    return inner.type === 'ImportExpression' ? textIn(inner['source']) : null;
  }
  if (node.type === 'TSExternalModuleReference') return textIn(node['expression']);
  const isCall = node.type === 'CallExpression' && nameOf(node['callee']) === 'require';
  return isCall ? textIn((node['arguments'] as readonly Node[])[0]) : null;
}

function textIn(node: unknown): string | null {
  const value = (node as Node | undefined)?.['value'];
  return typeof value === 'string' ? value : null;
}

/** The arguments of a type: of `Map<A, B>` A and B. */
export function argumentsOf(type: Node): readonly Node[] {
  const args = (type['typeArguments'] ?? null) as Node | null;
  return (args?.['params'] ?? []) as readonly Node[];
}

/** An expression without what only the compiler reads: `as const`, `!`, brackets. */
export function unwrapped(node: Node): Node {
  switch (node.type) {
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
    case 'TSNonNullExpression':
    case 'TSTypeAssertion':
    case 'ChainExpression':
    case 'ParenthesizedExpression':
      return unwrapped(node['expression'] as Node);
    case 'CallExpression': {
      // Object.freeze({ … })
      const callee = node['callee'] as Node;
      const isFreeze =
        callee.type === 'MemberExpression' &&
        nameOf(callee['object']) === 'Object' &&
        nameOf(callee['property']) === 'freeze';
      const first = (node['arguments'] as readonly Node[])[0];
      return isFreeze && first !== undefined ? unwrapped(first) : node;
    }
    default:
      return node;
  }
}

/** `!x` is the other way round of `x`, and `x !== y` of `x === y`. */
export function conditionOf(node: Node, source: string): { text: string; negated: boolean } {
  const inner = unwrapped(node);
  if (inner.type === 'UnaryExpression' && inner['operator'] === '!') {
    const { text, negated } = conditionOf(inner['argument'] as Node, source);
    return { text, negated: !negated };
  }
  const isNot = inner['operator'] === '!==';
  const text = (part: Node): string => {
    const { type, value, start, end } = unwrapped(part);
    if (type === 'Literal' && typeof value === 'string') return `'${value}'`;
    return source.slice(start, end).replaceAll(/\s+/g, ' ');
  };
  if (!isNot && inner['operator'] !== '===') return { text: text(inner), negated: false };
  const [left, right] = [inner['left'] as Node, inner['right'] as Node];
  return { text: `${text(left)} === ${text(right)}`, negated: isNot };
}

/** Calls `enter` for a node and all below it, with those that are around it, the outermost first. */
export function visit(
  node: Node,
  enter: (node: Node, around: readonly Node[]) => void,
  around: Node[] = [],
): void {
  enter(node, around);
  around.push(node);
  for (const key of visitorKeys[node.type] ?? []) {
    const child = node[key];
    for (const item of Array.isArray(child) ? child : [child]) {
      if (typeof item === 'object' && item !== null && 'type' in item) {
        visit(item as Node, enter, around);
      }
    }
  }
  around.pop();
}
