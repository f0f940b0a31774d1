/** Makes keys and requests as a guest does, with the `openssl` of the machine. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface GuestRequest {
  readonly csrPem: string;
  readonly keyPem: string;
}

/** Runs `work` in a directory of its own, which is gone afterwards. */
const inFreshDirectory = async <T>(work: (directory: string) => Promise<T>): Promise<T> => {
  const directory = await mkdtemp(join(tmpdir(), "florist-trust-"));
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};

const newKey = async (kind: readonly string[]): Promise<string> => (await run("openssl", ["genpkey", ...kind])).stdout;

/** What `openssl genpkey` takes for a key of more than two primes, which is found sooner; its public half is as any other. */
export const newRsaKey = (bits: number, exponent = 65537): readonly string[] => [
  ...["-algorithm", "RSA", "-pkeyopt", `rsa_keygen_bits:${bits}`],
  ...["-pkeyopt", `rsa_keygen_pubexp:${exponent}`],
  ...["-pkeyopt", `rsa_keygen_primes:${bits < 2048 ? 2 : bits < 4096 ? 3 : 4}`],
];

/** Made once for all requests that need no key of their own: it is what takes longest. */
let usualKey: Promise<string> | undefined;

/**
 * `san` is a subjectAltName, such as `DNS:localhost,IP:127.0.0.1`; `key`, for a fresh one, is what `openssl genpkey`
 * takes.
 */
export const guestRequest = (san: string | null, extra: readonly string[] = [], key?: readonly string[]) =>
  inFreshDirectory<GuestRequest>(async (directory) => {
    usualKey ??= newKey(newRsaKey(2048));
    const keyPem = await (key === undefined ? usualKey : newKey(key));
    const keyFile = join(directory, "key.pem");
    await writeFile(keyFile, keyPem);
    const names = san === null ? [] : ["-addext", `subjectAltName=${san}`];
    const csr = await run("openssl", ["req", "-new", "-key", keyFile, "-subj", "/CN=guest", ...names, ...extra]);
    return { csrPem: csr.stdout, keyPem };
  });

/** What `openssl verify -x509_strict` says of a certificate for a name, given the authority's. */
export const strictVerify = (authorityPem: string, certificatePem: string, check: readonly string[]) =>
  inFreshDirectory(async (directory) => {
    const [authority, certificate] = [join(directory, "ca.pem"), join(directory, "cert.pem")];
    await writeFile(authority, authorityPem);
    await writeFile(certificate, certificatePem);
    const args = ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", authority, ...check, certificate];
    return run("openssl", args).then(
      ({ stdout }) => stdout.trim().replace(certificate, "certificate"),
      (error: { stderr: string }) => error.stderr,
    );
  });

/** The certificate as `openssl x509 -text` prints it. */
export const certificateText = (certificatePem: string): Promise<string> =>
  inFreshDirectory(async (directory) => {
    const file = join(directory, "cert.pem");
    await writeFile(file, certificatePem);
    return (await run("openssl", ["x509", "-noout", "-text", "-in", file])).stdout;
  });
