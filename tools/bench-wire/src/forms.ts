import type { LowBandwidthFetchOptions } from '@lb-matrix/lb-client';
import { nodeDeflate } from '@lb-matrix/msc3079-mapper/node';

/** What a client asks the server for: nothing beyond MSC3079, or tables 2, base64 as bytes and compression. */
export type Forms = 'plain' | 'all';

/** The options of a client. */
export function formsOf(forms: Forms): Pick<LowBandwidthFetchOptions, 'tables' | 'compression'> {
  return forms === 'plain' ? { tables: 1, compression: false } : { tables: 2, compression: { deflate: nodeDeflate() } };
}
