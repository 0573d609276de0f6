import { reportCpu } from '@lb-matrix/bench';
import { Code } from '@lb-matrix/coap-codec';
import { listen } from '../../src/index.ts';
import { listenUdp, nodePlatform as platform } from '../../src/node.ts';

/** Our server that sends back what it gets, to be measured. It remembers all that a benchmark asks, as RFC 7252 wants. */
const udp = await listenUdp();
listen(udp, {
  platform,
  handler: ({ payload }) => ({ code: Code.Content, options: [], payload }),
  maxPeerDuplicates: 65_536,
});
reportCpu(udp.address.port);
