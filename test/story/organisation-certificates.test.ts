/** A federation under the CA of its coordinator's organisation, from the CA's certificate to training. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type Sandbox, startSandbox } from "../../sandbox/composition.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { zoneChannel } from "../../sandbox/zones-file.ts";
import { openssl } from "../trust/organisation-bench.ts";
import { FederationStory } from "./federation-story.ts";

const [COORDINATOR, TRAINING] = ["zone-a", "zone-b"] as const;
const MODAL = "Give a certificate";

/** An organisation's root CA and the one that issues, as openssl makes them. */
class Organisation {
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

describe("A federation with certificates of the coordinator's organisation", () => {
  const aster = new Organisation();
  let sandbox: Sandbox;
  let stage: Stage;
  let story: FederationStory;

  before(async () => {
    sandbox = await startSandbox({ zones: 2, speed: 20, seed: "organisation", portBase: 0 });
    stage = new Stage(sandbox);
    story = new FederationStory(stage, {
      name: "aster-study",
      coordinator: COORDINATOR,
      training: [TRAINING],
      fields: { "Certificates by": "organisation" },
    });
    await story.ask();
  });
  after(async () => {
    await sandbox.stop();
    aster.end();
  });

  /** The owner puts these texts into the modal as one file; resolves to the mistakes at its fields. */
  async function gives(button: string, ...texts: readonly string[]): Promise<string> {
    const owner = stage.owner(COORDINATOR);
    await story.press(COORDINATOR, button);
    const modal = await owner.view(MODAL);
    await owner.fill(modal, { "Files in PEM": texts.join("") });
    const { errors } = await owner.submit(modal);
    if (errors !== undefined) await owner.close(modal);
    return Object.values(errors ?? {}).join(" ");
  }

  async function requestGiven(): Promise<string> {
    const { messages } = await stage.slack.channel(zoneChannel(COORDINATOR));
    const files = messages.flatMap((message) => [message, ...message.replies]).flatMap((message) => message.files);
    return files.find(({ name }) => name.endsWith(".csr"))?.text ?? "";
  }

  it("asks for the CA before anybody is asked to approve, and takes no other certificate for it", async () => {
    await story.zoneReads(COORDINATOR, "Give the certificate of its root CA");
    assert.match(await gives("Give the CA's certificate", aster.issuing), /not that of a root CA/);
    assert.deepEqual(await story.buttons(TRAINING), []);
    const file = { name: "root.pem", content: aster.root };
    await stage.slack.mention({
      person: stage.owner(COORDINATOR).id,
      channel: zoneChannel(COORDINATOR),
      text: "certificate aster-study",
      files: [file],
    });
    await stage.owner(COORDINATOR).told("Thank you");
    const { fingerprint256: fingerprint } = new X509Certificate(aster.root);
    for (const zone of story.zones) await story.zoneReads(zone, fingerprint, "Certificates.", "Approve");
  });

  it("puts the SuperLink's request under a card, and takes the whole chain for it only", async () => {
    for (const zone of story.zones) await story.press(zone, "Approve");
    await story.zoneReads(COORDINATOR, "Have your CA sign the SuperLink's request");
    const request = await stage.slack.until(
      "the request as a file",
      async () => (await requestGiven()) || undefined,
      stage.patience,
    );
    const certificate = aster.certificateFor(request);
    assert.match(await gives("Give the certificate", certificate), /certificate of an issuer is missing/);
    assert.equal(await gives("Give the certificate", certificate, aster.issuing), "");
  });

  it("serves with it, and its sites train", async () => {
    await story.isUp(TRAINING);
    await story.offersNoMore(COORDINATOR, "Give the certificate");
    const given = (await stage.attributes(COORDINATOR)).map(({ FL_TLS_CERT: chain }) =>
      Buffer.from(String(chain), "base64").toString(),
    );
    assert.equal(
      given.join("").split("BEGIN CERTIFICATE").length - 1,
      2,
      "the SuperLink's and the issuing CA's, without the root",
    );
  });
});
