import { formatAddress } from "../../src/guest-protocol/address.ts";
import { encodePem } from "../../src/guest-protocol/certificates.ts";
import { decodeKeyList, type KeyList, type KeyListName } from "../../src/guest-protocol/key-list.ts";
import { GIVEN, PUBLISHED, type Reason } from "../../src/guest-protocol/names.ts";
import { encodeNodeList } from "../../src/guest-protocol/node-list.ts";
import { CertificateIntake } from "./certificate-intake.ts";
import type { SuperlinkContext } from "./context.ts";
import type { Attributes } from "./distortion.ts";
import { Fleet } from "./fleet.ts";
import {
  type GuestDetails,
  type GuestEnvironment,
  type GuestProgram,
  Patience,
  repeatedly,
  stage,
  until,
  WAITS,
} from "./guest.ts";
import { GuestFailure } from "./guest-failure.ts";
import { Registry } from "./registry.ts";
import { type Credentials, fingerprintOf } from "./tls-identity.ts";
import type { Tunnel } from "./tunnel/tunnel.ts";

const KEY_BITS = { usual: 2048, weak: 1024 };
const FOREIGN_NAME = "bank.example";

/** The SuperLink: own key, certificate from the bot, a TLS port of its own, and what connects there. */
export class Superlink implements GuestProgram {
  readonly #guest: GuestEnvironment;
  readonly #context: SuperlinkContext;
  readonly #tunnel: Tunnel | undefined;
  #fleet: Fleet | undefined;
  /** What is wrong while it serves; the latest of each kind. */
  readonly #wrong: { certificate: Reason; lists: Reason } = { certificate: "none", lists: "none" };
  readonly #patience: Patience;
  /** The lists as they were read last. */
  #lists = "";

  /** With a tunnel it is dialled through that, and elsewhere only where it is told another address as well. */
  constructor(guest: GuestEnvironment, context: SuperlinkContext, tunnel: Tunnel | undefined) {
    this.#guest = guest;
    this.#context = context;
    this.#tunnel = tunnel;
    this.#patience = new Patience(guest.pace);
  }

  describe(): GuestDetails {
    const fleet = this.#fleet;
    return {
      ...(fleet === undefined ? {} : { port: fleet.port, refused: Object.fromEntries(fleet.refused) }),
      ...(this.#tunnel === undefined ? {} : { tunnels: this.#tunnel.linked }),
    };
  }

  async run(): Promise<void> {
    const { disk, id, log, network, pace, publisher, services, spec } = this.#guest;
    const keyBits = this.#has("weak-key") ? KEY_BITS.weak : KEY_BITS.usual;
    const intake = await CertificateIntake.open({ disk, dialledHost: this.#context.dialled.host.value, keyBits });
    const credentials = await this.#awaitCertificate(intake);
    const registry = await Registry.load(disk, (fingerprint) => String(pace.number(fingerprint)));
    const complain = (error: unknown) => log.warn({ err: error }, "a connection could not be served");
    const fleet = new Fleet({
      owner: id,
      network,
      registry,
      keyPem: intake.keyPem,
      credentials,
      changed: () => {
        this.#patience.moved();
        void this.#sayNodes(fleet).catch(complain);
      },
      failed: complain,
    });
    this.#fleet = fleet;
    try {
      await this.#open(fleet, credentials);
      await Promise.all([
        this.#serve(fleet, registry, intake),
        repeatedly(
          this.#guest,
          () => WAITS.nodes,
          () => publisher.repeat(PUBLISHED.nodes),
        ),
      ]);
    } finally {
      services.close(spec.zone, spec.context["ETH0_IP"] ?? "", { owner: id });
      await fleet.close();
    }
  }

  /** Asks, unless a certificate of an earlier life still holds; the request is shown either way. */
  async #awaitCertificate(intake: CertificateIntake): Promise<Credentials> {
    const { oneGate, publisher, signal } = this.#guest;
    const names = this.#has("foreign-name") ? [...this.#context.names, FOREIGN_NAME] : this.#context.names;
    const kept = await intake.kept();
    await publisher.say({
      [PUBLISHED.certificateRequest]: intake.request(names),
      ...this.#tunnel?.keys,
      ...stage(kept === undefined ? "awaiting-certificate" : "starting"),
    });
    if (kept !== undefined) {
      return kept;
    }
    this.#patience.moved();
    const credentials = await until(
      this.#guest,
      () => this.#patience.wait,
      async () => {
        await publisher.flush();
        const given = await oneGate.get(signal);
        await this.#tunnel?.take(given);
        const handed = intake.consider(given);
        if (handed?.ok === false) {
          await publisher.say(stage("awaiting-certificate", handed.reason));
        }
        return handed?.ok === true ? handed.credentials : undefined;
      },
    );
    await intake.keep(credentials);
    await publisher.say(stage("starting"));
    return credentials;
  }

  /** Comes up: a handshake with the own port first, then everything a training site needs in one update. */
  async #open(fleet: Fleet, credentials: Credentials): Promise<void> {
    const { dialled, inside, version } = this.#context;
    const { id, spec } = this.#guest;
    const port = await fleet.listen();
    try {
      await fleet.shakeHands(dialled.host.value);
    } catch (error) {
      throw new GuestFailure("own-handshake-failed", String(error));
    }
    if (inside !== undefined) {
      this.#tunnel?.serve(inside, () => ({ port }));
    }
    this.#guest.services.open(spec.zone, spec.context["ETH0_IP"] ?? "", { owner: id, port });
    if (inside === undefined || formatAddress(inside) !== formatAddress(dialled)) {
      this.#guest.network.announce(dialled, port, id);
    }
    await this.#guest.publisher.say({
      [PUBLISHED.endpoint]: formatAddress(dialled),
      [PUBLISHED.version]: version,
      ...certificateAttributes(credentials),
      ...stage("serving"),
      [PUBLISHED.flowerReady]: "YES",
      [PUBLISHED.ready]: "YES",
    });
  }

  async #serve(fleet: Fleet, registry: Registry, intake: CertificateIntake): Promise<void> {
    const { oneGate, publisher, signal } = this.#guest;
    this.#patience.moved();
    await repeatedly(
      this.#guest,
      () => this.#patience.wait,
      async () => {
        const given = await oneGate.get(signal);
        await this.#tunnel?.take(given);
        await this.#takeKeys(fleet, registry, given);
        await this.#renew(fleet, intake, given);
        await publisher.say(stage("serving", this.#reason));
        await this.#sayNodes(fleet);
      },
    );
  }

  get #reason(): Reason {
    const { certificate, lists } = this.#wrong;
    return [certificate, lists].find((reason) => reason !== "none") ?? this.#tunnel?.reason ?? "none";
  }

  /** A changed certificate is taken without a restart; one that does not hold leaves the old one in place, and is said. */
  async #renew(fleet: Fleet, intake: CertificateIntake, given: Attributes): Promise<void> {
    const handed = intake.consider(given);
    if (handed === undefined) {
      return;
    }
    if (!handed.ok) {
      this.#wrong.certificate = handed.reason;
      return;
    }
    try {
      await fleet.renew(handed.credentials, this.#context.dialled.host.value);
    } catch (error) {
      this.#guest.log.warn({ err: error }, "the new certificate does not serve; the old one stays");
      this.#wrong.certificate = "own-handshake-failed";
      return;
    }
    this.#wrong.certificate = "none";
    await intake.keep(handed.credentials);
    await this.#guest.publisher.say(certificateAttributes(handed.credentials));
  }

  /** A list that cannot be read whole changes nothing, and is said. */
  async #takeKeys(fleet: Fleet, registry: Registry, given: Attributes): Promise<void> {
    const lists = `${given.get(GIVEN.admit)} ${given.get(GIVEN.revoke)}`;
    if (lists !== this.#lists) this.#patience.moved();
    this.#lists = lists;
    const admit = readList(GIVEN.admit, given);
    const revoke = readList(GIVEN.revoke, given);
    this.#wrong.lists = admit === "malformed" || revoke === "malformed" ? "admission-malformed" : "none";
    if (typeof revoke === "object") {
      fleet.cutOff(await registry.revoke(revoke));
    }
    if (typeof admit === "object") {
      await registry.admit(admit);
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
