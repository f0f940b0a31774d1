import { checkServerIdentity, connect, type TLSSocket } from "node:tls";
import type { Address } from "../../guest-protocol/address.ts";
import type { Link } from "../../guest-protocol/names.ts";
import type { GuestId, LoopbackNetwork } from "./network.ts";

export type Dialled =
  | { readonly link: "ok"; readonly socket: TLSSocket }
  | { readonly link: Exclude<Link, "ok">; readonly detail: string };

/** What OpenSSL and node call a fault, and what a person needs to know of it. Any other certificate fault is `untrusted-ca`. */
const LINK_OF_CODE: Readonly<Record<string, Exclude<Link, "ok">>> = {
  ECONNREFUSED: "refused",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
  ETIMEDOUT: "unreachable",
  ENOTFOUND: "unreachable",
  ECONNRESET: "not-tls",
  EPIPE: "not-tls",
  EPROTO: "not-tls",
  ERR_TLS_CERT_ALTNAME_INVALID: "name-mismatch",
  CERT_HAS_EXPIRED: "expired",
  // Our certificates are dated back, so one that is not valid yet means a clock that is behind.
  CERT_NOT_YET_VALID: "clock-skew",
};

/**
 * Dials a SuperLink as Flower would: TCP, TLS verified against the CA and the dialled name, ALPN `h2`. On `ok` the
 * connection is the caller's to end.
 */
export async function dialSuperlink(parts: {
  network: LoopbackNetwork;
  from: GuestId;
  address: Address;
  authorities: readonly string[];
  timeoutMs: number;
}): Promise<Dialled> {
  const port = parts.network.portOf(parts.address, parts.from);
  if (port === undefined) {
    return { link: "unreachable", detail: "Nothing answers at this address." };
  }
  const host = parts.address.host;
  const tcp = parts.network.connect(port, parts.from);
  const socket = connect({
    socket: tcp,
    ca: [...parts.authorities],
    ALPNProtocols: ["h2"],
    ...(host.kind === "dns" ? { servername: host.value } : {}),
    checkServerIdentity: (_name, certificate) => checkServerIdentity(host.value, certificate),
  });
  return await new Promise<Dialled>((resolve) => {
    const fail = (link: Exclude<Link, "ok">, detail: string) => {
      clearTimeout(timer);
      socket.destroy();
      tcp.destroy();
      resolve({ link, detail });
    };
    const timer = setTimeout(() => {
      fail(tcp.connecting ? "unreachable" : "stalled", "No answer in time.");
    }, parts.timeoutMs);
    socket.once("secureConnect", () => {
      if (socket.alpnProtocol !== "h2") {
        fail("not-tls", "It speaks TLS, but not HTTP/2.");
        return;
      }
      clearTimeout(timer);
      resolve({ link: "ok", socket });
    });
    // Both can fail, and fail again while they are torn down; the first reason is the one that is kept.
    tcp.on("error", (error) => fail(linkOf(error), error.message));
    socket.on("error", (error) => fail(linkOf(error), error.message));
    socket.once("close", () => fail("not-tls", "The connection ended before the handshake did."));
  });
}

function linkOf(error: Error): Exclude<Link, "ok"> {
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const known = LINK_OF_CODE[code];
  if (known !== undefined) {
    return known;
  }
  return code.startsWith("ERR_SSL") ? "not-tls" : "untrusted-ca";
}
