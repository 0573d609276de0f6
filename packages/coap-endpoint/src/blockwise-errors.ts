import { BlockwiseError, type BlockwiseReason } from '@lb-matrix/blockwise';
import { CoapError } from '@lb-matrix/coap-codec';
import { EndpointError, type EndpointErrorReason } from './errors.ts';

const REASONS: Record<BlockwiseReason, EndpointErrorReason> = {
  no_room: 'request_too_large',
  body_too_large: 'request_too_large',
  already_blockwise: 'invalid_request',
  bad_block: 'bad_block',
  body_changed: 'body_changed',
  peer_body_too_large: 'response_too_large',
};

export function fromBlockwise(error: BlockwiseError): EndpointError {
  return new EndpointError(error.code, REASONS[error.reason], error.message, { cause: error });
}

/** What blockwise and the codec refuse is the caller's mistake. */
export function refusing<T>(attempt: () => T): T {
  try {
    return attempt();
  } catch (error) {
    if (error instanceof BlockwiseError) throw fromBlockwise(error);
    if (error instanceof CoapError) {
      throw new EndpointError('refused', 'invalid_request', error.message, { cause: error });
    }
    throw error;
  }
}
