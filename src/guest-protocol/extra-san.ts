import { type Host, parseHost } from "./address.ts";
import { accepted, type Decoded, refused } from "./decoded.ts";

/**
 * `FL_CERT_EXTRA_SAN`: the names a SuperLink asks for beyond localhost, its own address and the dialled one, as
 * `IP:203.0.113.20,DNS:fl.example.org`. Blank text is an empty list: OneFlow wants a
 * value for every user input, optional ones too.
 */
export function parseExtraSan(text: string): Decoded<readonly Host[]> {
  const hosts: Host[] = [];
  for (const entry of text.trim() === "" ? [] : text.split(",")) {
    const host = parseEntry(entry);
    if (!host.ok) {
      return host;
    }
    hosts.push(host.value);
  }
  return accepted(hosts);
}

export function formatExtraSan(hosts: readonly Host[]): string {
  return hosts.map((host) => `${host.kind === "ip" ? "IP" : "DNS"}:${host.value}`).join(",");
}

function parseEntry(entry: string): Decoded<Host> {
  const [kind, ...rest] = entry.split(":");
  const host = parseHost(rest.join(":"));
  const expected = kind === "IP" ? "ip" : kind === "DNS" ? "dns" : undefined;
  return host.ok && host.value.kind === expected ? host : refused("shape");
}
