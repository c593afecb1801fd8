import { ProtocolError } from '../errors/client-errors.ts';
import { type ParameterStatus, readParameterStatus } from '../protocol/backend/session.ts';
import type { MessageReader } from '../protocol/reader.ts';
import { capabilitiesOf, type ServerCapabilities } from './capabilities.ts';
import { checkClientEncoding } from './client-encoding.ts';
import { ROLE_SETTINGS, reportedReadOnly } from './server-role.ts';
import { parseServerVersion, type ServerVersion } from './server-version.ts';

/** Far beyond what any server reports. */
const MAX_SETTINGS = 200;

/** What the last server has reported at its start-up: most often the next one reports just that. */
const lastReports: ParameterStatus[] = [];

/** What a session's server has told of itself. */
export class Server {
  /** The parameters that it reports, by name, as they are now. */
  readonly settings: Map<string, string> = new Map();
  /** It has shown that it may have got another role than when this session began. */
  isRoleInDoubt = false;
  /** The texts are read as UTF-8 whatever their encoding is: that is for its user to see to. */
  takesAnyEncoding = false;
  /** Called when a parameter has changed. */
  onReport: () => void = () => {};
  #isStarted = false;
  /**
   * The parameters as they were at start-up, or when they were last taken for the session's own; null: they
   * still are.
   */
  #own: ReadonlyMap<string, string> | null = null;
  readonly #changed = new Set<string>();
  #version: ServerVersion | null = null;
  #capabilities: ServerCapabilities | null = null;

  /** Takes a ParameterStatus. PostgreSQL manual, "Asynchronous Operations" of the protocol. */
  report(reader: MessageReader): void {
    if (!this.#isStarted) {
      this.#reportAtStartUp(reader);
      return;
    }
    const { name, value } = readParameterStatus(reader);
    this.#own ??= new Map(this.settings);
    this.#set(name, value);
    this.onReport();
    if (this.#own!.get(name) === value) this.#changed.delete(name);
    else this.#changed.add(name);
    if (name === 'client_encoding' && !this.takesAnyEncoding) checkClientEncoding(this.settings);
    if (ROLE_SETTINGS.has(name)) this.isRoleInDoubt = true;
  }

  #reportAtStartUp(reader: MessageReader): void {
    const index = this.settings.size;
    const likely = lastReports[index];
    const report = readParameterStatus(reader, likely);
    this.#set(report.name, report.value);
    if (report !== likely) lastReports[index] = report;
  }

  #set(name: string, value: string): void {
    this.settings.set(name, value);
    if (this.settings.size > MAX_SETTINGS) {
      throw new ProtocolError('the server reports too many parameters');
    }
  }

  /** All that it reports at start-up is known. */
  started(): void {
    this.#isStarted = true;
    checkClientEncoding(this.settings);
  }

  /** A parameter that it reports is not as it was: somebody may have set it. */
  get hasChanged(): boolean {
    return this.#changed.size > 0;
  }

  /** The parameters are from here on as they should be. */
  takeForOwn(): void {
    if (this.#changed.size === 0) return;
    this.#own = null;
    this.#changed.clear();
  }

  /** Its version at start-up. */
  get version(): ServerVersion {
    this.#version ??= parseServerVersion(this.settings.get('server_version') ?? '');
    return this.#version;
  }

  /** What this kind of server can do. */
  get capabilities(): ServerCapabilities {
    this.#capabilities ??= capabilitiesOf(this.settings);
    return this.#capabilities;
  }

  /** Whether it takes no writes; null: it does not tell. */
  get isReadOnly(): boolean | null {
    return reportedReadOnly(this.settings);
  }
}
