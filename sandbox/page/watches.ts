/** Follows the stand-ins by their own change notices, and brings what is new into the scene. */
import { setTimeout as pause } from "node:timers/promises";
import type { GuestsClient } from "../hypervisor/client.ts";
import type { SlackControl } from "../slack/client.ts";
import type { ZonesControl } from "../zones/client.ts";
import { hospitalOf } from "../zones-file.ts";
import { CallRates } from "./call-rates.ts";
import type { Flapping } from "./flapping.ts";
import type { ShownVm, ShownZone, VmFault, ZoneFault } from "./protocol.ts";
import type { Scene } from "./scene.ts";
import { isChanged } from "./template-change.ts";

/** Changes come in flocks: one look for all of them. */
const BETWEEN_LOOKS_MS = 40;
const LONGEST_WAIT_MS = 10_000;
/** A stand-in that does not answer is asked again so often. */
const AFTER_FAILURE_MS = 1000;
/** Calls are counted, which is no change that anybody notes: so they are looked at so often while a page is open. */
const COUNTING_MS = 2000;

type Overview = Awaited<ReturnType<ZonesControl["overview"]>>;
type Guests = Awaited<ReturnType<GuestsClient["roles"]>>;

export interface Watched {
  readonly slack: SlackControl;
  readonly zones: ZonesControl;
  readonly guests: GuestsClient;
  readonly flapping: Flapping;
}

export class Watches {
  readonly #watched: Watched;
  readonly #scene: Scene;
  readonly #signal: AbortSignal;
  readonly #rates = new CallRates(COUNTING_MS);

  constructor(watched: Watched, scene: Scene, signal: AbortSignal) {
    this.#watched = watched;
    this.#scene = scene;
    this.#signal = signal;
  }

  /** Resolves when both have been looked at once; they go on until the signal. */
  async begin(): Promise<void> {
    const slackVersion = await this.#lookAtSlack(-1, 0);
    const zonesChange = await this.#lookAtZones(-1, 0);
    void this.#again((since) => this.#lookAtSlack(since, LONGEST_WAIT_MS), slackVersion);
    void this.#again((since) => this.#lookAtZones(since, COUNTING_MS), zonesChange);
  }

  /** Guests tell nobody what is done to them, so whoever does it asks for a look. */
  async lookAtGuests(): Promise<void> {
    await this.#lookAtZones(-1, 0);
  }

  async #again(look: (since: number) => Promise<number>, since: number): Promise<void> {
    let seen = since;
    while (!this.#signal.aborted) {
      try {
        seen = await look(seen);
        await pause(BETWEEN_LOOKS_MS);
      } catch {
        await pause(AFTER_FAILURE_MS);
      }
    }
  }

  async #lookAtSlack(since: number, timeoutMs: number): Promise<number> {
    const { version, messages, gone, channels, views, homes } = await this.#watched.slack.news(since, timeoutMs);
    this.#scene.takeMessages(messages, gone);
    this.#scene.take("channels", channels);
    this.#scene.take("views", views);
    this.#scene.take("homes", homes);
    return version;
  }

  async #lookAtZones(since: number, timeoutMs: number): Promise<number> {
    const overview = await this.#watched.zones.overview(since, timeoutMs);
    const guests = await this.#watched.guests.roles();
    this.#scene.take(
      "zones",
      overview.zones.map((zone) => this.#shownZone(zone, guests)),
    );
    return overview.change;
  }

  #shownZone(zone: Overview["zones"][number], guests: Guests): ShownZone {
    const { name, answering, services, templates } = zone;
    const isUp = answering.oned && answering.oneFlow !== false && answering.oneGate;
    return {
      name,
      title: hospitalOf(name),
      answering: isUp,
      faults: zoneFaults(zone, isUp),
      ...this.#rates.of(name, zone.calls.xmlRpc + zone.calls.oneFlow),
      services,
      templates,
      vms: zone.vms.map(({ phase: _, ...vm }): ShownVm => {
        const guest = guests.find((one) => one.zone === name && one.vmId === vm.id);
        return { ...vm, faults: guest === undefined ? [] : this.#vmFaults(guest) };
      }),
    };
  }

  #vmFaults(guest: Guests[number]): VmFault[] {
    const flaps = this.#watched.flapping.has(guest);
    const isDead = guest.alive === false && guest.state === "running";
    return [...(flaps ? ["flap" as const] : guest.cut ? ["cut" as const] : []), ...(isDead ? ["kill" as const] : [])];
  }
}

function zoneFaults({ faults, templates }: Overview["zones"][number], isUp: boolean): ZoneFault[] {
  return [
    ...(faults.includes("slow") ? ["slow" as const] : []),
    ...(faults.includes("refuse") ? ["refuse" as const] : []),
    ...(isUp ? [] : ["down" as const]),
    ...(templates.some(isChanged) ? ["template" as const] : []),
  ];
}
