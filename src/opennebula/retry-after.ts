import { isGateway } from "./failure.ts";

/** Milliseconds that a proxy asks to be left alone for (RFC 9110, 10.2.3); nothing if it does not ask. */
export function retryAfter(status: number, header: unknown, now: number = Date.now()): number | undefined {
  if (!isGateway(status) || typeof header !== "string") return undefined;
  const pause = /^\d{1,9}$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return pause > 0 ? pause : undefined;
}
