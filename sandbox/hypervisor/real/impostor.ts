import type { Server, Socket } from "node:net";
import { createServer, type Server as SecureServer } from "node:tls";
import { z } from "zod";
import { replaceTable } from "./internet.ts";
import { listenIn } from "./listening.ts";

/** VMs of that zone that dial that address in another one are concerned. */
const dialled = { zone: z.string(), ip: z.ipv4(), port: z.int().min(1).max(65535) };

/** What answers there from now on. `chain` and `key` are PEM. */
export const impostorWish = z.discriminatedUnion("kind", [
  z.object({ ...dialled, kind: z.literal("silent") }),
  z.object({ ...dialled, kind: z.literal("plain") }),
  z.object({ ...dialled, kind: z.literal("tls"), chain: z.string(), key: z.string() }),
]);
export type ImpostorWish = z.infer<typeof impostorWish>;

const NO_TLS = "220 mail.example ESMTP\r\n";

/** Whoever dials an address through the router meets this instead; connections from before are reset. */
export class Impostor {
  readonly #space: string;
  readonly #table: string;
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  private constructor(space: string, table: string, server: Server) {
    this.#space = space;
    this.#table = table;
    this.#server = server;
  }

  /**
   * @param space the router's namespace
   * @param from the address with which connections of the wish's zone come there
   */
  static async open(space: string, from: string, wish: ImpostorWish): Promise<Impostor> {
    const server = await listenIn(space, "0.0.0.0", 0);
    const impostor = new Impostor(space, `ip impostor-${wish.zone}`, server);
    impostor.#answer(wish);
    const there = `ip saddr ${from} ip daddr ${wish.ip} tcp dport ${wish.port}`;
    const back = `ip saddr ${wish.ip} ip daddr ${from} tcp sport ${wish.port}`;
    await replaceTable(
      space,
      impostor.#table,
      [
        `chain in { type nat hook prerouting priority dstnat; ${there} redirect to :${portOf(server)}; }`,
        "chain forward { type filter hook forward priority -10;",
        `${there} reject with tcp reset`,
        `${back} reject with tcp reset`,
        "}",
      ].join("\n"),
    );
    return impostor;
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
    await replaceTable(this.#space, this.#table, "");
  }

  #answer(wish: ImpostorWish): void {
    const secure = wish.kind === "tls" ? secureServer(wish) : undefined;
    this.#server.on("connection", (socket: Socket) => {
      this.#open.add(socket);
      // Whoever dials hangs up as it likes.
      socket.on("error", () => undefined);
      socket.once("close", () => this.#open.delete(socket));
      if (wish.kind === "plain") socket.end(NO_TLS);
      secure?.emit("connection", socket);
    });
  }
}

function secureServer({ chain, key }: { readonly chain: string; readonly key: string }): SecureServer {
  const server = createServer({ cert: chain, key, ALPNProtocols: ["h2"] });
  // A certificate that is refused is what the impostor is for.
  server.on("tlsClientError", () => undefined);
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("The impostor does not listen.");
  return address.port;
}
