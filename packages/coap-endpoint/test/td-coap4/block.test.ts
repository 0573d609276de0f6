import { Code, OptionNumber, uintOption } from '@lb-matrix/coap-codec';
import { describe, expect, it } from 'vitest';
import { bodyOf, path, text } from '../support/messages.ts';
import { type Bench, bench } from '../support/td-coap4.ts';
import { LARGE } from '../support/td-coap4-server.ts';

/** The ETSI test descriptions for CoAP, block.yml, with our client and our server. */
const octets = uintOption(OptionNumber.ContentFormat, 42);
/** The lines without what is the same in all of them. */
const blocks = ({ wire }: Bench) => wire().map((line) => line.replace(/ (Uri-Path|Content-Format|ETag):\S+/g, ''));

/** LARGE has 2560 bytes: three blocks of 1024. */
describe('TD_COAP_BLOCK', () => {
  it('01 GET, early negotiation', async () => {
    const all = bench();
    const options = [...path('large'), uintOption(OptionNumber.Block2, 6)];
    const { payload } = await all.time.until(all.client.request({ code: Code.GET, options }));
    expect(payload).toEqual(LARGE);
    expect(blocks(all)).toEqual([
      '> CON GET C1 T1 Block2:0/0/1024',
      '< ACK 2.05 C1 T1 Block2:0/1/1024 Size2:2560 (1024 bytes)',
      '> CON GET C2 T1 Block2:1/0/1024',
      '< ACK 2.05 C2 T1 Block2:1/1/1024 (1024 bytes)',
      '> CON GET C3 T1 Block2:2/0/1024',
      '< ACK 2.05 C3 T1 Block2:2/0/1024 (512 bytes)',
    ]);
  });

  it('02 GET, late negotiation', async () => {
    const all = bench();
    const { payload } = await all.time.until(all.client.request({ code: Code.GET, options: path('large') }));
    expect(payload).toEqual(LARGE);
    expect(blocks(all)).toEqual([
      '> CON GET C1 T1',
      '< ACK 2.05 C1 T1 Block2:0/1/1024 Size2:2560 (1024 bytes)',
      '> CON GET C2 T1 Block2:1/0/1024',
      '< ACK 2.05 C2 T1 Block2:1/1/1024 (1024 bytes)',
      '> CON GET C3 T1 Block2:2/0/1024',
      '< ACK 2.05 C3 T1 Block2:2/0/1024 (512 bytes)',
    ]);
  });

  it('03 PUT', async () => {
    const all = bench();
    const payload = bodyOf(2500);
    await all.time.until(all.client.request({ code: Code.PUT, options: [...path('large-update'), octets], payload }));
    expect(blocks(all)).toEqual([
      '> CON PUT C1 T1 Block1:0/1/1024 Size1:2500 (1024 bytes)',
      '< ACK 2.31 C1 T1 Block1:0/1/1024',
      '> CON PUT C2 T1 Block1:1/1/1024 (1024 bytes)',
      '< ACK 2.31 C2 T1 Block1:1/1/1024',
      '> CON PUT C3 T1 Block1:2/0/1024 (452 bytes)',
      '< ACK 2.04 C3 T1 Block1:2/0/1024',
    ]);
    const stored = await all.time.until(all.client.request({ code: Code.GET, options: path('large-update') }));
    expect(stored.payload).toEqual(payload);
  });

  it('04 POST that creates', async () => {
    const all = bench();
    const payload = bodyOf(2048);
    const { options } = await all.time.until(
      all.client.request({ code: Code.POST, options: [...path('large-create'), octets], payload }),
    );
    expect(blocks(all)).toEqual([
      '> CON POST C1 T1 Block1:0/1/1024 Size1:2048 (1024 bytes)',
      '< ACK 2.31 C1 T1 Block1:0/1/1024',
      '> CON POST C2 T1 Block1:1/0/1024 (1024 bytes)',
      '< ACK 2.01 C2 T1 Location-Path:large-create Location-Path:1 Block1:1/0/1024',
    ]);
    // The Uri-Path options are those of Location-Path.
    const location = options.map(({ value }) => ({ number: OptionNumber.UriPath, value }));
    const made = await all.time.until(all.client.request({ code: Code.GET, options: location }));
    expect(made.payload).toEqual(payload);
  });

  it('05 POST with blocks both ways', async () => {
    const all = bench();
    const payload = text('abcdefghij'.repeat(250));
    const response = await all.time.until(
      all.client.request({ code: Code.POST, options: [...path('large-post'), octets], payload }),
    );
    expect(response.payload).toEqual(text('ABCDEFGHIJ'.repeat(250)));
    expect(blocks(all)).toEqual([
      '> CON POST C1 T1 Block1:0/1/1024 Size1:2500 (1024 bytes)',
      '< ACK 2.31 C1 T1 Block1:0/1/1024',
      '> CON POST C2 T1 Block1:1/1/1024 (1024 bytes)',
      '< ACK 2.31 C2 T1 Block1:1/1/1024',
      '> CON POST C3 T1 Block1:2/0/1024 (452 bytes)',
      '< ACK 2.04 C3 T1 Block2:0/1/1024 Block1:2/0/1024 Size2:2500 (1024 bytes)',
      '> CON POST C4 T1 Block2:1/0/1024',
      '< ACK 2.04 C4 T1 Block2:1/1/1024 (1024 bytes)',
      '> CON POST C5 T1 Block2:2/0/1024',
      '< ACK 2.04 C5 T1 Block2:2/0/1024 (452 bytes)',
    ]);
  });

  it('06 GET, early negotiation of 16 bytes', async () => {
    const all = bench();
    const options = [...path('large'), uintOption(OptionNumber.Block2, 0)];
    const { payload } = await all.time.until(all.client.request({ code: Code.GET, options }));
    expect(payload).toEqual(LARGE);
    const lines = blocks(all);
    expect(lines).toHaveLength(2 * 160);
    expect(lines.slice(0, 4)).toEqual([
      '> CON GET C1 T1 Block2:0/0/16',
      '< ACK 2.05 C1 T1 Block2:0/1/16 Size2:2560 "000000000000000\n"',
      '> CON GET C2 T1 Block2:1/0/16',
      '< ACK 2.05 C2 T1 Block2:1/1/16 "000000000000001\n"',
    ]);
    expect(lines.slice(-2)).toEqual([
      '> CON GET C160 T1 Block2:159/0/16',
      '< ACK 2.05 C160 T1 Block2:159/0/16 "000000000000159\n"',
    ]);
  });
});
