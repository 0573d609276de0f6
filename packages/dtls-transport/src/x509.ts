export { subjectPublicKeyInfo } from './x509/parse-certificate.ts';
export { type VerifyPeerOptions, verifyPeer } from './x509/verify-peer.ts';
