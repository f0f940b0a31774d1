/** What can be said of an IPv6 address in its shortest form without asking anybody. */

/** What stands for IPv4, the loopback and none at all, ::/96. */
const OF_IPV4 = /^::([0-9a-f]{1,4}(:[0-9a-f]{1,4})?)?$/;

const firstGroup = (ip: string): number => Number.parseInt(`0${ip.split(":", 1)[0] ?? ""}`, 16);

/** Of the link (fe80::/10), for many receivers (ff00::/8), or none of another machine: no other site can dial these. */
export const isLocalIpv6 = (ip: string): boolean =>
  OF_IPV4.test(ip) || (firstGroup(ip) & 0xffc0) === 0xfe80 || (firstGroup(ip) & 0xff00) === 0xff00;

/** Unique local, fc00::/7, RFC 4193: reachable from elsewhere only where somebody has joined the networks. */
export const isPrivateIpv6 = (ip: string): boolean => (firstGroup(ip) & 0xfe00) === 0xfc00;

/** As people and other programs read it: with an IPv6 address in brackets. */
export const readableAddress = ({ host, port }: { readonly host: string; readonly port: number }): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
