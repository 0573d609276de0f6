import { nobleCrypto } from '../../src/noble/crypto-provider.ts';
import { keyAgreement } from '../../src/noble/key-agreement.ts';
import { testProvider } from './conformance/provider.ts';

testProvider({ name: 'noble', crypto: nobleCrypto, agreementFrom: keyAgreement });
