import { access } from "node:fs/promises";
import { run } from "./command.ts";

/** What tunnels need beside what real guests do, where the kernel has no WireGuard of its own; empty where nothing is missing. */
export async function missingForTunnels(): Promise<readonly string[]> {
  const [program, device] = await Promise.allSettled([run("wireguard-go", ["--version"]), access("/dev/net/tun")]);
  return [
    ...(program.status === "fulfilled" ? [] : ["`wireguard-go`: install it (apt-get install wireguard-go)"]),
    ...(device.status === "fulfilled" ? [] : ["/dev/net/tun: in a container, start it with --device /dev/net/tun"]),
  ];
}
