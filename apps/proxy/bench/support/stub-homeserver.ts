import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { reportCpu } from '@lb-matrix/bench';

/** A homeserver that accepts every event at once, so that the proxy in front of it is all that is measured. */
const ANSWER = JSON.stringify({ event_id: '$Rqnc-F-dvnEYJTyHq_iKxU2bZ1CI92-kuZq3a5lr5Zg' });

const server = createServer((request, response) => {
  request.resume().on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': ANSWER.length });
    response.end(ANSWER);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => reportCpu((server.address() as AddressInfo).port));
