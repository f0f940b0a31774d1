/** Who may talk to the page's server: the page itself, on this machine. Another site's page in the same browser may not. */
import type { IncomingHttpHeaders } from "node:http";

const LOCAL = ["127.0.0.1", "localhost"];

/** Sent with every answer. Nothing is fetched from elsewhere, and foreign text cannot run. */
export const SECURITY_HEADERS = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
} as const;

/**
 * Why a request is refused, or undefined. A name of another site that was made to lead here is found by `Host`, a page
 * of another site by `Origin`, which browsers send with everything but plain reading.
 */
export function refusalOf(method: string, headers: IncomingHttpHeaders, port: number): string | undefined {
  const hosts = LOCAL.map((name) => `${name}:${port}`);
  const { host = "", origin } = headers;
  if (!hosts.includes(host)) return `This page is at http://127.0.0.1:${port}, not at ${host || "a nameless host"}.`;
  if (origin !== undefined && origin !== `http://${host}`) return "Another site's page cannot drive the sandbox.";
  if (method === "GET") return undefined;
  if (origin === undefined) return "A request that does something must say its origin.";
  if (headers["content-type"] !== "application/json") return "Send JSON.";
  return undefined;
}
