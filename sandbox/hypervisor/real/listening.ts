import { fork } from "node:child_process";
import { once } from "node:events";
import { Server } from "node:net";
import { join } from "node:path";

/** A socket that listens in a network namespace of its own and belongs to this process, which is outside. */
export async function listenIn(space: string, address: string, port: number): Promise<Server> {
  const program = join(import.meta.dirname, "listener", "main.js");
  // `ip netns exec` becomes the program it is given, so the channel to this process stays.
  const child = fork(program, [address, String(port)], {
    execPath: "ip",
    execArgv: ["netns", "exec", space, process.execPath],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  // Its end may be noticed before what it said has been read; the end of the channel is not.
  const ended = once(child, "disconnect").then(() => {
    throw new Error(`Nothing can listen on ${address}:${port} in ${space}: the listener ended.`);
  });
  const handedOver = once(child, "message").then(([, handle]): unknown => handle);
  const server = await Promise.race([handedOver, ended]);
  ended.catch(() => undefined);
  if (!(server instanceof Server)) throw new Error(`No socket was handed over from ${space}.`);
  return server;
}
