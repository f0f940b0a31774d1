import { connect as connectPlain, type Server, type Socket } from "node:net";
import { connect as connectSecure } from "node:tls";
import { listenIn } from "./listening.ts";

const PORT = 5030;

/**
 * OneGate inside a zone: a socket that listens in the zone's namespace only and belongs to this process, which is
 * outside and passes everything on to where OneGate really is.
 */
export class OneGateDoor {
  readonly url: string;
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  private constructor(address: string, server: Server, target: URL) {
    this.url = `http://${address}:${PORT}`;
    this.#server = server;
    server.on("connection", (guest: Socket) => this.#passOn(guest, target));
  }

  static async open(space: string, address: string, oneGateUrl: string): Promise<OneGateDoor> {
    const server = await listenIn(space, address, PORT);
    return new OneGateDoor(address, server, new URL(oneGateUrl));
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
  }

  #passOn(guest: Socket, { protocol, hostname, port }: URL): void {
    const secure = protocol === "https:";
    const to = { host: hostname, port: Number(port || (secure ? 443 : 80)) };
    const oneGate = secure ? connectSecure({ ...to, servername: hostname }) : connectPlain(to);
    for (const [socket, other] of [
      [guest, oneGate],
      [oneGate, guest],
    ] as const) {
      this.#open.add(socket);
      // Whichever end breaks, the other learns it the same way.
      socket.on("error", () => other.destroy());
      socket.once("close", () => {
        this.#open.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  }
}
