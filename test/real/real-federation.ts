/** A federation with real Flower, deployed by the bot through Slack: what the tests of a file share. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Sandbox, startSandbox } from "../../sandbox/composition.ts";
import type { RealView } from "../../sandbox/hypervisor/real/real-hypervisor.ts";
import { setUpRouter } from "../../sandbox/story/routers.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { SANDBOX_GATEWAY, SANDBOX_HUB, type SandboxZonesFile, zoneChannel } from "../../sandbox/zones-file.ts";
import { journalOf } from "../faults/data-directory.ts";
import { until } from "../waiting.ts";

const COORDINATOR = "zone-a";
const TUNNELLED = "zone-b";
const ROUTED = "zone-c";
const ADJUST = "Adjust and approve";
const IMAGE = "Or a disk: the number of its image";
/** Attributes in which a guest says how it does. */
const SAID = new Set(["FL_STAGE", "FL_REASON", "FL_LINK", "FL_HEARTBEAT"]);
/** Of the journal's events and of the log's lines. */
const LAST = 60;
/** The stand-ins' own waits are of no interest here. */
const SPEED = 20;
/** Sites are used again at once: nothing that has to stand before it is told comes again within so short a window. */
const CONDITIONS = { raise: "300 ms", clear: "300 ms", flapWindow: "200 ms", calm: "30 s" };

type FederationWish = {
  readonly zones?: number;
  /** Labels of fields of the form and what is typed or chosen there. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Replaces values of the zones file's policy. */
  readonly policy?: Readonly<Record<string, unknown>>;
  /**
   * By WireGuard every zone is behind NAT, the coordinator's too, whose router lets one UDP port in. Mixed: the SuperLink
   * has a public address as well, zone B's VMs and zone C's router have tunnels, and the others dial that address. Passed:
   * every zone is behind NAT, a gateway is the hub, zone B has one too, and zone C's router has its tunnel.
   */
  readonly crossing?: "public" | "wireguard" | "mixed" | "passed";
  /** Zones whose VMs no service holds. */
  readonly withoutOneFlow?: readonly string[];
  /** Zones whose owners attach a disk with data, each its own. */
  readonly withDisk?: readonly string[];
  /** Done before anything is asked for. */
  readonly prepare?: (federation: RealFederation) => Promise<void>;
  /** What the bot's key store is sealed with, for a test that opens it too. */
  readonly storeKey?: string;
};

const isRouted = (crossing: FederationWish["crossing"]): boolean => crossing === "mixed" || crossing === "passed";

export class RealFederation {
  readonly name: string;
  readonly sandbox: Sandbox;
  readonly stage: Stage;
  readonly training: readonly string[];

  private constructor(name: string, sandbox: Sandbox) {
    this.name = name;
    this.sandbox = sandbox;
    this.stage = new Stage(sandbox);
    this.training = sandbox.zoneNames.slice(1);
  }

  /** Zone A with the SuperLink, and training zones with two SuperNodes each; resolves when all are up. */
  static async deploy(name: string, wish: FederationWish = {}) {
    const { zones = 3, fields = {}, policy = {}, crossing = "public", withoutOneFlow = [], storeKey, prepare } = wish;
    const hidden = crossing === "wireguard" || crossing === "passed" ? { network: "private" } : {};
    const ways: Readonly<Record<string, "gateway" | "router">> = {
      ...(crossing === "passed" ? { [COORDINATOR]: "gateway", [TUNNELLED]: "gateway" } : {}),
      ...(isRouted(crossing) ? { [ROUTED]: "router" } : {}),
    };
    const ended = (zone: string) => (ways[zone] === undefined ? {} : { ...SANDBOX_GATEWAY, tunnel: ways[zone] });
    const configure = (usual: SandboxZonesFile) => ({
      ...usual,
      zones: Object.fromEntries(
        Object.entries(usual.zones).map(([zone, entry]) => [zone, { ...entry, ...hidden, ...ended(zone) }]),
      ),
      policy: { ...usual.policy, conditions: CONDITIONS, ...policy },
    });
    const usual = {
      zones,
      speed: SPEED,
      seed: name,
      portBase: 0,
      real: true,
      network: crossing === "public" ? ("public" as const) : ("wireguard" as const),
      withoutOneFlow,
      configure,
    };
    const sandbox = await startSandbox({ ...usual, ...(storeKey === undefined ? {} : { storeKey }) });
    try {
      const federation = new RealFederation(name, sandbox);
      await prepare?.(federation);
      await federation.#deploy(fields, crossing, wish);
      return federation;
    } catch (error) {
      await sandbox.stop(true);
      throw error;
    }
  }

  async #deploy(
    fields: Readonly<Record<string, string>>,
    crossing: NonNullable<FederationWish["crossing"]>,
    { withDisk = [] }: Pick<FederationWish, "withDisk">,
  ): Promise<void> {
    const { stage, training, name } = this;
    const hub = crossing === "public" ? {} : { hub: `${SANDBOX_HUB.ip}:${SANDBOX_HUB.port}` };
    const some = crossing === "mixed" ? { tunnelled: [TUNNELLED, ROUTED] } : {};
    await stage.askFor({ name, coordinator: COORDINATOR, training, fields, ...hub, ...some });
    for (const zone of withDisk) await this.#attachDisk(zone);
    await stage.approve([COORDINATOR, ...training.filter((zone) => !withDisk.includes(zone))]);
    if (isRouted(crossing)) await setUpRouter(stage, ROUTED, name);
    for (const zone of training) await stage.isUp(zone);
  }

  /** The owner approves, with a disk of the zone. */
  async #attachDisk(zone: string): Promise<void> {
    const owner = this.stage.owner(zone);
    await owner.press(zoneChannel(zone), ADJUST);
    const form = await owner.view(ADJUST, [IMAGE]);
    await owner.fill(form, { [IMAGE]: "1" });
    const answer = await owner.submit(form);
    if (answer.errors !== undefined || answer.problem !== undefined)
      throw new Error(`The disk of ${zone}: ${JSON.stringify(answer)}`);
  }

  async superlink(): Promise<RealView> {
    const found = (await this.stage.guests.realGuests()).find(({ role }) => role === "superlink");
    if (found === undefined) throw new Error("No SuperLink runs.");
    return found;
  }

  async supernodes(zone?: string): Promise<readonly RealView[]> {
    const all = await this.stage.guests.realGuests();
    return all.filter((vm) => vm.role === "supernode" && (zone === undefined || vm.zone === zone));
  }

  /** The attributes of a VM, as its zone holds them. */
  async attributes({ zone, vmId }: Pick<RealView, "zone" | "vmId">): Promise<Readonly<Record<string, string>>> {
    const found = (await this.stage.zones.zone(zone)).vms.find(({ id }) => id === vmId);
    const texts = Object.entries(found?.userTemplate ?? {}).flatMap(([key, value]) =>
      typeof value === "string" ? [[key, value] as const] : [],
    );
    return Object.fromEntries(texts);
  }

  /** What the VM was created with. */
  async context({ zone, vmId }: Pick<RealView, "zone" | "vmId">): Promise<Readonly<Record<string, string>>> {
    return (await this.stage.zones.zone(zone)).vms.find(({ id }) => id === vmId)?.context ?? {};
  }

  /**
   * Looks until what is seen holds.
   *
   * @throws Error that also says what the guests and the bot said last
   */
  async until<Seen>(what: string, look: () => Promise<Seen>, holds: (seen: Seen) => boolean = Boolean): Promise<Seen> {
    return this.#explained(what, until(what, look, holds));
  }

  /** A message of the channel that has all the words, once it is there. */
  async reads(channel: string, ...words: readonly string[]): Promise<string> {
    return this.#explained(`${words.join(" … ")} in ${channel}`, this.stage.reads(channel, ...words));
  }

  async #explained<Seen>(what: string, waiting: Promise<Seen>): Promise<Seen> {
    try {
      return await waiting;
    } catch (cause) {
      throw new Error(`In vain: ${what}.\n${await this.#lastWords()}`, { cause });
    }
  }

  async #lastWords(): Promise<string> {
    const guests = (await this.stage.guests.realGuests()).map(async (guest) => {
      const attributes = Object.entries(await this.attributes(guest)).filter(([name]) => SAID.has(name));
      return `${guest.zone} VM ${guest.vmId}: ${attributes.map((pair) => pair.join("=")).join(" ")}`;
    });
    const events = (await journalOf(this.sandbox, this.name)).slice(-LAST).map((event) => JSON.stringify(event));
    const log = (await readFile(join(this.sandbox.directory, "bot.log"), "utf8")).trimEnd().split("\n").slice(-LAST);
    return [...(await Promise.all(guests)), ...events, ...log].join("\n");
  }

  async end(): Promise<void> {
    await this.sandbox.stop();
  }
}
