/** One training site with one SuperNode, as its guest, its zone and Slack show it. */
import assert from "node:assert/strict";
import { z } from "zod";
import type { RealView } from "../../sandbox/hypervisor/real/real-hypervisor.ts";
import { homeChannel, zoneChannel } from "../../sandbox/zones-file.ts";
import { journalOf } from "../faults/data-directory.ts";
import type { RealFederation } from "./real-federation.ts";

export type Expected = {
  /** What the guest says: FL_LINK, and FL_REASON. */
  readonly link: string;
  readonly reason: string;
  /** How the line on the card in its zone's channel begins, and what the home channel's thread reads. */
  readonly detail: string;
  readonly sentence: string;
};

/** How much is to be read about the site, by what it says and where it stands. */
export type Reading = {
  /** Lines on the site's card that name a fault. */
  readonly lines: number;
  /** Those of them that say what is expected. */
  readonly zone: number;
  /** Messages that say that the site is down and why. */
  readonly home: number;
  /** Messages that name a VM, where only the sentence belongs. */
  readonly homeDetail: number;
  /** Messages that say that it is up again. */
  readonly over: number;
  /** Messages in other channels. */
  readonly elsewhere: number;
};

export class SiteWatch {
  readonly site: string;
  readonly #federation: RealFederation;

  constructor(federation: RealFederation, site: string) {
    this.#federation = federation;
    this.site = site;
  }

  async node(): Promise<RealView> {
    const [found] = await this.#federation.supernodes(this.site);
    assert.ok(found);
    return found;
  }

  async said(): Promise<string> {
    const attributes = await this.#federation.attributes(await this.node());
    return ["FL_LINK", "FL_STAGE", "FL_REASON"].map((name) => attributes[name]).join(" ");
  }

  async isWell(): Promise<boolean> {
    return (await this.said()) === "ok serving none";
  }

  /** Nothing that the bot holds against it stands any more: what comes now comes anew. */
  async isOver(): Promise<boolean> {
    const of = z.object({ subject: z.object({ site: z.literal(this.site) }), code: z.string() });
    const standing = new Set<string>();
    for (const event of await journalOf(this.#federation.sandbox, this.#federation.name)) {
      const parsed = of.safeParse(event);
      if (!parsed.success) continue;
      if (event.type === "condition-cleared") standing.delete(parsed.data.code);
      else standing.add(parsed.data.code);
    }
    return standing.size === 0;
  }

  async says({ link, reason }: Expected): Promise<boolean> {
    const [saidLink, , saidReason] = (await this.said()).split(" ");
    return saidLink === link && saidReason === reason;
  }

  /** What a redeployment would change. */
  async deployed() {
    const { services, vms } = await this.#federation.stage.zones.zone(this.site);
    return { services: services.map(({ id }) => id), vms: vms.map(({ id, state }) => ({ id, state })) };
  }

  async read({ detail, sentence }: Expected): Promise<Reading> {
    const { channels } = await this.#federation.stage.slack.world();
    const told = new Map<string, readonly string[]>();
    for (const { id } of channels) told.set(id, await this.#textsIn(id));
    const own = told.get(zoneChannel(this.site)) ?? [];
    const home = told.get(homeChannel) ?? [];
    const all = [...told.values()].flat().length;
    const lines = own.flatMap((text) => text.split("\n")).filter((line) => line.startsWith("• "));
    return {
      lines: lines.length,
      zone: holding(lines, `• ${detail}`),
      home: home.filter((text) => text.includes("is down: 0 of 1 SuperNode online") && text.includes(sentence)).length,
      homeDetail: home.filter((text) => /VM \d/.test(text)).length,
      over: holding(home, "is up again: 1 of 1 SuperNode online."),
      elsewhere: all - own.length - home.length,
    };
  }

  async #textsIn(channel: string): Promise<readonly string[]> {
    const name = `Hospital ${this.site.slice(-1).toUpperCase()} (${this.site})`;
    return (await this.#federation.stage.texts(channel)).filter((text) => text.includes(name));
  }
}

const holding = (texts: readonly string[], words: string): number =>
  texts.filter((text) => text.includes(words)).length;
