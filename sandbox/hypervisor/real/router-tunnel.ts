import { generateKeyPairSync, type KeyObject } from "node:crypto";
import type { RouterConfiguration } from "../tunnel/zone-routers.ts";
import { run } from "./command.ts";

const DEVICE = "florist";
const KEEPALIVE_SECONDS = 25;
const RAW_KEY_BYTES = 32;

/** As `wg set`, which the machine need not have: what comes on stdin goes to the device's own socket. */
const CONFIGURE = `import socket, sys
line = socket.socket(socket.AF_UNIX)
line.connect("/run/wireguard/${DEVICE}.sock")
line.sendall(sys.stdin.buffer.read())
answer = line.recv(200)
sys.exit(0 if answer == b"errno=0\\n\\n" else repr(answer))`;

/**
 * In the place of the tunnel that may be there, and with a /run/wireguard of its own, for the machine's is everybody's. It
 * goes with the namespace.
 */
const BRING_UP = `[ ! -e /sys/class/net/${DEVICE} ] || ip link delete ${DEVICE} || exit; mkdir -p /run/wireguard && mount -t tmpfs tunnel /run/wireguard && wireguard-go ${DEVICE} >/dev/null 2>&1 && for look in $(seq 100); do [ -S /run/wireguard/${DEVICE}.sock ] && break; sleep 0.1; done && python3 -c '${CONFIGURE}'`;

/** A zone's router as one end of a tunnel: its key, and what its administrator has set up. */
export class RouterTunnel {
  readonly publicKey: string;
  readonly #configuration: RouterConfiguration;
  readonly #privateKey: KeyObject;

  constructor(configuration: RouterConfiguration) {
    const { publicKey, privateKey } = generateKeyPairSync("x25519");
    this.publicKey = publicKey.export({ type: "spki", format: "der" }).subarray(-RAW_KEY_BYTES).toString("base64");
    this.#configuration = configuration;
    this.#privateKey = privateKey;
  }

  /** In the router's namespace. */
  async bringUp(space: string): Promise<void> {
    const { address, mtu, peer, rules } = this.#configuration;
    const inside = (command: readonly string[], input = "") =>
      run("ip", ["netns", "exec", space, ...command], { input });
    await inside(["sh", "-c", BRING_UP], this.#settings);
    await inside(["ip", "addr", "add", address, "dev", DEVICE]);
    await inside(["ip", "link", "set", DEVICE, "mtu", String(mtu), "up"]);
    for (const network of peer.allowed) await inside(["ip", "route", "replace", network, "dev", DEVICE]);
    await inside(["nft", "-f", "-"], `${rules}\n`);
  }

  /** As WireGuard's own interface takes them. */
  get #settings(): string {
    const { peer } = this.#configuration;
    const secret = this.#privateKey.export({ type: "pkcs8", format: "der" }).subarray(-RAW_KEY_BYTES);
    const lines = [
      "set=1",
      `private_key=${secret.toString("hex")}`,
      `public_key=${Buffer.from(peer.key, "base64").toString("hex")}`,
      `endpoint=${peer.endpoint}`,
      ...peer.allowed.map((network) => `allowed_ip=${network}`),
      `persistent_keepalive_interval=${KEEPALIVE_SECONDS}`,
    ];
    return `${lines.join("\n")}\n\n`;
  }
}
