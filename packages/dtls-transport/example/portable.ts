import { DtlsClient, DtlsListener } from '@lb-matrix/dtls-transport';
import { nobleCrypto } from '@lb-matrix/dtls-transport/noble';

// Nothing here is Node's: it runs in a browser too. Both sides share a key, so there are no certificates.
const randomBytes = (length: number) => globalThis.crypto.getRandomValues(new Uint8Array(length));
const platform = { crypto: nobleCrypto, randomBytes };
const key = randomBytes(16);
const text = new TextEncoder();

const listener = new DtlsListener({ ...platform, psk: true });
const client = new DtlsClient({ ...platform, path: 'server', psk: { identity: text.encode('phone'), key } }, 0);
client.send(text.encode('hello without Node'));

// The network: what one side has to send is handed to the other, until both are silent.
const buffer = new Uint8Array(2_048);
for (let isSilent = false; !isSilent; ) {
  isSilent = true;
  for (let sent = client.pollTransmit(buffer); sent; sent = client.pollTransmit(buffer)) {
    listener.receive(buffer.slice(0, sent.length), 'client', 0);
    isSilent = false;
  }
  for (let event = listener.pollEvent(); event; event = listener.pollEvent()) {
    if (event.type === 'pskIdentity') listener.acceptPsk(event.peer, key, 0); // of the client of this name
    if (event.type === 'connected') console.log(event.cipherSuite);
    if (event.type === 'data') console.log(new TextDecoder().decode(event.data));
  }
  for (let sent = listener.pollTransmit(buffer); sent; sent = listener.pollTransmit(buffer)) {
    client.receive(buffer.slice(0, sent.length), 'server', 0);
    isSilent = false;
  }
}
