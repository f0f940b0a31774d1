/** A federation's authority and its SuperLink's certificate, made by the bot and by `openssl`. */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseHost } from "../../src/guest-protocol/address.ts";
import { createAuthority, signRequest } from "../../src/trust/authority.ts";
import { DAY } from "../builders/decision-context.ts";
import { guestRequest } from "../trust/openssl.ts";
import { inDirectory } from "./directories.ts";
import { type Figure, median } from "./figures.ts";
import { measure } from "./measuring.ts";

const run = promisify(execFile);
const HOST = "203.0.113.20";

interface Pair {
  readonly own: number[];
  readonly peer: number[];
}

function pair(): Pair {
  return { own: [], peer: [] };
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly ms: number }> {
  const from = performance.now();
  const result = await work();
  return { result, ms: performance.now() - from };
}

/** The same two things on the command line. */
async function opensslIn(directory: string, csrPem: string) {
  const file = (name: string): string => join(directory, name);
  await writeFile(file("request.pem"), csrPem);
  const authority = [
    ...["req", "-x509", "-newkey", "rsa:3072", "-nodes", "-keyout", file("key.pem"), "-out", file("ca.pem")],
    ...["-subj", "/CN=florist bench", "-days", "1825", "-addext", "keyUsage=critical,keyCertSign"],
  ];
  const certificate = [
    ...["x509", "-req", "-in", file("request.pem"), "-CA", file("ca.pem"), "-CAkey", file("key.pem")],
    ...["-CAcreateserial", "-days", "30", "-out", file("certificate.pem")],
  ];
  return {
    authority: async () => await run("openssl", authority),
    certificate: async () => await run("openssl", certificate),
  };
}

await measure(async ({ quick, watched }) => {
  const rounds = quick ? 3 : 25;
  const host = parseHost(HOST);
  if (!host.ok) throw new Error(`${HOST} is no address.`);
  const { csrPem } = await guestRequest(`DNS:localhost,IP:127.0.0.1,IP:${HOST}`);
  const now = new Date().toISOString();
  const times = { authority: pair(), certificate: pair() };
  await inDirectory((directory) =>
    watched("making an authority and a certificate", async () => {
      const openssl = await opensslIn(directory, csrPem);
      for (let nth = 0; nth < rounds; nth += 1) {
        times.authority.peer.push((await timed(openssl.authority)).ms);
        const made = await timed(() =>
          createAuthority({
            federationId: `f${String(nth).padStart(11, "0")}`,
            commonName: "florist bench",
            now,
            life: 1825 * DAY,
            dnsNames: [],
          }),
        );
        times.authority.own.push(made.ms);
        times.certificate.peer.push((await timed(openssl.certificate)).ms);
        const signed = await timed(() =>
          signRequest({
            authority: made.result,
            csrPem,
            rules: { allowed: [host.value], required: [host.value] },
            now,
            life: 30 * DAY,
          }),
        );
        if (!signed.result.ok) throw new Error(`The request was refused: ${signed.result.detail}`);
        times.certificate.own.push(signed.ms);
      }
    }),
  );
  const figureOf = (subject: string, { own, peer }: Pair): Figure => ({
    subject,
    value: median(own),
    unit: "ms",
    peer: { name: "openssl", value: median(peer) },
    targets: [],
  });
  return [
    figureOf("authority with its key of 3072 bits, median", times.authority),
    figureOf("certificate for a request, median", times.certificate),
  ];
});
