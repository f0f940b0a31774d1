/** Makes keys and requests as a guest does, with the `openssl` of the machine. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
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

/** `key` is what `openssl genpkey` takes; `san` is a subjectAltName, such as `DNS:localhost,IP:127.0.0.1`. */
export const guestRequest = (san: string | null, extra: readonly string[] = [], key = ["-algorithm", "RSA"]) =>
  inFreshDirectory<GuestRequest>(async (directory) => {
    const keyFile = join(directory, "key.pem");
    await run("openssl", ["genpkey", ...key, "-out", keyFile]);
    const names = san === null ? [] : ["-addext", `subjectAltName=${san}`];
    const csr = await run("openssl", ["req", "-new", "-key", keyFile, "-subj", "/CN=guest", ...names, ...extra]);
    return { csrPem: csr.stdout, keyPem: await readFile(keyFile, "utf8") };
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
