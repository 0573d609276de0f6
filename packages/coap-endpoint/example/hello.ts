import { Code, codeToString, OptionNumber, stringOption, stringValues } from '@lb-matrix/coap-codec';
import { connect, listen } from '@lb-matrix/coap-endpoint';
import { connectUdp, listenUdp, nodePlatform as platform } from '@lb-matrix/coap-endpoint/node';

const udp = await listenUdp({ host: '127.0.0.1' });
const server = listen(udp, {
  platform,
  handler: async (request) => {
    const [name] = stringValues(request.options, OptionNumber.UriPath) ?? [];
    const payload = new TextEncoder().encode(`Hello, ${name}! `.repeat(200));
    return { code: Code.Content, options: [], payload };
  },
});

const client = connect(await connectUdp({ host: '127.0.0.1', port: udp.address.port }), { platform });
const { code, payload } = await client.request({
  code: Code.GET,
  options: [stringOption(OptionNumber.UriPath, 'world')],
});
console.log(codeToString(code), new TextDecoder().decode(payload.subarray(0, 14)), `... ${payload.length} bytes`);
console.log(`${client.stats().roundTrips} round trips`);

client.close();
await server.close({ graceful: 1000 });
