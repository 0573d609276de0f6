import { listen, type PipeListener } from '@lb-matrix/coap-endpoint';
import { nodePlatform } from '@lb-matrix/coap-endpoint/node';
import { serving, tdCoap4Resources } from '../../../../packages/coap-endpoint/test/support/td-coap4-resources.ts';
import { observed, startTicking } from './our-observed.ts';
import { tapListener, type Wire } from './trace.ts';

const LARGE = new TextEncoder().encode('0123456789abcdef'.repeat(4096));
const LATE = 1000;

/** Serves the resources of the ETSI test descriptions, with fresh contents, on a listener; what crosses the wire is in `wire`. */
export function serveResources(listener: PipeListener, wire: Wire): { close(): Promise<void> } {
  const resources = tdCoap4Resources(LARGE, () => new Promise((resolve) => setTimeout(resolve, LATE)));
  resources.set('obs-still', observed());
  const ticking = startTicking(resources);
  const server = listen(tapListener(listener, wire), { platform: nodePlatform, handler: serving(resources) });
  return {
    close() {
      ticking.stop();
      return server.close();
    },
  };
}
