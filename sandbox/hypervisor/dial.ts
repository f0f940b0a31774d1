import { once } from "node:events";
import type { Socket } from "node:net";
import { checkServerIdentity, connect, type TLSSocket } from "node:tls";
import type { Address, Host } from "../../src/guest-protocol/address.ts";
import type { Link } from "../../src/guest-protocol/names.ts";
import type { GuestId, Lead, LoopbackNetwork } from "./network.ts";

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
 * connection is the caller's to end. `lead` is where the address leads for who dials.
 */
export async function dialSuperlink(parts: {
  network: LoopbackNetwork;
  from: GuestId;
  address: Address;
  lead: Lead;
  authorities: readonly string[];
  timeoutMs: number;
}): Promise<Dialled> {
  if ("link" in parts.lead) {
    return parts.lead;
  }
  const deadline = AbortSignal.timeout(parts.timeoutMs);
  const tcp = parts.network.connect(parts.lead.port, parts.from);
  try {
    await once(tcp, "connect", { signal: deadline });
  } catch (error) {
    tcp.destroy();
    return deadline.aborted ? { link: "unreachable", detail: "No answer in time." } : failure(error);
  }
  const socket = secured(tcp, parts.address.host, parts.authorities);
  const outcome = await handshake(socket, deadline);
  if (outcome.link !== "ok") {
    tcp.destroy();
  }
  return outcome;
}

/** TLS over a connection that stands; the certificate is held to the dialled host, whatever port it came from. */
function secured(tcp: Socket, host: Host, authorities: readonly string[]): TLSSocket {
  return connect({
    socket: tcp,
    ca: [...authorities],
    ALPNProtocols: ["h2"],
    ...(host.kind === "dns" ? { servername: host.value } : {}),
    checkServerIdentity: (_name, certificate) => checkServerIdentity(host.value, certificate),
  });
}

async function handshake(socket: TLSSocket, deadline: AbortSignal): Promise<Dialled> {
  // A connection that dies later ends for its user with `close`; why it died no longer matters.
  socket.on("error", () => undefined);
  const closed = once(socket, "close").then(
    () => ({ link: "not-tls", detail: "It closed during the handshake." }) as const,
  );
  const secure = once(socket, "secureConnect", { signal: deadline }).then(() => verdictOn(socket));
  try {
    const outcome = await Promise.race([secure, closed]);
    return outcome;
  } catch (error) {
    return deadline.aborted ? { link: "stalled", detail: "It took the connection and said nothing." } : failure(error);
  }
}

function verdictOn(socket: TLSSocket): Dialled {
  return socket.alpnProtocol === "h2"
    ? { link: "ok", socket }
    : { link: "not-tls", detail: "It speaks TLS, but not HTTP/2." };
}

function failure(error: unknown): Dialled {
  return error instanceof Error
    ? { link: linkOf(error), detail: error.message }
    : { link: "unreachable", detail: String(error) };
}

function linkOf(error: Error): Exclude<Link, "ok"> {
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const known = LINK_OF_CODE[code];
  if (known !== undefined) {
    return known;
  }
  return code.startsWith("ERR_SSL") ? "not-tls" : "untrusted-ca";
}
