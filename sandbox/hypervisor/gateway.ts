import { PUBLISHED, type Reason } from "../../src/guest-protocol/names.ts";
import type { GatewayContext } from "./context.ts";
import { dialSuperlink } from "./dial.ts";
import {
  type GuestDetails,
  type GuestEnvironment,
  type GuestProgram,
  Patience,
  repeatedly,
  stage,
  WAITS,
} from "./guest.ts";
import { GuestFailure } from "./guest-failure.ts";
import type { Lead } from "./network.ts";
import type { Met } from "./tunnel/device.ts";
import type { Tunnel } from "./tunnel/tunnel.ts";
import type { Passage } from "./tunnel/zone-gateways.ts";

/** At any speed: a handshake is work, and on a busy machine a slow one is nothing to report. */
const DIAL_LIMIT_MS = 10_000;
/** Milliseconds at speed 1 between two dials while the SuperLink is not reached. */
const REDIAL_MS = 5_000;
const NOTHING: Lead = { link: "unreachable", detail: "Nothing is passed on." };

/** A gateway: an end of a tunnel, for which the zone's SuperNodes dial its own address, or the hub before a SuperLink. */
export class Gateway implements GuestProgram {
  readonly #guest: GuestEnvironment;
  readonly #context: GatewayContext;
  readonly #tunnel: Tunnel;
  readonly #patience: Patience;
  #link = "";

  constructor(guest: GuestEnvironment, context: GatewayContext, tunnel: Tunnel) {
    this.#guest = guest;
    this.#context = context;
    this.#tunnel = tunnel;
    this.#patience = new Patience(guest.pace);
  }

  describe(): GuestDetails {
    return { tunnels: this.#tunnel.linked };
  }

  async run(): Promise<void> {
    const { faults, publisher } = this.#guest;
    if (faults().some(({ kind }) => kind === "translation-unavailable")) {
      throw new GuestFailure("translation-unavailable", "The VM may pass nothing on.");
    }
    const { beside } = this.#context;
    const close = beside === undefined ? this.#passOut() : this.#passIn(beside);
    try {
      await publisher.say({ ...this.#tunnel.keys, [PUBLISHED.ready]: "YES", ...stage("starting") });
      await Promise.all([
        repeatedly(
          this.#guest,
          () => this.#patience.wait,
          () => this.#look(),
        ),
        repeatedly(
          this.#guest,
          () => (this.#link === "ok" ? WAITS.redial : REDIAL_MS),
          () => this.#dial(),
        ),
      ]);
    } finally {
      close();
    }
  }

  /** What SuperNodes send to its address goes through its tunnel. @returns what ends that */
  #passOut(): () => void {
    const { gateways, id, spec } = this.#guest;
    const ip = spec.context["ETH0_IP"] ?? "";
    const passage: Passage = {
      owner: id,
      lead: (address) => (this.#passes ? this.#tunnel.lead(address) : NOTHING),
      guard: (socket, address) => {
        this.#guest.network.adopt(socket, id);
        this.#tunnel.guard(socket, address);
      },
    };
    gateways.open(spec.zone, ip, passage);
    return () => gateways.close(spec.zone, ip, passage);
  }

  /** What comes out of its tunnels for the dialled address goes to the SuperLink. Its device ends with the tunnel. */
  #passIn(beside: string): () => void {
    const { superlink } = this.#context;
    this.#guest.network.withhold(superlink);
    this.#tunnel.serve(superlink, () => (this.#passes ? this.#met(beside) : "nobody"));
    return () => undefined;
  }

  /** What a packet to the SuperLink's own address meets. */
  #met(beside: string): Met {
    const { network, services, spec } = this.#guest;
    const service = services.at(spec.zone, beside);
    if (service === undefined) return "refused";
    return network.isCut(service.owner) ? "nobody" : { port: service.port };
  }

  /** Where what it passes on leads; undefined while it is too early to say. */
  get #lead(): Lead | undefined {
    const { beside, superlink } = this.#context;
    if (beside === undefined) return this.#tunnel.lead(superlink);
    const met = this.#met(beside);
    if (typeof met === "object") return met;
    return { link: met === "refused" ? "refused" : "unreachable", detail: "The SuperLink does not answer." };
  }

  get #passes(): boolean {
    const { faults, id, network } = this.#guest;
    return !network.isCut(id) && !faults().some(({ kind }) => kind === "passes-nothing");
  }

  async #look(): Promise<void> {
    const { oneGate, publisher, signal } = this.#guest;
    await publisher.flush();
    const wasTold = this.#tunnel.isTold;
    await this.#tunnel.take(await oneGate.get(signal));
    if (this.#tunnel.isTold === wasTold) return;
    this.#patience.moved();
    await this.#dial();
  }

  /** As a SuperNode does, with nothing that it says afterwards. */
  async #dial(): Promise<void> {
    const { id, network, publisher } = this.#guest;
    const { superlink: address, authorities } = this.#context;
    const lead = this.#lead;
    if (lead === undefined) return;
    const dialled = await dialSuperlink({ network, from: id, address, lead, authorities, timeoutMs: DIAL_LIMIT_MS });
    if (dialled.link === "ok") dialled.socket.destroy();
    this.#link = dialled.link;
    const own = dialled.link === "ok" ? this.#tunnel.reason : this.#brokenBy;
    await publisher.say({
      [PUBLISHED.link]: dialled.link,
      ...stage(dialled.link === "ok" ? "serving" : "starting", own),
    });
  }

  get #brokenBy(): Reason {
    const { reason } = this.#tunnel;
    return reason === "none" ? "link-down" : reason;
  }
}
