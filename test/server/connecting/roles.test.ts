import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contextFor } from '../../../src/client/connect.ts';
import { TempCluster } from '../../../src/cluster/index.ts';
import { resolveConfig } from '../../../src/config/resolve.ts';
import { connectSession } from '../../../src/connecting/connect-session.ts';
import { roleMatches } from '../../../src/connecting/target-session.ts';
import {
  type ConnectOptions,
  connect,
  createPool,
  TargetServerAttributeNotMatched,
  type TargetSessionAttrs,
} from '../../../src/index.ts';
import { hasServer } from '../../support/servers/server.ts';

/** 18 reports its role at start-up; 13 and older had to be asked, which 15 is not. */
const VERSIONS = [18, 15].filter((version) => version === 18 || hasServer(15));

describe.each(VERSIONS)(
  'targetSessionAttrs with a primary and a standby of PostgreSQL %i',
  (version) => {
    let primary: TempCluster;
    let standby: TempCluster;

    beforeAll(async () => {
      primary = await TempCluster.start({ version });
      standby = await TempCluster.startStandby(primary);
    });

    afterAll(async () => {
      await standby?.stop();
      await primary?.stop();
    });

    type Name = 'primary' | 'standby' | 'nobody';

    function at(names: readonly Name[], targetSessionAttrs: TargetSessionAttrs): ConnectOptions {
      const portOf = { primary: primary.port, standby: standby.port, nobody: 1 };
      return {
        host: names.map((name) => `127.0.0.1:${portOf[name]}`),
        user: 'postgres',
        targetSessionAttrs,
      };
    }

    async function chosen(names: readonly Name[], wanted: TargetSessionAttrs): Promise<Name> {
      await using connection = await connect(at(names, wanted));
      const port = await connection.fetchVal<number>('SELECT inet_server_port()');
      return port === primary.port ? 'primary' : 'standby';
    }

    const table: readonly [TargetSessionAttrs, readonly Name[], Name | null][] = [
      ['any', ['primary', 'standby'], 'primary'],
      ['any', ['standby', 'primary'], 'standby'],
      ['primary', ['primary', 'standby'], 'primary'],
      ['primary', ['standby', 'primary'], 'primary'],
      ['primary', ['standby'], null],
      ['standby', ['primary', 'standby'], 'standby'],
      ['standby', ['primary'], null],
      ['read-write', ['standby', 'primary'], 'primary'],
      ['read-write', ['standby'], null],
      ['read-only', ['primary', 'standby'], 'standby'],
      ['read-only', ['primary'], null],
      ['prefer-standby', ['primary', 'standby'], 'standby'],
      ['prefer-standby', ['primary'], 'primary'],
      ['prefer-standby', ['primary', 'nobody'], 'primary'],
      ['prefer-primary', ['standby', 'primary'], 'primary'],
      ['prefer-primary', ['standby'], 'standby'],
      ['prefer-primary', ['nobody', 'standby', 'nobody'], 'standby'],
    ];
    it.each(table)('%s among %j is %s', async (wanted, names, expected) => {
      if (expected !== null) {
        expect(await chosen(names, wanted)).toBe(expected);
        return;
      }
      const error = await connect(at(names, wanted)).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(TargetServerAttributeNotMatched);
      // A failover passes: another try may find the role, however many hosts there are.
      const message = expect.stringContaining(`not ${wanted}`);
      expect(error).toMatchObject({ message, safeToRetry: true, isTransient: true });
    });

    it('read-only and read-write look at default_transaction_read_only too', async () => {
      const strict: ConnectOptions = {
        ...at(['primary'], 'read-only'),
        serverSettings: { default_transaction_read_only: 'on' },
      };
      await using connection = await connect(strict);
      expect(await connection.fetchVal('SELECT pg_is_in_recovery()')).toBe(false);
      await expect(connect({ ...strict, targetSessionAttrs: 'read-write' })).rejects.toThrow(
        TargetServerAttributeNotMatched,
      );
      await using writer = await connect({ ...strict, targetSessionAttrs: 'primary' });
      expect(await writer.fetchVal('SHOW transaction_read_only')).toBe('on');
    });

    it('a server that does not report its role is asked', async () => {
      for (const [cluster, role] of [
        [primary, 'primary'],
        [standby, 'standby'],
      ] as const) {
        const session = await connectSession(contextFor(resolveConfig(cluster.dsn, {})));
        session.server.settings.delete('in_hot_standby');
        session.server.settings.delete('default_transaction_read_only');
        expect(await roleMatches(session, 'primary')).toBe(role === 'primary');
        expect(await roleMatches(session, 'standby')).toBe(role === 'standby');
        expect(await roleMatches(session, 'read-write')).toBe(role === 'primary');
        expect(await roleMatches(session, 'read-only')).toBe(role === 'standby');
        session.terminateGracefully();
      }
    });

    it('the error lists every host with its reason', async () => {
      const names: Name[] = ['standby', 'nobody', 'standby'];
      const error = await connect(at(names, 'primary')).catch((reason: unknown) => reason as Error);
      expect(error).toBeInstanceOf(TargetServerAttributeNotMatched);
      const { message } = error as Error;
      expect(message).toContain('targetSessionAttrs "primary"');
      expect(message.split(`127.0.0.1:${standby.port}: the server is not primary`)).toHaveLength(3);
      expect(message).toMatch(/127\.0\.0\.1:1: .*ECONNREFUSED/);
    });

    it('no connection is left on a server that was passed over', async () => {
      await using watcher = await connect(primary.dsn);
      await chosen(['primary', 'standby'], 'prefer-standby');
      await chosen(['primary', 'standby'], 'standby');
      await expect
        .poll(() =>
          watcher.fetchVal(
            "SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend'",
          ),
        )
        .toBe(1);
    });

    it('a pool follows the primary through a failover', async () => {
      await using pool = await createPool({
        ...at(['primary', 'standby'], 'primary'),
        minSize: 2,
        maxSize: 4,
      });
      const port = 'SELECT inet_server_port()';
      expect(await pool.fetchVal(port)).toBe(primary.port);
      await primary.stop();
      await standby.promote();
      await expect
        .poll(() => pool.fetchVal(port).catch(() => null), { timeout: 20_000 })
        .toBe(standby.port);
      const ports = await Promise.all(Array.from({ length: 20 }, () => pool.fetchVal(port)));
      expect(new Set(ports)).toEqual(new Set([standby.port]));
      expect(await chosen(['primary', 'standby'], 'read-write')).toBe('standby');
      expect(await chosen(['primary', 'standby'], 'prefer-standby')).toBe('standby');
    });
  },
);
