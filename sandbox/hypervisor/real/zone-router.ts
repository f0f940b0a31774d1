import { z } from "zod";
import { run } from "./command.ts";
import { type Internet, replaceTable } from "./internet.ts";

const PRIVATE = "{ 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 }";

/** A public address that a zone's router takes, and the one UDP port there that it passes on into the zone. */
export const udpForward = z.object({ ip: z.ipv4(), port: z.int().min(1).max(65_535) });
export type UdpForward = z.infer<typeof udpForward>;

/**
 * What a zone's router does between its switch, `lan`, and the others, `wan`: private subnets leave the zone behind the
 * router's own address, and nothing that was not asked for gets in to them, but for what is forwarded.
 */
export class ZoneRouter {
  readonly #space: string;
  #forward: UdpForward | undefined;
  #to: string | undefined;

  private constructor(space: string) {
    this.#space = space;
  }

  static async open(space: string): Promise<ZoneRouter> {
    const router = new ZoneRouter(space);
    await router.#write();
    return router;
  }

  /** From now on the router has this address too; its port leads to the VM of `leadTo`, as soon as there is one. */
  async forward(forward: UdpForward, internet: Internet, address: string): Promise<void> {
    await run("ip", ["-n", this.#space, "addr", "replace", `${forward.ip}/32`, "dev", "wan"]);
    await internet.route(`${forward.ip}/32`, address);
    this.#forward = forward;
    await this.#write();
  }

  /** The zone has another address on its way out: its public one is found there now. */
  async renumbered(internet: Internet, address: string): Promise<void> {
    if (this.#forward !== undefined) await internet.route(`${this.#forward.ip}/32`, address);
  }

  /** @param ip of the VM in the zone that gets what is forwarded */
  async leadTo(ip: string): Promise<void> {
    this.#to = ip;
    await this.#write();
  }

  async #write(): Promise<void> {
    const to =
      this.#forward === undefined || this.#to === undefined
        ? ""
        : `ip daddr ${this.#forward.ip} udp dport ${this.#forward.port} dnat to ${this.#to}`;
    const chains = [
      `chain in { type nat hook prerouting priority dstnat;\n${to}\n}`,
      `chain out { type nat hook postrouting priority srcnat;\noifname "wan" ip saddr ${PRIVATE} masquerade\n}`,
      `chain through { type filter hook forward priority 0;
iifname "wan" ct state established,related accept
iifname "wan" ct status dnat accept
iifname "wan" ip daddr ${PRIVATE} drop
}`,
    ];
    await replaceTable(this.#space, "ip florist", chains.join("\n"));
  }
}
