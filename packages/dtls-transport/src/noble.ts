export { nobleCrypto } from './noble/crypto-provider.ts';
