import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../../tools/entries.ts';

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly items?: readonly unknown[] };
  readonly result?: unknown;
}

/** What is told at a place of a file. */
export interface Diagnostic {
  readonly message: string;
  readonly range: { readonly start: { readonly line: number; readonly character: number } };
}

/** TypeScript's own language server, as an editor speaks to it. */
export class LanguageServer implements Disposable {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (result: unknown) => void>();
  #received = Buffer.alloc(0);
  #lastId = 0;
  #version = 0;

  private constructor(folder: string) {
    const compiler = path.join(root, 'node_modules/.bin/tsc');
    this.#child = spawn(compiler, ['--lsp', '--stdio'], {
      cwd: folder,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#receive(chunk));
  }

  static async start(folder: string): Promise<LanguageServer> {
    const server = new LanguageServer(folder);
    const rootUri = pathToFileURL(folder).href;
    await server.#request('initialize', {
      processId: process.pid,
      rootUri,
      workspaceFolders: [{ uri: rootUri, name: 'project' }],
      capabilities: {
        textDocument: { diagnostic: {}, hover: { contentFormat: ['plaintext'] } },
        workspace: { didChangeWatchedFiles: { dynamicRegistration: true }, configuration: true },
      },
    });
    server.#send({ method: 'initialized', params: {} });
    return server;
  }

  open(file: string, text: string): void {
    const textDocument = {
      uri: pathToFileURL(file).href,
      languageId: 'typescript',
      version: 0,
      text,
    };
    this.#send({ method: 'textDocument/didOpen', params: { textDocument } });
  }

  edit(file: string, text: string): void {
    this.#version += 1;
    const textDocument = { uri: pathToFileURL(file).href, version: this.#version };
    const params = { textDocument, contentChanges: [{ text }] };
    this.#send({ method: 'textDocument/didChange', params });
  }

  /** A file that is not open has changed. */
  changed(file: string): void {
    const params = { changes: [{ uri: pathToFileURL(file).href, type: 2 }] };
    this.#send({ method: 'workspace/didChangeWatchedFiles', params });
  }

  async diagnostics(file: string): Promise<readonly Diagnostic[]> {
    const textDocument = { uri: pathToFileURL(file).href };
    const result = await this.#request('textDocument/diagnostic', { textDocument });
    return (result as { items?: readonly Diagnostic[] } | null)?.items ?? [];
  }

  /** What stands in the box over the first place of `what` behind `after`. */
  async hover(file: string, text: string, what: string, after = ''): Promise<string> {
    const params = {
      textDocument: { uri: pathToFileURL(file).href },
      position: placeOf(text, what, after),
    };
    const result = await this.#request('textDocument/hover', params);
    return (result as { contents?: { value?: string } } | null)?.contents?.value ?? '';
  }

  /** The signature that is shown within the brackets of a call. */
  async signature(file: string, text: string, what: string, after = ''): Promise<string> {
    const params = {
      textDocument: { uri: pathToFileURL(file).href },
      position: placeOf(text, what, after),
    };
    const result = await this.#request('textDocument/signatureHelp', params);
    return (
      (result as { signatures?: readonly { label: string }[] } | null)?.signatures?.[0]?.label ?? ''
    );
  }

  #request(method: string, params: unknown): Promise<unknown> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#send({ id, method, params });
    });
  }

  #send(message: object): void {
    const text = JSON.stringify({ jsonrpc: '2.0', ...message });
    this.#child.stdin?.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  }

  #receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    for (;;) {
      const head = this.#received.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(
        /Content-Length: (\d+)/i.exec(this.#received.toString('utf8', 0, head))?.[1],
      );
      if (this.#received.length < head + 4 + length) return;
      const message = JSON.parse(
        this.#received.toString('utf8', head + 4, head + 4 + length),
      ) as Message;
      this.#received = this.#received.subarray(head + 4 + length);
      if (message.id === undefined) continue;
      if (message.method === undefined) {
        this.#waiting.get(message.id)?.(message.result);
        this.#waiting.delete(message.id);
      } else {
        // It asks for settings, of which there are none.
        const result = message.params?.items?.map(() => ({})) ?? null;
        this.#send({ id: message.id, result });
      }
    }
  }

  [Symbol.dispose](): void {
    this.#child.kill();
  }
}

function placeOf(text: string, what: string, after: string): { line: number; character: number } {
  const offset = text.indexOf(what, text.indexOf(after));
  if (offset < 0) throw new Error(`there is no ${what}`);
  const before = text.slice(0, offset).split('\n');
  return { line: before.length - 1, character: before.at(-1)!.length };
}
