import { isIPv4, isIPv6 } from "node:net";
import { accepted, type Decoded, refused } from "./decoded.ts";

/** An IPv4 address, an IPv6 address in its shortest form, or a DNS name in lower case. */
export type Host = { readonly kind: "ip" | "dns"; readonly value: string };

/** Where a SuperLink is dialled. */
export type Address = { readonly host: Host; readonly port: number };

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const PORT = /^[1-9][0-9]{0,4}$/;
const MAX_NAME_LENGTH = 253;
/** An IPv4 address in IPv6's form: gRPC does not dial these. */
const MAPPED = /^::ffff:[0-9a-f]{1,4}:[0-9a-f]{1,4}$/;

export function parseHost(text: string): Decoded<Host> {
  if (isIPv4(text)) {
    return accepted({ kind: "ip", value: text });
  }
  if (isIPv6(text)) {
    const value = shortest(text);
    return value === null || MAPPED.test(value) ? refused("shape") : accepted({ kind: "ip", value });
  }
  const name = text.toLowerCase();
  const labels = name.split(".");
  const wellFormed = name.length <= MAX_NAME_LENGTH && labels.every((label) => LABEL.test(label));
  // A name that ends in digits is an address somebody mistyped, and resolvers differ in what they make of it.
  return wellFormed && !/^[0-9]+$/.test(labels.at(-1) ?? "")
    ? accepted({ kind: "dns", value: name })
    : refused("shape");
}

/** As RFC 5952 has it; null for one with an interface or with a part written as IPv4. */
function shortest(ip: string): string | null {
  return /[%.]/.test(ip) ? null : new URL(`http://[${ip}]`).hostname.slice(1, -1);
}

/**
 * `host:port` with a port from 1 to 65535, both parts always present. The last colon parts them: an IPv6 address has no
 * brackets here, because OneGate does not carry these.
 */
export function parseAddress(text: string): Decoded<Address> {
  const colon = text.lastIndexOf(":");
  const host = parseHost(text.slice(0, Math.max(colon, 0)));
  const port = text.slice(colon + 1);
  if (!host.ok || colon < 0 || !PORT.test(port) || Number(port) > 65535) {
    return refused("shape");
  }
  return accepted({ host: host.value, port: Number(port) });
}

export function formatAddress(address: Address): string {
  return `${address.host.value}:${address.port}`;
}

/** Also of those that no guest dials. */
export const isIpv6 = (text: string): boolean => isIPv6(text);
