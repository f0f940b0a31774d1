/** Signed commands, sent as Slack sends them: at a steady rate, whether or not the app keeps up. */
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

export interface CommandStream {
  /** Request URL of the app. */
  readonly url: string;
  readonly signingSecret: string;
  readonly perSecond: number;
  readonly seconds: number;
}

/** Milliseconds: what has not been answered by then counts as answered so late. */
const TIMEOUT = 10_000;

/** Sends commands to apps and takes what they say to the people who typed them. */
export class Commander {
  readonly #answers = createServer((incoming, outgoing) => {
    incoming.resume();
    this.#answered += 1;
    outgoing.end("ok");
  });
  #answered = 0;
  #sent = 0;

  /** Resolves when it can take answers. */
  async open(): Promise<this> {
    this.#answers.listen(0, "127.0.0.1");
    await once(this.#answers, "listening");
    return this;
  }

  async close(): Promise<void> {
    this.#answers.close();
    this.#answers.closeAllConnections();
    await once(this.#answers, "close");
  }

  /** Milliseconds until each command was acknowledged. Ends when all were, and what is said after has come too. */
  async send({ url, signingSecret, perSecond, seconds }: CommandStream): Promise<readonly number[]> {
    const wanted = this.#answered + perSecond * seconds;
    const begun = performance.now();
    const under: Promise<number>[] = [];
    for (let nth = 0; nth < perSecond * seconds; nth += 1) {
      const due = begun + (nth * 1000) / perSecond;
      await pause(Math.max(0, due - performance.now()));
      under.push(this.#type(url, signingSecret));
    }
    const times = await Promise.all(under);
    for (const end = performance.now() + TIMEOUT; this.#answered < wanted && performance.now() < end; ) await pause(50);
    if (this.#answered < wanted) throw new Error(`${wanted - this.#answered} commands were never answered.`);
    return times;
  }

  /** Somebody types `/flower status`. */
  #type(url: string, signingSecret: string): Promise<number> {
    this.#sent += 1;
    const body = new URLSearchParams({
      token: "unused",
      team_id: "T0ASTER001",
      team_domain: "aster",
      channel_id: "C0FEDERATE",
      channel_name: "federation",
      user_id: "U0REQUEST1",
      user_name: "rosa",
      command: "/flower",
      text: "status",
      api_app_id: "A0FLORIST1",
      is_enterprise_install: "false",
      response_url: this.#answerUrl(),
      trigger_id: `bench.${process.pid}.${this.#sent}`,
    }).toString();
    return post(url, body, signingSecret);
  }

  #answerUrl(): string {
    const address = this.#answers.address();
    if (address === null || typeof address === "string") throw new Error("No answers can be taken.");
    return `http://127.0.0.1:${address.port}/answer`;
  }
}

/** Milliseconds until the acknowledgement is there. */
async function post(url: string, body: string, signingSecret: string): Promise<number> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = createHmac("sha256", signingSecret).update(`v0:${timestamp}:${body}`).digest("hex");
  const from = performance.now();
  const outgoing = request(url, {
    method: "POST",
    agent: false,
    signal: AbortSignal.timeout(TIMEOUT),
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      "content-length": Buffer.byteLength(body),
      "x-slack-request-timestamp": timestamp,
      "x-slack-signature": `v0=${signature}`,
    },
  });
  outgoing.end(body);
  const [incoming] = await once(outgoing, "response");
  incoming.resume();
  await once(incoming, "end");
  if (incoming.statusCode !== 200) throw new Error(`A command was answered with ${incoming.statusCode}.`);
  return performance.now() - from;
}
