/** Three nodes under Patroni with etcd, and HAProxy and PgBouncer in front of them. */
import type { ChildProcess } from 'node:child_process';
import { connect } from '../../src/index.ts';
import { freePort, sleep } from '../support/pool.ts';
import { family, kill, type Processes, postmaster } from './processes.ts';

interface Member {
  readonly name: string;
  readonly role: string;
  readonly state: string;
  readonly port: number;
}

interface Node {
  readonly name: string;
  readonly port: number;
  readonly api: number;
  readonly data: string;
  readonly config: string;
  patroni: ChildProcess | null;
}

/** How long the cluster may take to be whole, in milliseconds. */
const PATIENCE = 120_000;

export class PatroniCluster {
  readonly nodes: Node[] = [];
  readonly #processes: Processes;

  private constructor(processes: Processes) {
    this.#processes = processes;
  }

  static async start(processes: Processes, binDir: string): Promise<PatroniCluster> {
    const cluster = new PatroniCluster(processes);
    const [client, peer] = [await freePort(), await freePort()];
    processes.start('/usr/bin/etcd', [
      ...['--data-dir', await processes.folderOf('etcd'), '--log-level', 'error'],
      ...['--listen-client-urls', `http://127.0.0.1:${client}`],
      ...['--advertise-client-urls', `http://127.0.0.1:${client}`],
      ...['--listen-peer-urls', `http://127.0.0.1:${peer}`],
      ...['--initial-advertise-peer-urls', `http://127.0.0.1:${peer}`],
      ...['--initial-cluster', `default=http://127.0.0.1:${peer}`],
    ]);
    for (const name of ['n1', 'n2', 'n3']) await cluster.#addNode(name, client, binDir);
    for (const node of cluster.nodes) {
      cluster.startNode(node);
      // The first one there makes the cluster, the others copy it.
      if (node === cluster.nodes[0]) await cluster.until((members) => isLed(members), 'a leader');
    }
    await cluster.whole();
    return cluster;
  }

  async #addNode(name: string, etcd: number, binDir: string): Promise<void> {
    const [port, api] = [await freePort(), await freePort()];
    const folder = await this.#processes.folderOf(name);
    const data = `${folder}/data`;
    this.#processes.watch(data);
    const config = await this.#processes.write(
      `${name}.yml`,
      `scope: asyncpg
name: ${name}
restapi: { listen: '127.0.0.1:${api}', connect_address: '127.0.0.1:${api}' }
etcd3: { hosts: '127.0.0.1:${etcd}' }
bootstrap:
  dcs:
    ttl: 8
    loop_wait: 1
    retry_timeout: 3
    synchronous_mode: true
    postgresql:
      use_pg_rewind: true
      parameters:
        max_connections: 200
        wal_log_hints: 'on'
        wal_keep_size: 512MB
        fsync: 'off'
  initdb: [{ encoding: UTF8 }, { locale: C }]
  pg_hba:
    - host all all 127.0.0.1/32 trust
    - host replication all 127.0.0.1/32 trust
postgresql:
  listen: 127.0.0.1:${port}
  connect_address: 127.0.0.1:${port}
  data_dir: ${data}
  bin_dir: ${binDir}
  pgpass: ${folder}/pgpass
  authentication:
    replication: { username: replicator, password: r }
    superuser: { username: postgres, password: p }
  parameters: { unix_socket_directories: '${folder}' }
watchdog: { mode: 'off' }
`,
    );
    this.nodes.push({ name, port, api, data, config, patroni: null });
  }

  startNode(node: Node): void {
    node.patroni = this.#processes.start('/usr/bin/patroni', [node.config]);
  }

  get urls(): string[] {
    return this.nodes.map(({ api }) => `http://127.0.0.1:${api}`);
  }

  async members(): Promise<readonly Member[]> {
    for (const url of this.urls) {
      try {
        const answer = await fetch(`${url}/cluster`, { signal: AbortSignal.timeout(1_000) });
        return ((await answer.json()) as { members: Member[] }).members;
      } catch {
        // Another one may.
      }
    }
    return [];
  }

  async until(holds: (members: readonly Member[]) => boolean, what: string): Promise<void> {
    const began = performance.now();
    while (!holds(await this.members())) {
      if (performance.now() - began > PATIENCE) throw new Error(`Patroni has not got ${what}`);
      await sleep(200);
    }
  }

  /** Resolves when all three run, and one of them is a synchronous standby. */
  async whole(): Promise<void> {
    const serves = ({ state }: Member): boolean => state === 'running' || state === 'streaming';
    await this.until(
      (members) =>
        isLed(members) &&
        members.filter(serves).length === 3 &&
        members.some(({ role }) => role === 'sync_standby'),
      'three nodes',
    );
  }

  async leader(): Promise<Node> {
    await this.until(isLed, 'a leader');
    const name = (await this.members()).find(({ role }) => role === 'leader')?.name;
    return this.nodes.find((node) => node.name === name) ?? this.leader();
  }

  async switchover(): Promise<void> {
    const { name } = await this.leader();
    const [first] = (await this.members()).filter(({ role }) => role === 'sync_standby');
    const env = { LC_ALL: 'C.UTF-8', LANG: 'C.UTF-8' };
    const { config } = this.nodes[0]!;
    const args = [
      '-c',
      config,
      'switchover',
      '--master',
      name,
      '--candidate',
      first!.name,
      '--force',
    ];
    await this.#processes.run('/usr/bin/patronictl', args, env);
  }

  /** Sends a signal to the server of a node, and to Patroni too unless that is to see to it. */
  async strike(node: Node, signal: NodeJS.Signals, andPatroni: boolean): Promise<void> {
    const server = await postmaster(node.data);
    const processes = server === null ? [] : await family(server);
    // Patroni first, so that it does nothing about it.
    if (andPatroni) kill(node.patroni!.pid!, signal);
    for (const pid of processes) kill(pid, signal);
  }

  /** HAProxy with Patroni's checks: the leader alone gets connections. Resolves to its port. */
  async haproxy(): Promise<number> {
    const port = await freePort();
    const config = await this.#processes.write(
      'haproxy.cfg',
      `defaults
  mode tcp
  timeout connect 1s
  timeout client 1h
  timeout server 1h
  timeout check 1s
listen primary
  bind 127.0.0.1:${port}
  option httpchk OPTIONS /primary
  http-check expect status 200
  default-server inter 500ms fall 2 rise 1 on-marked-down shutdown-sessions
${this.nodes.map(({ name, port: to, api }) => `  server ${name} 127.0.0.1:${to} check port ${api}`).join('\n')}
`,
    );
    this.#processes.start('/usr/sbin/haproxy', ['-db', '-f', config]);
    await untilUp(port);
    return port;
  }

  /** PgBouncer in transaction mode in front of HAProxy. */
  async pgbouncer(haproxy: number): Promise<number> {
    const port = await freePort();
    const users = await this.#processes.write('users.txt', '"postgres" "p"\n');
    const config = await this.#processes.write(
      'pgbouncer.ini',
      `[databases]
* = host=127.0.0.1 port=${haproxy}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${users}
pool_mode = transaction
default_pool_size = 20
server_login_retry = 1
`,
    );
    this.#processes.start('/usr/sbin/pgbouncer', [config]);
    await untilUp(port);
    return port;
  }
}

function isLed(members: readonly Member[]): boolean {
  return members.some(({ role, state }) => role === 'leader' && state === 'running');
}

/** Waits until the server at a port answers queries. */
async function untilUp(port: number): Promise<void> {
  const began = performance.now();
  for (;;) {
    try {
      await using connection = await connect({
        ...{ host: '127.0.0.1', port, user: 'postgres', password: 'p', database: 'postgres' },
        ...{ statementCacheSize: 0, timeout: 2_000, ssl: false },
      });
      await connection.fetchVal('SELECT 1');
      return;
    } catch (error) {
      if (performance.now() - began > 30_000) throw error;
      await sleep(100);
    }
  }
}
