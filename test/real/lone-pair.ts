/** A SuperLink and a SuperNode with real Flower and without the bot. */
import type { VmAddress } from "../../sandbox/hypervisor/hypervisor.ts";
import { Inside } from "../../sandbox/hypervisor/real/inside.ts";
import type { RealView } from "../../sandbox/hypervisor/real/real-hypervisor.ts";
import { encodePem } from "../../src/guest-protocol/certificates.ts";
import { CONTEXT, PUBLISHED } from "../../src/guest-protocol/names.ts";
import { until } from "../waiting.ts";
import { FLEET_PORT, type LoneGuests, nic } from "./lone-guests.ts";

type PairWish = {
  /** The agent's own release unless another is named. */
  readonly flowerVersion?: string;
  /** Seconds. */
  readonly keepalive: { readonly time: number; readonly timeout: number };
  /** Shell commands that run, as root and before the agent, in each of its VMs. */
  readonly prepare: string;
};

/** One SuperLink with a public address and, in another zone and behind NAT, one SuperNode. */
export class LonePair {
  /** Of the SuperLink, as the router between the zones sees it. */
  readonly address: string;
  readonly #guests: LoneGuests;
  readonly #number: number;
  readonly #superlink: VmAddress;
  readonly #supernode: VmAddress;

  /** @param number of its zones; pairs of one program differ in it. At most 200. */
  constructor(guests: LoneGuests, number: number) {
    this.#guests = guests;
    this.#number = number;
    this.address = `203.0.${number}.10`;
    this.#superlink = { zone: `coordinator-${number}`, vmId: 1 };
    this.#supernode = { zone: `training-${number}`, vmId: 2 };
  }

  /** Resolves when the SuperNode serves. */
  async deploy({ flowerVersion, keepalive, prepare }: PairWish): Promise<void> {
    const guests = this.#guests;
    const dialled = `${this.address}:${FLEET_PORT}`;
    await Promise.all([
      this.#boot(this.#superlink, prepare, {
        ...guests.context(this.#superlink.zone, keepalive, flowerVersion),
        ...nic(`203.0.${this.#number}`),
        [CONTEXT.role]: "superlink",
        [CONTEXT.dialledAddress]: dialled,
      }),
      this.#boot(this.#supernode, prepare, {
        ...guests.context(this.#supernode.zone, keepalive, flowerVersion),
        ...nic(`10.20.${this.#number}`),
        [CONTEXT.role]: "supernode",
        [CONTEXT.superlinkAddress]: dialled,
        [CONTEXT.caCertificate]: encodePem([guests.authority.certificatePem]),
      }),
    ]);
    await guests.certify(this.#superlink, this.address);
    await guests.admit(this.#superlink, [this.#supernode]);
  }

  /** Resolves when the SuperLink shows another certificate. */
  async renew(): Promise<void> {
    const before = this.says("superlink", PUBLISHED.fingerprint);
    await this.#guests.certify(this.#superlink, this.address);
    await this.#guests.published(this.#superlink, PUBLISHED.fingerprint, (value) => value !== before);
  }

  /** What stands in an attribute now; empty where nothing does. */
  says(who: "superlink" | "supernode", name: string): string {
    return this.#guests.says(who === "superlink" ? this.#superlink : this.#supernode, name);
  }

  /** Ends both VMs for ever. */
  async remove(): Promise<void> {
    for (const vm of [this.#supernode, this.#superlink]) await this.#guests.client.remove(vm);
  }

  async superlink(): Promise<RealView> {
    return await this.#guests.view(this.#superlink);
  }

  async supernode(): Promise<RealView> {
    return await this.#guests.view(this.#supernode);
  }

  /** First without the agent, so that the disk can be prepared. */
  async #boot(vm: VmAddress, prepare: string, context: Readonly<Record<string, string>>): Promise<void> {
    await this.#guests.start(vm, { ...context, [CONTEXT.startScript]: "" });
    const inside = new Inside(await this.#guests.view(vm));
    const booted = ["sh", "-c", "ls /run/one-context/one_env || true"];
    await until("it has booted", async () => (await inside.run(booted)) !== "");
    await inside.run(["sh", "-ec", prepare]);
    await this.#guests.client.stop(vm);
    await this.#guests.start(vm, context);
  }
}
