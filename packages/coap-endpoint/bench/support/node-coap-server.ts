import { reportCpu } from '@lb-matrix/bench';
import { createServer } from 'coap';

/** The same on node-coap. */
const server = createServer((incoming, outgoing) => {
  outgoing.code = '2.05';
  outgoing.end(incoming.payload);
});
await new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()));
// It does not tell its port; its socket does.
reportCpu((server as unknown as { _sock: { address(): { port: number } } })._sock.address().port);
