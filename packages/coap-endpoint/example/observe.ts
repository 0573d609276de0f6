import { Code, OptionNumber, stringOption } from '@lb-matrix/coap-codec';
import { type CoapResponse, connect, listen, type Observation } from '@lb-matrix/coap-endpoint';
import { connectUdp, listenUdp, nodePlatform as platform } from '@lb-matrix/coap-endpoint/node';

const observers = new Set<Observation>();
let degrees = 20;
const state = (): CoapResponse => ({
  code: Code.Content,
  options: [],
  payload: new TextEncoder().encode(`${degrees} degrees`),
});

const udp = await listenUdp({ host: '127.0.0.1' });
const server = listen(udp, {
  platform,
  handler(request) {
    const observer = request.observe();
    if (observer !== undefined) {
      observers.add(observer);
      observer.signal.addEventListener('abort', () => observers.delete(observer));
    }
    return state();
  },
});

const client = connect(await connectUdp({ host: '127.0.0.1', port: udp.address.port }), { platform });
const temperature = { code: Code.GET, options: [stringOption(OptionNumber.UriPath, 'temperature')] };
for await (const { payload } of client.observe(temperature)) {
  console.log(new TextDecoder().decode(payload));
  if (degrees === 22) break;
  degrees++;
  for (const observer of observers) console.log(await observer.notify(state()));
}

client.close();
await server.close();
