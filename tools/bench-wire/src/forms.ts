import type { NodeLowBandwidthFetchOptions } from '@lb-matrix/lb-client/node';

/** What a client asks the server for: nothing beyond MSC3079, or tables 2, base64 as bytes, compression and lean answers. */
export type Forms = 'plain' | 'all';

/** The options of a client. */
export function formsOf(forms: Forms): Pick<NodeLowBandwidthFetchOptions, 'tables' | 'compression' | 'lean'> {
  return forms === 'plain'
    ? { tables: 1, compression: false, lean: false }
    : { tables: 2, compression: {}, lean: true };
}
