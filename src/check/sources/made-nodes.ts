import type { Node } from './nodes.ts';

/** Of `namespace A.B` the namespace A, in which B is. */
export function outermost(namespace: Node): Node {
  const id = namespace['id'] as Node;
  if (id.type !== 'TSQualifiedName') return namespace;
  const { start, end } = namespace;
  const inner: Node = { ...namespace, id: id['right'] };
  const only: Node = { type: 'ExportNamedDeclaration', declaration: inner, start, end };
  const body: Node = { type: 'TSModuleBlock', body: [only], start, end };
  return outermost({ ...namespace, id: id['left'], body });
}

/** What the variable of a loop goes through: of `for (const key in object)` the names. */
export function listOfLoop(loop: Node): Node {
  const right = loop['right'] as Node;
  if (loop.type === 'ForOfStatement') return right;
  const { start, end } = right;
  const name = (text: string): Node => ({ type: 'Identifier', name: text, start, end });
  const callee = {
    ...{ type: 'MemberExpression', start, end, computed: false },
    ...{ object: name('Object'), property: name('keys') },
  };
  return { type: 'CallExpression', callee, arguments: [right], start, end };
}

/** The expression `whole.a.b`, of which a pattern takes the value. */
export function propertyOf(whole: Node | null, keys: readonly Node[]): Node | null {
  return keys.reduce<Node | null>(
    (object, property) =>
      object && {
        type: 'MemberExpression',
        start: property.start,
        end: property.end,
        computed: property.type === 'Literal',
        object,
        property,
      },
    whole,
  );
}
