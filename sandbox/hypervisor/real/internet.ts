import { run } from "./command.ts";
import type { Estate } from "./estate.ts";
import { Relay } from "./relay.ts";

/** After this long without a packet Linux forgets a connection unless it is told otherwise: five days. */
const USUAL_MEMORY_S = 432_000;
const RELAY = "relay";
/** The routing table for packets that come from a zone; while it is empty, the usual one holds for them too. */
const FROM_ZONES = "77";

/** Where zones meet: a router whose firewall lets everything pass until it is told otherwise. */
export class Internet {
  readonly space: string;
  /** By a gateway's namespace: its line's number, and how often its address has changed. */
  readonly #lines = new Map<string, { readonly number: number; moves: number }>();
  #relay: Promise<Relay> | undefined;

  private constructor(space: string) {
    this.space = space;
  }

  static async create(estate: Estate): Promise<Internet> {
    const space = await estate.addSpace("internet");
    await forwardPackets(space);
    return new Internet(space);
  }

  /** Connects a zone's gateway, whose way out is `wan` from then on. @returns its address there */
  async connect(gateway: string): Promise<string> {
    const line = { number: this.#lines.size, moves: 0 };
    this.#lines.set(gateway, line);
    const port = portOf(line);
    const [here, there] = addressesOf(line);
    await run("ip", [
      "link",
      "add",
      "wan",
      "netns",
      gateway,
      "type",
      "veth",
      "peer",
      "name",
      port,
      "netns",
      this.space,
    ]);
    await run("ip", ["-n", this.space, "addr", "add", `${here}/30`, "dev", port]);
    await run("ip", ["-n", this.space, "link", "set", port, "up"]);
    await run("ip", ["-n", this.space, "rule", "add", "iif", port, "lookup", FROM_ZONES]);
    await run("ip", ["-n", gateway, "addr", "add", `${there}/30`, "dev", "wan"]);
    await run("ip", ["-n", gateway, "link", "set", "wan", "up"]);
    await run("ip", ["-n", gateway, "route", "add", "default", "via", here]);
    return there;
  }

  /** The gateway gets another address, as some providers do at night. What was under way to the old one is lost. */
  async renumber(gateway: string): Promise<string> {
    const line = this.#lines.get(gateway);
    if (line === undefined) throw new Error(`${gateway} is not connected.`);
    const [oldHere, oldThere] = addressesOf(line);
    line.moves += 1;
    const [here, there] = addressesOf(line);
    await run("ip", ["-n", this.space, "addr", "add", `${here}/30`, "dev", portOf(line)]);
    await run("ip", ["-n", gateway, "addr", "add", `${there}/30`, "dev", "wan"]);
    await run("ip", ["-n", gateway, "route", "replace", "default", "via", here]);
    await run("ip", ["-n", gateway, "addr", "del", `${oldThere}/30`, "dev", "wan"]);
    await run("ip", ["-n", this.space, "addr", "del", `${oldHere}/30`, "dev", portOf(line)]);
    return there;
  }

  /** From now on packets for a public subnet go to that gateway. */
  async route(subnet: string, gatewayAddress: string): Promise<void> {
    await run("ip", ["-n", this.space, "route", "replace", subnet, "via", gatewayAddress]);
  }

  /**
   * Replaces the firewall's rules.
   * @param rules statements of nft for the chain that sees every packet between zones, such as `tcp dport 9092 drop`
   * @param forgetIdleAfter seconds after which a silent connection is forgotten, and its next packets dropped;
   *   absent, nothing is tracked
   * @throws CommandFailed when nft refuses a rule; the rules before stay in force
   */
  async setFirewall(rules: readonly string[], forgetIdleAfter?: number): Promise<void> {
    const stateful = ["ct state established,related accept", "ct state invalid drop"];
    // What comes out of the relay was judged when it went in.
    const lines = [`iifname "${RELAY}" accept`, ...rules, ...(forgetIdleAfter === undefined ? [] : stateful)];
    const chain = `chain forward { type filter hook forward priority 0;\n${lines.join("\n")}\n}`;
    await replaceTable(this.space, "inet firewall", chain);
    if (forgetIdleAfter !== undefined) await this.#remember(forgetIdleAfter);
  }

  /**
   * From now on every packet between zones arrives so much later than it was sent; 0 ends that.
   * @throws CommandFailed where there is no /dev/net/tun
   */
  async setDelay(milliseconds: number): Promise<void> {
    if (milliseconds === 0) return await this.#endDelay();
    this.#relay ??= Relay.open(this.space, RELAY);
    try {
      (await this.#relay).setDelay(milliseconds);
    } catch (error) {
      this.#relay = undefined;
      throw error;
    }
    await this.#lead(["default", "dev", RELAY]);
  }

  async #endDelay(): Promise<void> {
    const relay = await this.#relay;
    this.#relay = undefined;
    await this.#lead(["throw", "default"]);
    await relay?.close();
  }

  /** Where packets from a zone go; thrown, they go where the usual table says. */
  async #lead(route: readonly string[]): Promise<void> {
    await run("ip", ["-n", this.space, "route", "replace", ...route, "table", FROM_ZONES]);
  }

  /** A packet in the middle of a connection that nobody remembers is invalid, instead of the start of a new memory. */
  async #remember(seconds: number): Promise<void> {
    const settings = { tcp_loose: 0, tcp_timeout_established: Math.min(seconds, USUAL_MEMORY_S) };
    const lines = Object.entries(settings).map(
      ([name, value]) => `echo ${value} > /proc/sys/net/netfilter/nf_conntrack_${name}`,
    );
    await run("ip", ["netns", "exec", this.space, "sh", "-ec", lines.join("\n")]);
  }
}

type Line = { readonly number: number; readonly moves: number };

const portOf = ({ number }: Line): string => `zone${number}`;

/** Of the two ends of a gateway's line: ours, and the gateway's. */
const addressesOf = ({ number, moves }: Line): readonly [string, string] => {
  const net = `100.${64 + (moves % 64)}.${number}`;
  return [`${net}.1`, `${net}.2`];
};

export async function forwardPackets(space: string): Promise<void> {
  await run("ip", ["netns", "exec", space, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]);
}

/** Puts a table of nft in the place of the one of that name, in one step. An empty content lets everything pass. */
export async function replaceTable(space: string, table: string, content: string): Promise<void> {
  const input = `table ${table}\ndelete table ${table}\ntable ${table} {\n${content}\n}\n`;
  await run("ip", ["netns", "exec", space, "nft", "-f", "-"], { input });
}
