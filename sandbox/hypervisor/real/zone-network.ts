import { run } from "./command.ts";
import type { Estate } from "./estate.ts";
import { forwardPackets, type Internet, replaceTable } from "./internet.ts";
import { OneGateDoor } from "./one-gate-door.ts";
import type { RouterTunnel } from "./router-tunnel.ts";
import { type UdpForward, ZoneRouter } from "./zone-router.ts";

/** Where VMs find OneGate, in every zone: a link-local address, so that no way leads there from another zone. */
export const ONEGATE_ADDRESS = "169.254.16.9";

/** One network card as oned describes it in CONTEXT. */
export type Nic = {
  readonly device: string;
  readonly ip: string;
  readonly prefix: number;
  readonly gateway: string | undefined;
  readonly mac: string | undefined;
};

/** A zone's switch and router. Private subnets leave it behind its own address, public ones are routed to it. */
export class ZoneNetwork {
  readonly #internet: Internet;
  readonly #space: string;
  #address: string;
  readonly #router: ZoneRouter;
  readonly #door: OneGateDoor;
  readonly #subnets = new Set<string>();
  /** Those that other zones reach. */
  readonly #routed = new Set<string>();
  /** By the switch's port: the addresses of the VM behind it. */
  readonly #ports = new Map<string, string>();
  #filters = false;

  private constructor(parts: {
    internet: Internet;
    space: string;
    address: string;
    router: ZoneRouter;
    door: OneGateDoor;
  }) {
    this.#internet = parts.internet;
    this.#space = parts.space;
    this.#address = parts.address;
    this.#router = parts.router;
    this.#door = parts.door;
  }

  static async create(estate: Estate, internet: Internet, zone: string, oneGateUrl: string): Promise<ZoneNetwork> {
    const space = await estate.addSpace(`${zone}-gateway`);
    await forwardPackets(space);
    await run("ip", ["-n", space, "link", "add", "lan", "type", "bridge"]);
    await run("ip", ["-n", space, "addr", "add", `${ONEGATE_ADDRESS}/32`, "dev", "lan"]);
    await run("ip", ["-n", space, "link", "set", "lan", "up"]);
    const address = await internet.connect(space);
    const router = await ZoneRouter.open(space);
    const door = await OneGateDoor.open(space, ONEGATE_ADDRESS, oneGateUrl);
    return new ZoneNetwork({ internet, space, address, router, door });
  }

  /** Where connections from its private subnets come from, as other zones see them. */
  get outerAddress(): string {
    return this.#address;
  }

  /** As VMs of this zone dial it. */
  get oneGateUrl(): string {
    return this.#door.url;
  }

  /** Gives a VM's namespace its network cards. */
  async plugIn(space: string, vmId: number, nics: readonly Nic[]): Promise<void> {
    for (const [index, nic] of nics.entries()) {
      await this.#provide(nic);
      await this.#connect(space, nic, `vm${vmId}.${index}`);
    }
    const [first] = nics;
    if (first !== undefined) {
      await run("ip", ["-n", space, "route", "add", ONEGATE_ADDRESS, "dev", first.device]);
    }
  }

  /** The router takes a public address and passes one UDP port of it on to the VM that `leadTo` names. */
  async forward(forward: UdpForward): Promise<void> {
    await this.#router.forward(forward, this.#internet, this.#address);
  }

  async addTunnel(tunnel: RouterTunnel): Promise<void> {
    await tunnel.bringUp(this.#space);
  }

  async leadTo(ip: string): Promise<void> {
    await this.#router.leadTo(ip);
  }

  /** The router gets another public address. */
  async renumber(): Promise<void> {
    this.#address = await this.#internet.renumber(this.#space);
    for (const subnet of this.#routed) await this.#internet.route(subnet, this.#address);
    await this.#router.renumbered(this.#internet, this.#address);
  }

  /**
   * As OpenNebula's FILTER_IP_SPOOFING: what a VM sends from an address that is not that of its card is dropped at its
   * port, also for VMs that come later.
   */
  async filterAddresses(on: boolean): Promise<void> {
    this.#filters = on;
    const rules = [...this.#ports].map(
      ([port, ip]) => `iifname "${port}" ether type ip ip saddr != ${ip} counter drop`,
    );
    const chain = `chain in { type filter hook prerouting priority -300;\n${rules.join("\n")}\n}`;
    await replaceTable(this.#space, "bridge addresses", on ? chain : "");
  }

  close(): void {
    this.#door.close();
  }

  async #provide({ ip, prefix, gateway }: Nic): Promise<void> {
    const subnet = subnetOf(ip, prefix);
    if (gateway === undefined || this.#subnets.has(subnet)) return;
    this.#subnets.add(subnet);
    await run("ip", ["-n", this.#space, "addr", "add", `${gateway}/${prefix}`, "dev", "lan"]);
    if (isPrivate(ip)) return;
    this.#routed.add(subnet);
    await this.#internet.route(subnet, this.#address);
  }

  async #connect(space: string, { device, ip, prefix, gateway, mac }: Nic, port: string): Promise<void> {
    const peer = ["peer", "name", port, "netns", this.#space];
    await run("ip", ["link", "add", device, "netns", space, "type", "veth", ...peer]);
    await run("ip", ["-n", this.#space, "link", "set", port, "master", "lan", "up"]);
    const address = mac === undefined ? [] : ["address", mac];
    await run("ip", ["-n", space, "link", "set", device, ...address, "up"]);
    await run("ip", ["-n", space, "addr", "add", `${ip}/${prefix}`, "dev", device]);
    if (gateway !== undefined && device === "eth0") {
      await run("ip", ["-n", space, "route", "add", "default", "via", gateway]);
    }
    this.#ports.set(port, ip);
    if (this.#filters) await this.filterAddresses(true);
  }
}

/** The cards of which CONTEXT gives an address, in their order. */
export function nicsOf(context: Readonly<Record<string, string>>): readonly Nic[] {
  return Object.entries(context).flatMap(([name, ip]) => {
    const number = /^ETH(\d+)_IP$/.exec(name)?.[1];
    if (number === undefined || ip === "") return [];
    const field = (what: string) => context[`ETH${number}_${what}`] || undefined;
    const prefix = prefixOf(field("MASK") ?? "255.255.255.0");
    return [{ device: `eth${number}`, ip, prefix, gateway: field("GATEWAY"), mac: field("MAC") }];
  });
}

function prefixOf(mask: string): number {
  return numberOf(mask).toString(2).replaceAll("0", "").length;
}

function subnetOf(ip: string, prefix: number): string {
  const network = (numberOf(ip) & (prefix === 0 ? 0 : -1 << (32 - prefix))) >>> 0;
  return `${[24, 16, 8, 0].map((shift) => (network >>> shift) & 255).join(".")}/${prefix}`;
}

function numberOf(ip: string): number {
  return ip.split(".").reduce((number, part) => number * 256 + Number(part), 0);
}

function isPrivate(ip: string): boolean {
  return /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/.test(ip);
}
