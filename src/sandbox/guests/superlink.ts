import { createPublicKey } from "node:crypto";
import { formatAddress } from "../../guest-protocol/address.ts";
import { decodePem, encodePem } from "../../guest-protocol/certificates.ts";
import { decodeKeyList, type KeyList, type KeyListName } from "../../guest-protocol/key-list.ts";
import { GIVEN, PUBLISHED, type Reason } from "../../guest-protocol/names.ts";
import { encodeNodeList } from "../../guest-protocol/node-list.ts";
import type { Attributes } from "./distortion.ts";
import { Fleet } from "./fleet.ts";
import {
  type GuestDetails,
  GuestFailure,
  type GuestProgram,
  type GuestSurroundings,
  repeatedly,
  stage,
  until,
  WAITS,
} from "./guest.ts";
import { Registry } from "./registry.ts";
import { readSuperlinkSettings, type SuperlinkSettings } from "./superlink-settings.ts";
import {
  type CertificateCheck,
  type Credentials,
  certificateRequest,
  checkCredentials,
  fingerprintOf,
  makeTlsKey,
} from "./tls-identity.ts";

const KEY_FILE = "tls-key.pem";
const KEY_BITS = { usual: 2048, weak: 1024 };
const FOREIGN_NAME = "bank.example";

/** The SuperLink: own key, certificate from the bot, a TLS port of its own, and what connects there. */
export class Superlink implements GuestProgram {
  readonly #guest: GuestSurroundings;
  #fleet: Fleet | undefined;
  /** What was handed over and has been looked at already, good or bad. */
  #considered = "";
  /** What is wrong while it serves; the latest of each kind. */
  readonly #wrong: { certificate: Reason; lists: Reason } = { certificate: "none", lists: "none" };

  constructor(guest: GuestSurroundings) {
    this.#guest = guest;
  }

  describe(): GuestDetails {
    const fleet = this.#fleet;
    return fleet === undefined ? {} : { port: fleet.port, refused: Object.fromEntries(fleet.refused) };
  }

  async run(): Promise<void> {
    const { disk, id, network, pace, publisher } = this.#guest;
    const settings = readSuperlinkSettings(this.#guest.spec.context);
    const keyPem = await this.#ownKey();
    const credentials = await this.#awaitCertificate(settings, keyPem);
    await publisher.say(stage("starting"));
    const registry = await Registry.load(disk, (fingerprint) => String(pace.number(fingerprint)));
    const complain = (error: unknown) => this.#guest.log.warn({ err: error }, "a connection could not be served");
    const fleet = new Fleet({
      owner: id,
      network,
      registry,
      keyPem,
      credentials,
      changed: () => void this.#sayNodes(fleet).catch(complain),
      failed: complain,
    });
    this.#fleet = fleet;
    try {
      await this.#open(fleet, settings, credentials);
      await Promise.all([
        this.#serve(fleet, registry, settings, keyPem),
        repeatedly(
          this.#guest,
          () => WAITS.nodes,
          () => publisher.repeat(PUBLISHED.nodes),
        ),
      ]);
    } finally {
      await fleet.close();
    }
  }

  async #ownKey(): Promise<string> {
    const { disk } = this.#guest;
    const kept = await disk.read(KEY_FILE);
    if (kept !== undefined) {
      return kept;
    }
    const keyPem = await makeTlsKey(this.#has("weak-key") ? KEY_BITS.weak : KEY_BITS.usual);
    await disk.write(KEY_FILE, keyPem);
    return keyPem;
  }

  async #awaitCertificate(settings: SuperlinkSettings, keyPem: string): Promise<Credentials> {
    const { oneGate, publisher, signal } = this.#guest;
    const names = this.#has("foreign-name") ? [...settings.names, FOREIGN_NAME] : settings.names;
    const request = encodePem([certificateRequest(keyPem, names)]);
    await publisher.say({ [PUBLISHED.certificateRequest]: request, ...stage("awaiting-certificate") });
    return await until(
      this.#guest,
      () => WAITS.poll,
      async () => {
        await publisher.flush();
        const found = this.#consider(await oneGate.get(signal), settings, keyPem);
        if (found?.check.ok === false) {
          await publisher.say(stage("awaiting-certificate", found.check.reason));
        }
        return found?.check.ok === true ? found.credentials : undefined;
      },
    );
  }

  /** Comes up: a handshake with the own port first, then everything a training site needs in one update. */
  async #open(fleet: Fleet, settings: SuperlinkSettings, credentials: Credentials): Promise<void> {
    const port = await fleet.listen();
    try {
      await fleet.shakeHands(settings.dialled.host.value);
    } catch (error) {
      throw new GuestFailure("own-handshake-failed", String(error));
    }
    this.#guest.network.announce(settings.dialled, port, this.#guest.id);
    await this.#guest.publisher.say({
      [PUBLISHED.endpoint]: formatAddress(settings.dialled),
      [PUBLISHED.version]: settings.version,
      [PUBLISHED.nodes]: encodeNodeList(fleet.nodes()),
      ...certificateAttributes(credentials),
      ...stage("serving"),
      [PUBLISHED.flowerReady]: "YES",
      [PUBLISHED.ready]: "YES",
    });
  }

  async #serve(fleet: Fleet, registry: Registry, settings: SuperlinkSettings, keyPem: string): Promise<void> {
    const { oneGate, publisher, signal } = this.#guest;
    await repeatedly(
      this.#guest,
      () => (fleet.nodes().every(({ status }) => status === "online") ? WAITS.calm : WAITS.poll),
      async () => {
        const given = await oneGate.get(signal);
        await this.#takeKeys(fleet, registry, given);
        await this.#renew(fleet, settings, keyPem, given);
        const { certificate, lists } = this.#wrong;
        const nodes = encodeNodeList(fleet.nodes());
        await publisher.say({
          [PUBLISHED.nodes]: nodes,
          ...stage("serving", certificate === "none" ? lists : certificate),
        });
      },
    );
  }

  /** A changed certificate is taken without a restart; one that does not hold leaves the old one in place, and is said. */
  async #renew(fleet: Fleet, settings: SuperlinkSettings, keyPem: string, given: Attributes): Promise<void> {
    const found = this.#consider(given, settings, keyPem);
    if (found === undefined) {
      return;
    }
    if (!found.check.ok) {
      this.#wrong.certificate = found.check.reason;
      return;
    }
    try {
      await fleet.renew(found.credentials, settings.dialled.host.value);
      this.#wrong.certificate = "none";
      await this.#guest.publisher.say(certificateAttributes(found.credentials));
    } catch (error) {
      this.#guest.log.warn({ err: error }, "the new certificate does not serve; the old one stays");
      this.#wrong.certificate = "own-handshake-failed";
    }
  }

  /** What was handed over since the last look, and whether it may be used; undefined when nothing is new. */
  #consider(
    given: Attributes,
    settings: SuperlinkSettings,
    keyPem: string,
  ): { check: CertificateCheck; credentials: Credentials } | undefined {
    const certificate = given.get(GIVEN.certificate);
    const authority = given.get(GIVEN.certificateAuthority);
    const handed = `${certificate} ${authority}`;
    if (certificate === undefined || authority === undefined || handed === this.#considered) {
      return undefined;
    }
    this.#considered = handed;
    const chain = decodePem(certificate, "CERTIFICATE");
    const authorities = decodePem(authority, "CERTIFICATE");
    if (!chain.ok || !authorities.ok) {
      return { check: { ok: false, reason: "certificate-malformed" }, credentials: { chain: [], authorities: [] } };
    }
    const credentials = { chain: chain.value, authorities: authorities.value };
    const keyPublicPem = createPublicKey(keyPem).export({ type: "spki", format: "pem" }).toString();
    const names = [settings.dialled.host.value];
    return { check: checkCredentials(credentials, { keyPublicPem, names, now: new Date() }), credentials };
  }

  /** A list that cannot be read whole changes nothing, and is said. */
  async #takeKeys(fleet: Fleet, registry: Registry, given: Attributes): Promise<void> {
    const admit = readList(GIVEN.admit, given);
    const revoke = readList(GIVEN.revoke, given);
    this.#wrong.lists = admit === "malformed" || revoke === "malformed" ? "admission-malformed" : "none";
    if (typeof admit === "object") {
      await registry.admit(admit);
    }
    if (typeof revoke === "object") {
      fleet.cutOff(await registry.revoke(revoke));
    }
  }

  async #sayNodes(fleet: Fleet): Promise<void> {
    await this.#guest.publisher.say({ [PUBLISHED.nodes]: encodeNodeList(fleet.nodes()) });
  }

  #has(kind: "weak-key" | "foreign-name"): boolean {
    return this.#guest.faults().some((fault) => fault.kind === kind);
  }
}

function certificateAttributes({ chain, authorities }: Credentials): Record<string, string> {
  return {
    [PUBLISHED.caCertificate]: encodePem(authorities),
    [PUBLISHED.fingerprint]: fingerprintOf(chain[0] ?? ""),
  };
}

function readList(name: KeyListName, given: Attributes): KeyList | "malformed" | undefined {
  const value = given.get(name);
  if (value === undefined) {
    return undefined;
  }
  const list = decodeKeyList(name, value);
  return list.ok ? list.value : "malformed";
}
