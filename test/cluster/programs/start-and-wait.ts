// Starts a cluster, tells where it is, and waits to be killed.
import { TempCluster } from '../../../src/cluster/index.ts';

const cluster = await TempCluster.start();
console.log(JSON.stringify({ port: cluster.port, folder: cluster.socketDirectory }));
setInterval(() => {}, 1_000);
