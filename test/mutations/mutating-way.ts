/** The way from the bot to the zones: every request passes, and while it is told so answers come back mutated. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { Dice, SEED } from "./mutation.ts";
import { mutatedAnswer, piecesWith } from "./zone-answer.ts";

/** A request as the zone is asked it. */
export interface Passing {
  readonly zone: string;
  /** `one.vm.info`, or `DELETE /service/7`. */
  readonly what: string;
  readonly body: string;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}

const numbered = (text: string): number => createHash("sha256").update(text).digest().readUInt32BE();

export class MutatingWays {
  /** Answers that were mutated so far. */
  mutated = 0;
  /** How many are mutated in all before they come as they are again. */
  #until = 0;
  #passed = 0;
  readonly #servers: Server[] = [];
  readonly #secretsOf: (zone: string) => readonly string[];
  readonly #passes: (passing: Passing) => void;

  /** A zone may quote secrets that it was told. `passes` is told of each request before the zone is. */
  constructor(secretsOf: (zone: string) => readonly string[], passes: (passing: Passing) => void) {
    this.#secretsOf = secretsOf;
    this.#passes = passes;
  }

  /** From now on answers are mutated, every second one by chance, until it were so many more. */
  mutates(answers: number): void {
    this.#until = this.mutated + answers;
  }

  get isMutating(): boolean {
    return this.mutated < this.#until;
  }

  /** Another address for one of a zone's daemons. */
  async to(zone: string, url: string): Promise<string> {
    const target = new URL(url);
    const server = createServer((incoming, outgoing) => {
      void this.#pass(zone, target, incoming, outgoing).catch(() => outgoing.destroy());
    });
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("The listener has no port.");
    return `http://127.0.0.1:${address.port}${target.pathname === "/" ? "" : target.pathname}`;
  }

  async close(): Promise<void> {
    for (const server of this.#servers) server.closeAllConnections();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  async #pass(zone: string, target: URL, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await whole(incoming);
    const method = /<methodName>([^<]*)</.exec(body.toString())?.[1];
    const what = method ?? `${incoming.method} ${incoming.url}`;
    this.#passes({ zone, what, body: body.toString() });
    const answered = this.#changed(zone, what, await forwarded(target, incoming, body), method === undefined);
    outgoing.writeHead(answered.status, { connection: "close", "content-type": answered.type });
    outgoing.end(answered.body);
  }

  #changed(zone: string, what: string, answer: Answer, isOneFlow: boolean): Answer {
    this.#passed += 1;
    const dice = new Dice(numbered(`${SEED} ${this.#passed} ${what}`));
    const pieces = piecesWith(this.#secretsOf(zone));
    if (!this.isMutating || dice.below(2) === 0) return answer;
    this.mutated += 1;
    const { status, body } = answer;
    return { ...answer, ...mutatedAnswer(dice, { status, body: body.toString(), isOneFlow }, pieces) };
  }
}

async function whole(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function forwarded({ hostname, port }: URL, { method, url, headers }: IncomingMessage, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { hostname, port, method, path: url, headers, agent: false };
    const sent = request(options, (response) => {
      whole(response).then(
        (answer) =>
          resolve({
            status: response.statusCode ?? 500,
            type: response.headers["content-type"] ?? "text/plain",
            body: answer,
          }),
        reject,
      );
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
