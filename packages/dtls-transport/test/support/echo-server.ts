import { readFileSync } from 'node:fs';
import { readPemCertificates, readPemPrivateKey } from '../../src/index.ts';
import { listenDtls } from '../../src/node.ts';

/** An echo server as a process of its own, with the server's certificate of the fixtures: `echo-server.ts PORT`. Prints its port. */

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}.pem`, import.meta.url), 'utf8');

const listener = await listenDtls({
  host: '127.0.0.1',
  port: Number(process.argv[2]),
  certificate: {
    chain: readPemCertificates(fixture('server-certificate')),
    privateKey: readPemPrivateKey(fixture('server-key')),
  },
});
listener.onPipe = (pipe) => {
  pipe.onDatagram = (datagram) => pipe.send(datagram);
};
console.log(listener.address.port);
