/** An organisation with a CA of its own. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const OPENSSL = "openssl";

/** What `openssl` prints. */
const openssl = (args: readonly string[]): string =>
  execFileSync(OPENSSL, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

/** An organisation's root CA and the one that issues, as openssl makes them. */
export class IssuingOrganisation {
  readonly #folder = mkdtempSync(join(tmpdir(), "florist-ca-"));

  /** `name` stands in its certificates. */
  constructor(name: string) {
    const root = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"];
    openssl([
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-days",
      "3650",
      "-subj",
      `/CN=${name} Root CA`,
      "-keyout",
      this.#at("root.key"),
      "-out",
      this.#at("root.pem"),
      ...root.flatMap((one) => ["-addext", one]),
    ]);
    openssl([
      "req",
      "-new",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-subj",
      `/CN=${name} Issuing CA`,
      "-keyout",
      this.#at("issuing.key"),
      "-out",
      this.#at("issuing.csr"),
    ]);
    this.#sign(
      "issuing.csr",
      "root",
      "issuing.pem",
      "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n",
    );
  }

  get root(): string {
    return openssl(["x509", "-in", this.#at("root.pem")]);
  }

  get issuing(): string {
    return openssl(["x509", "-in", this.#at("issuing.pem")]);
  }

  /** For a TLS server, with the names of the request. */
  certificateFor(request: string): string {
    writeFileSync(this.#at("superlink.csr"), request);
    const text = openssl(["req", "-in", this.#at("superlink.csr"), "-noout", "-text"]);
    const names = (/Subject Alternative Name:[^\n]*\n\s*([^\n]+)/.exec(text)?.[1] ?? "")
      .replaceAll("IP Address:", "IP:")
      .replaceAll(" ", "");
    return this.#sign(
      "superlink.csr",
      "issuing",
      "superlink.pem",
      `basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName=${names}\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n`,
    );
  }

  end(): void {
    rmSync(this.#folder, { recursive: true });
  }

  #sign(request: string, by: string, out: string, extensions: string): string {
    writeFileSync(this.#at("extensions"), extensions);
    openssl([
      "x509",
      "-req",
      "-in",
      this.#at(request),
      "-CA",
      this.#at(`${by}.pem`),
      "-CAkey",
      this.#at(`${by}.key`),
      "-CAcreateserial",
      "-days",
      "90",
      "-extfile",
      this.#at("extensions"),
      "-out",
      this.#at(out),
    ]);
    return openssl(["x509", "-in", this.#at(out)]);
  }

  readonly #at = (name: string): string => join(this.#folder, name);
}
