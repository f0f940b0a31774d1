/** Addresses that the bot talks to: encrypted, or on this machine. */
import type { Reading } from "./shape.ts";

/** 127.0.0.0/8 in the form that URL gives every IPv4 address. */
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** An `https` address, or an `http` one on this machine's loopback. */
export function readUrl(written: string): Reading<string> {
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (url === undefined) return { ok: false, problem: "is not an address" };
  if (url.username !== "" || url.password !== "") {
    return {
      ok: false,
      problem: "holds a user or a password",
      remedy: "Take them out of the address: they stand in lists and logs that others read.",
    };
  }
  if (url.search !== "" || url.hash !== "") {
    return { ok: false, problem: "holds a ? or a #", remedy: "Give the address without them." };
  }
  if (url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.test(url.hostname))) {
    return { ok: true, value: url.href };
  }
  return {
    ok: false,
    problem: url.protocol === "http:" ? "goes over a network without TLS" : `begins with ${url.protocol}//`,
    remedy: "Give an address that begins with https://. http:// is taken only for localhost, 127.0.0.1 and [::1].",
  };
}
