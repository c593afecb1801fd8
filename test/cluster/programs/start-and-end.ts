// Starts a cluster, tells where it is, and has nothing more to do.
import { TempCluster } from '../../../src/cluster/index.ts';

const cluster = await TempCluster.start();
console.log(JSON.stringify({ port: cluster.port, folder: cluster.socketDirectory }));
