import type { TempCluster } from '../../../src/cluster/index.ts';
import type { Connection } from '../../../src/index.ts';
import { sleep } from '../../support/pool.ts';
import type { Random } from '../../support/samples/random.ts';
import type { Fault, FaultProxy } from '../../support/servers/fault-proxy.ts';

/** How long what does not end by itself lasts, in milliseconds. */
const LASTING = 3_000;

/** What the soak's faults need. */
interface Victims {
  readonly proxy: FaultProxy;
  readonly cluster: TempCluster;
  /** A connection around the proxy, replaced when the server was restarted. */
  readonly admin: () => Promise<Connection>;
  /** The pool's `application_name`. */
  readonly name: string;
}

type Disturbance = (victims: Victims, random: Random) => Promise<void>;

/** One or all of the connections that are open now. */
function strike(fault: Fault, share: 'one' | 'all'): Disturbance {
  return async ({ proxy }, random) => {
    const { links } = proxy;
    const struck = share === 'all' || links.length === 0 ? links : [random.pick(links)];
    for (const link of struck) link.strike(fault);
  };
}

/** The next message of a kind, somewhere in the middle of whatever is done then. */
function atNext(name: string, fault: Fault): Disturbance {
  return async ({ proxy }, random) => {
    const where = random.pick(['before', 'within', 'after'] as const);
    await new Promise<void>((resolve) => {
      const end = (): void => {
        proxy.plan = () => null;
        resolve();
      };
      const never = setTimeout(end, LASTING);
      proxy.plan = (message) => {
        if (message.name !== name) return null;
        clearTimeout(never);
        end();
        return { fault, where };
      };
    });
  };
}

/** What it takes does not come back by itself, as with a lost network. */
function silence(share: 'one' | 'all'): Disturbance {
  return async (victims, random) => {
    if (share === 'all') victims.proxy.deaf = true;
    await strike('silence', share)(victims, random);
    await sleep(LASTING);
    victims.proxy.heal();
  };
}

const terminate: Disturbance = async ({ admin, name }, random) => {
  const connection = await admin();
  const most = random.chance(0.5) ? 1 : 100;
  await connection.fetch(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 LIMIT $2',
    name,
    most,
  );
};

const restart: Disturbance = ({ cluster }) => cluster.restart();

const kill: Disturbance = async ({ cluster }) => {
  process.kill(cluster.pid, 'SIGKILL');
  await cluster.restart();
};

export const DISTURBANCES: Readonly<Record<string, Disturbance>> = {
  'cut one': strike('cut', 'one'),
  'cut all': strike('cut', 'all'),
  'reset one': strike('reset', 'one'),
  'reset all': strike('reset', 'all'),
  'half-close one': strike('half-close', 'one'),
  'silence of one': silence('one'),
  'silence of all': silence('all'),
  'drip of all': strike('drip', 'all'),
  'throttle of all': strike('throttle', 'all'),
  'cut at a Bind': atNext('Bind', 'cut'),
  'reset at a DataRow': atNext('DataRow', 'reset'),
  'cut at CopyData': atNext('CopyData', 'cut'),
  'reset at a Query': atNext('Query', 'reset'),
  'cut at CommandComplete': atNext('CommandComplete', 'cut'),
  'reset at ReadyForQuery': atNext('ReadyForQuery', 'reset'),
  'half-close at a Parse': atNext('Parse', 'half-close'),
  'backends terminated': terminate,
  restart,
  'kill -9': kill,
};
