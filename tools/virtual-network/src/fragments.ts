const IPV4_HEADER = 20;
const UDP_HEADER = 8;

/** The sizes of the IPv4 packets that carry a UDP datagram, headers included (RFC 791 section 3.2). */
export function fragments(payload: number, mtu: number): number[] {
  const total = UDP_HEADER + payload;
  if (IPV4_HEADER + total <= mtu) return [IPV4_HEADER + total];
  // All but the last carry a multiple of 8 bytes.
  const each = Math.floor((mtu - IPV4_HEADER) / 8) * 8;
  const sizes: number[] = [];
  for (let sent = 0; sent < total; sent += each) sizes.push(IPV4_HEADER + Math.min(each, total - sent));
  return sizes;
}
