import { type Node, nameOf, unwrapped, visit } from './nodes.ts';

/** What is written to: what a name is declared as, or else the name itself, or `a.b`. */
type Written = object | string;

/** Where a file writes to variables and properties: what is asked of them may be another thing behind it. */
export class Writes {
  readonly #source: string;
  readonly #declared: (name: string, at: Node) => object | undefined;
  readonly #targets: { readonly target: Node; readonly place: number }[] = [];
  #places: Map<Written, number[]> | null = null;

  /** @param declared what a name is declared as where a node is */
  constructor(source: string, declared: (name: string, at: Node) => object | undefined) {
    this.#source = source;
    this.#declared = declared;
  }

  /** Notes what a node writes to, if it does. */
  note(node: Node): void {
    const target = node['left'] ?? node['argument'];
    if (/^(?:Assignment|Update)Expression$/.test(node.type)) {
      this.#targets.push({ target: unwrapped(target as Node), place: node.end });
    }
  }

  /** How often there was written to what an expression is made of, ahead of it or of another place. */
  before(expression: Node, end: number = expression.start): number {
    if (this.#targets.length === 0) return 0;
    this.#places ??= this.#found();
    const all = this.#writtenIn(expression).flatMap((each) => this.#places?.get(each) ?? []);
    return all.filter((place) => place <= end).length;
  }

  /** All names are known by then. */
  #found(): Map<Written, number[]> {
    const places = new Map<Written, number[]>();
    for (const { target, place } of this.#targets) {
      const all = target.type.endsWith('Pattern')
        ? this.#writtenIn(target)
        : this.#writtenIn(target).slice(0, 1);
      for (const each of all) places.set(each, [...(places.get(each) ?? []), place]);
    }
    return places;
  }

  /** The names and properties in an expression, the outermost first. */
  #writtenIn(expression: Node): Written[] {
    const found = new Set<Written>();
    visit(expression, (node) => {
      if (node.type === 'Identifier') {
        const name = nameOf(node);
        found.add(this.#declared(name, node) ?? name);
      } else if (node.type === 'MemberExpression') {
        found.add(this.#source.slice(node.start, node.end).replaceAll(/\s+/g, ''));
      }
    });
    return [...found];
  }
}
