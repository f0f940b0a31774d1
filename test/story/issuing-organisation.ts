/** An organisation with a CA of its own, and the owner who brings its certificates to the bot. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Stage } from "../../sandbox/story/stage.ts";
import { zoneChannel } from "../../sandbox/zones-file.ts";
import { openssl } from "../trust/organisation-bench.ts";
import type { FederationStory } from "./federation-story.ts";

const MODAL = "Give a certificate";

/** An organisation's root CA and the one that issues, as openssl makes them. */
export class IssuingOrganisation {
  readonly #folder = mkdtempSync(join(tmpdir(), "florist-aster-"));

  constructor() {
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
      "/CN=Aster Root CA",
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
      "/CN=Aster Issuing CA",
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

/** An owner of the coordinator's zone, who has a federation's certificates issued by their organisation. */
export class CertificateOwner {
  readonly #story: FederationStory;
  readonly #zone: string;

  constructor(story: FederationStory) {
    this.#story = story;
    this.#zone = story.wish.coordinator;
  }

  get #stage(): Stage {
    return this.#story.stage;
  }

  /** Puts these texts into the modal as one file; resolves to the mistakes at its fields. */
  async gives(button: string, ...texts: readonly string[]): Promise<string> {
    const owner = this.#stage.owner(this.#zone);
    await this.#story.press(this.#zone, button);
    const modal = await owner.view(MODAL);
    await owner.fill(modal, { "Files in PEM": texts.join("") });
    const { errors } = await owner.submit(modal);
    if (errors !== undefined) await owner.close(modal);
    return Object.values(errors ?? {}).join(" ");
  }

  async givesCa({ root }: IssuingOrganisation): Promise<void> {
    await this.#story.zoneReads(this.#zone, "Give the certificate of its root CA");
    this.#mustBeTaken(await this.gives("Give the CA's certificate", root));
  }

  /** Signs the SuperLink's request and gives the whole chain. */
  async givesChain(organisation: IssuingOrganisation): Promise<void> {
    const certificate = organisation.certificateFor(await this.request());
    this.#mustBeTaken(await this.gives("Give the certificate", certificate, organisation.issuing));
  }

  #mustBeTaken(mistakes: string): void {
    if (mistakes !== "") throw new Error(`The certificate was not taken: ${mistakes}`);
  }

  /** The SuperLink's request, as soon as it stands as a file under a card. */
  async request(): Promise<string> {
    await this.#story.zoneReads(this.#zone, "Have your CA sign the SuperLink's request");
    return this.#stage.slack.until(
      "the request as a file",
      async () => (await this.#newestRequest()) || undefined,
      this.#stage.patience,
    );
  }

  async #newestRequest(): Promise<string> {
    const { messages } = await this.#stage.slack.channel(zoneChannel(this.#zone));
    const files = messages.flatMap((message) => [message, ...message.replies]).flatMap((message) => message.files);
    return files.find(({ name }) => name.endsWith(".csr"))?.text ?? "";
  }
}
