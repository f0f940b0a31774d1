/** The people of the sandbox before their screens, and the operators' eyes on zones and guests. */
import type { Sandbox } from "../composition.ts";
import { GuestsClient } from "../hypervisor/client.ts";
import { PATIENCE_MS, type SlackControl, slackControl } from "../slack/client.ts";
import type { ShownView } from "../slack/control/control-api.ts";
import { ZonesControl } from "../zones/client.ts";
import { homeChannel, zoneChannel, zoneOwner } from "../zones-file.ts";
import { Player } from "./person.ts";

/** OpenNebula's STATE of a VM that has ended. */
export const DONE = 6;

export interface FederationWish {
  readonly name: string;
  readonly coordinator: string;
  readonly training: readonly string[];
  /** Public `host:port` of the tunnels' hub, where traffic is to cross by WireGuard. */
  readonly hub?: string | undefined;
  /** Training zones that come by it; all unless they are named, and the others dial a public address. */
  readonly tunnelled?: readonly string[] | undefined;
  /** Labels of further fields and what is typed or chosen there. */
  readonly fields?: Readonly<Record<string, string>>;
}

/** What people and operators reach, however it was started. */
export type Scenery = Pick<Sandbox, "slackControl" | "zonesControl" | "guests" | "zoneNames"> &
  Partial<Pick<Sandbox, "real">>;

export class Stage {
  readonly slack: SlackControl;
  readonly zones: ZonesControl;
  readonly guests: GuestsClient;
  readonly zoneNames: readonly string[];
  readonly patience: number;

  /** `patience`: milliseconds to wait for something to be shown. */
  constructor(sandbox: Scenery, patience: number = PATIENCE_MS) {
    this.patience = patience;
    this.slack = slackControl(sandbox.slackControl);
    this.zones = new ZonesControl(sandbox.zonesControl);
    this.guests = new GuestsClient(sandbox.guests);
    this.zoneNames = sandbox.zoneNames;
  }

  person(id: string): Player {
    return new Player(this.slack, id, this.patience);
  }

  owner(zone: string): Player {
    return this.person(zoneOwner(zone, 1));
  }

  get requester(): Player {
    return this.person("U0REQUEST1");
  }

  async texts(channel: string): Promise<readonly string[]> {
    const { messages } = await this.slack.channel(channel);
    return messages.flatMap((message) => [message, ...message.replies]).map(({ text }) => text);
  }

  /** As soon as a message of the channel, or a reply, holds these words. */
  reads(channel: string, ...words: readonly string[]): Promise<string> {
    return this.slack.until(
      `${words.join(" … ")} in ${channel}`,
      async () => (await this.texts(channel)).find((text) => words.every((word) => text.includes(word))),
      this.patience,
    );
  }

  /** Opens the form and chooses what decides which fields it has; resolves to the form with all of them. */
  async openForm({ coordinator, training, hub, tunnelled }: Omit<FederationWish, "name">): Promise<ShownView> {
    const { requester } = this;
    const sites = training.map(superNodesLabel);
    const first = await requester.open(homeChannel, "deploy-site", FORM);
    await requester.fill(first, { "Coordinator zone": coordinator, "Training sites": training });
    const form = await requester.view(FORM, sites);
    if (hub === undefined) return form;
    const way = tunnelled === undefined ? "Through WireGuard" : "Some sites in one way";
    await requester.fill(form, { "How does traffic cross?": way });
    const withTunnels = await requester.view(FORM, [...sites, HUB_LABEL]);
    const chosen = tunnelled === undefined ? {} : { "Training sites that come through WireGuard": tunnelled };
    await requester.fill(withTunnels, { [HUB_LABEL]: hub, ...chosen });
    return withTunnels;
  }

  /** Fills in and sends the form; resolves when the federation's card is there. */
  async askFor({ name, fields = {}, ...wish }: FederationWish): Promise<void> {
    const { requester } = this;
    const form = await this.openForm(wish);
    await requester.fill(form, {
      "Name of the federation": name,
      "What it is for": `A trial called ${name}.`,
      ...fields,
    });
    const answer = await requester.submit(form);
    if (answer.errors !== undefined || answer.problem !== undefined)
      throw new Error(`The form: ${JSON.stringify(answer)}`);
    await this.reads(homeChannel, `Federation ${name}`);
  }

  /** The owner of each zone approves what is put before it. `about` tells several federations' cards apart. */
  async approve(zones: readonly string[], about = ""): Promise<void> {
    for (const zone of zones) await this.owner(zone).press(zoneChannel(zone), "Approve", about);
  }

  /** As soon as the home thread says that the SuperLink sees all of the zone's SuperNodes. */
  async isUp(zone: string): Promise<void> {
    await this.reads(homeChannel, `(${zone})`, "is up");
  }

  /** What VMs that run in a zone have said, or were told: attributes by name. */
  async attributes(zone: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    return (await this.#runningIn(zone)).map(({ userTemplate }) => userTemplate);
  }

  /** What VMs that run in a zone were created with. */
  async contexts(zone: string): Promise<readonly Readonly<Record<string, string>>[]> {
    return (await this.#runningIn(zone)).map(({ context }) => context);
  }

  async runningVms(zone: string): Promise<number> {
    return (await this.#runningIn(zone)).length;
  }

  async #runningIn(zone: string) {
    return (await this.zones.zone(zone)).vms.filter(({ state }) => state !== DONE);
  }
}

export const FORM = "Deploy a federation";

const HUB_LABEL = "Public address and UDP port of the hub";

export const superNodesLabel = (zone: string): string => `SuperNodes in Hospital ${zone.slice(-1).toUpperCase()}`;
