import type { Server, Socket } from "node:net";
import { createServer, type Server as SecureServer } from "node:tls";
import { z } from "zod";
import { replaceTable } from "./internet.ts";
import { listenIn } from "./listening.ts";

const dialled = { ip: z.ipv4(), port: z.int().min(1).max(65535) };

/** The address that is dialled, and what answers there from now on. `chain` and `key` are PEM. */
export const impostorWish = z.discriminatedUnion("kind", [
  z.object({ ...dialled, kind: z.literal("silent") }),
  z.object({ ...dialled, kind: z.literal("plain") }),
  z.object({ ...dialled, kind: z.literal("tls"), chain: z.string(), key: z.string() }),
]);
export type ImpostorWish = z.infer<typeof impostorWish>;

const TABLE = "ip impostor";
const NO_TLS = "220 mail.example ESMTP\r\n";

/** Whoever dials an address through the router meets this instead; connections from before are reset. */
export class Impostor {
  readonly #space: string;
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  private constructor(space: string, server: Server) {
    this.#space = space;
    this.#server = server;
  }

  /** @param space the router's namespace */
  static async open(space: string, wish: ImpostorWish): Promise<Impostor> {
    const { ip, port } = wish;
    const impostor = new Impostor(space, await listenIn(space, "0.0.0.0", port));
    impostor.#answer(wish);
    const forward = [`ip daddr ${ip} tcp dport ${port}`, `ip saddr ${ip} tcp sport ${port}`].map(
      (packets) => `${packets} reject with tcp reset`,
    );
    await replaceTable(
      space,
      TABLE,
      [
        `chain in { type nat hook prerouting priority dstnat; ip daddr ${ip} tcp dport ${port} redirect; }`,
        `chain forward { type filter hook forward priority -10;\n${forward.join("\n")}\n}`,
      ].join("\n"),
    );
    return impostor;
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
    await replaceTable(this.#space, TABLE, "");
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
