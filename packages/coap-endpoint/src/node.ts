export { nodePlatform } from './node/platform.ts';
export { type ConnectUdpOptions, connectUdp } from './node/udp-client.ts';
export { type ListenUdpOptions, listenUdp, type UdpListener } from './node/udp-listener.ts';
