import { type Node, nameOf, requiredBy } from './nodes.ts';

/** A name of another module's, `*` for all of them. */
export interface Imported {
  readonly from: string;
  readonly name: string;
}

/** What a module has of others, and what others may have of it. */
export class Links {
  /** What its names are imported as. */
  readonly imports = new Map<string, Imported>();
  /** What it exports by which name: of its own, where `from` is null. */
  readonly exports = new Map<string, { from: string | null; name: string }>();
  /** The modules all of whose names it exports. */
  readonly allOf: string[] = [];

  /** Notes what a statement imports or exports. */
  declare(node: Node): void {
    switch (node.type) {
      case 'ImportDeclaration':
        for (const each of node['specifiers'] as readonly Node[]) {
          const imported = each.type === 'ImportSpecifier' ? nameOf(each['imported']) : 'default';
          const from = (node['source'] as Node)['value'] as string;
          const name = each.type === 'ImportNamespaceSpecifier' ? '*' : imported;
          this.imports.set(nameOf(each['local']), { from, name });
        }
        break;
      case 'TSImportEqualsDeclaration': {
        const from = requiredBy(node['moduleReference'] as Node);
        if (from !== null) this.imports.set(nameOf(node['id']), { from, name: '*' });
        break;
      }
      case 'ExportNamedDeclaration':
        for (const each of node['specifiers'] as readonly Node[]) {
          const from = ((node['source'] ?? null) as Node | null)?.['value'] as string | undefined;
          this.exports.set(nameOf(each['exported']), {
            from: from ?? null,
            name: nameOf(each['local']),
          });
        }
        break;
      case 'ExportAllDeclaration': {
        const from = (node['source'] as Node)['value'] as string;
        if (node['exported']) this.exports.set(nameOf(node['exported']), { from, name: '*' });
        else this.allOf.push(from);
        break;
      }
      default:
    }
  }
}
