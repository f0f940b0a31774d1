import { createServer, type IncomingMessage } from "node:http";
import xmlrpc from "xmlrpc";
import { z } from "zod";
import { ZonesControl } from "../../../sandbox/zones/client.ts";
import type { PaceName } from "../../../sandbox/zones/pace.ts";
import { noRecord, type Recorder } from "../../../sandbox/zones/record.ts";
import { type RunningZones, startZones } from "../../../sandbox/zones/zones.ts";
import { WAIT_LIMIT_MS } from "../../waiting.ts";

export interface BenchWish {
  readonly zones?: number;
  readonly speed?: number;
  readonly pace?: PaceName;
  readonly federated?: boolean;
  readonly seed?: unknown;
  readonly record?: Recorder;
}

export interface FlowAnswer {
  readonly status: number;
  readonly body: string;
}

const triple = z.union([
  z.tuple([z.literal(true), z.union([z.string(), z.number()]), z.number()]).transform(([, value]) => ({ value })),
  z
    .tuple([z.literal(false), z.string(), z.number(), z.number(), z.unknown()])
    .transform(([, message, code]) => ({ message, code })),
]);
export type OneAnswer = z.infer<typeof triple>;

const documentAnswer = z.object({ DOCUMENT: z.object({ ID: z.string() }) });

/** The stand-in of zones with a hypervisor that only writes down what it is asked, and the bot's user in zone-a. */
export class Bench {
  readonly running: RunningZones;
  readonly control: ZonesControl;
  readonly hypervisor: FakeHypervisor;

  private constructor(running: RunningZones, hypervisor: FakeHypervisor) {
    this.running = running;
    this.control = new ZonesControl(running.addresses.control);
    this.hypervisor = hypervisor;
  }

  static async start(wish: BenchWish = {}): Promise<Bench> {
    const hypervisor = await FakeHypervisor.start();
    const running = await startZones({
      zones: wish.zones ?? 1,
      portBase: 0,
      controlPort: 0,
      seed: wish.seed ?? { zones: [] },
      hypervisor: { url: hypervisor.url, token: "of the bench" },
      speed: wish.speed ?? 200,
      pace: wish.pace ?? "even",
      federated: wish.federated ?? false,
      record: wish.record ?? noRecord,
    });
    return new Bench(running, hypervisor);
  }

  async stop(): Promise<void> {
    await this.running.stop();
    await this.hypervisor.stop();
  }

  /** An XML-RPC call of the bot's user, through the client library that the bot uses. */
  call(method: string, ...parameters: unknown[]): Promise<OneAnswer> {
    return this.callAs("florist:florist-of-zone-a", method, ...parameters);
  }

  /** The same as somebody else, `user:password`. */
  callAs(credential: string, method: string, ...parameters: unknown[]): Promise<OneAnswer> {
    return this.callAt(0, credential, method, ...parameters);
  }

  /** In another zone than the first. */
  callAt(zone: number, credential: string, method: string, ...parameters: unknown[]): Promise<OneAnswer> {
    const client = xmlrpc.createClient(this.#zone(zone).xmlrpc);
    return new Promise((resolve, reject) => {
      client.methodCall(method, [credential, ...parameters], (error: unknown, value: unknown) => {
        if (error) reject(error);
        else resolve(triple.parse(value));
      });
    });
  }

  /** What must be refused: its code, and its words without the method. */
  async refusal(method: string, ...parameters: unknown[]): Promise<readonly [number, string]> {
    const answer = await this.call(method, ...parameters);
    if (!("code" in answer)) throw new Error(`${method} was not refused`);
    return [answer.code, answer.message.replace(`[${method}] `, "")];
  }

  /** A VM of the template 0, or of another. */
  async makeVm(extra = "", template = 0): Promise<number> {
    return Number(await this.text("one.template.instantiate", template, "a", false, extra, false));
  }

  /** The text of an answer that must be a success. */
  async text(method: string, ...parameters: unknown[]): Promise<string> {
    const answer = await this.call(method, ...parameters);
    if (!("value" in answer)) throw new Error(answer.message);
    return String(answer.value);
  }

  async flow(method: string, path: string, body?: unknown): Promise<FlowAnswer> {
    const response = await fetch(this.#zone().oneflow + path, {
      method,
      headers: { authorization: `Basic ${Buffer.from("florist:florist-of-zone-a").toString("base64")}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.text() };
  }

  async createTemplate(template: Record<string, unknown>): Promise<number> {
    const answer = await this.flow("POST", "/service_template", { deployment: "straight", ...template });
    return Number(documentAnswer.parse(JSON.parse(answer.body)).DOCUMENT.ID);
  }

  async instantiate(templateId: number, merge: Record<string, unknown> = {}): Promise<number> {
    const answer = await this.flow("POST", `/service_template/${templateId}/action`, {
      action: { perform: "instantiate", params: { merge_template: merge } },
    });
    if (answer.status !== 201) throw new Error(`${answer.status} ${answer.body}`);
    return Number(documentAnswer.parse(JSON.parse(answer.body)).DOCUMENT.ID);
  }

  /** A guest's call to its OneGate with the token it was started with. */
  async gate(vm: number, method: string, path: string, body?: string | Buffer): Promise<FlowAnswer> {
    const start = await this.hypervisor.started("zone-a", vm);
    const response = await fetch(start.oneGate.url + path, {
      method,
      headers: { "X-ONEGATE-TOKEN": start.oneGate.token, "X-ONEGATE-VMID": String(vm) },
      ...(body === undefined ? {} : { body }),
    });
    return { status: response.status, body: await response.text() };
  }

  /** What the guest of that VM sees of it. */
  async guestView(vm: number): Promise<z.infer<typeof guestView>["VM"]> {
    return guestView.parse(JSON.parse((await this.gate(vm, "GET", "/vm")).body)).VM;
  }

  async serviceComesTo(id: number, word: string): Promise<void> {
    await this.control.until("zone-a", ({ services }) =>
      services.some((service) => service.id === id && service.word === word),
    );
  }

  async vmsCome(phase: string, count: number): Promise<void> {
    await this.control.until("zone-a", ({ vms }) => vms.filter((vm) => vm.phase === phase).length === count);
  }

  #zone(index = 0): RunningZones["addresses"]["zones"][number] {
    const zone = this.running.addresses.zones[index];
    if (zone === undefined) throw new Error(`the bench has no zone ${index}`);
    return zone;
  }
}

const guestView = z.object({
  VM: z.object({
    USER_TEMPLATE: z.record(z.string(), z.unknown()),
    TEMPLATE: z.object({ NIC: z.array(z.record(z.string(), z.string())) }),
  }),
});

export const oneadmin = "oneadmin:oneadmin-of-zone-a";

/** One role, one VM, with the ready gate. */
export const oneVm = {
  name: "one",
  ready_status_gate: true,
  roles: [{ name: "superlink", type: "vm", cardinality: 1, min_vms: 1, max_vms: 1, template_id: 0 }],
};

/** One role of `cardinality` VMs. */
export function role(name: string, cardinality: number, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { name, type: "vm", cardinality, template_id: 1, ...more };
}

const guestStart = z.object({
  zone: z.string(),
  vmId: z.number(),
  context: z.record(z.string(), z.string()),
  oneGate: z.object({ url: z.string(), token: z.string() }),
});
export type GuestStart = z.infer<typeof guestStart>;

/** Writes down every call. */
export class FakeHypervisor {
  readonly calls: string[] = [];
  readonly url: string;
  readonly authorizations = new Set<string>();
  readonly #starts: GuestStart[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #close: () => Promise<void>;

  private constructor(url: string, close: () => Promise<void>) {
    this.url = url;
    this.#close = close;
  }

  static async start(): Promise<FakeHypervisor> {
    let hypervisor: FakeHypervisor | undefined;
    const server = createServer((request, response) => {
      void hypervisor?.take(request).then(() => response.writeHead(204).end());
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = z.object({ port: z.number() }).parse(server.address());
    const close = () => {
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    };
    hypervisor = new FakeHypervisor(`http://127.0.0.1:${port}`, close);
    return hypervisor;
  }

  stop(): Promise<void> {
    return this.#close();
  }

  async take(request: IncomingMessage): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    this.authorizations.add(request.headers.authorization ?? "none");
    this.calls.push(`${request.method} ${request.url}`);
    if (request.method === "POST" && request.url === "/vms") {
      this.#starts.push(guestStart.parse(JSON.parse(Buffer.concat(chunks).toString("utf8"))));
    }
    for (const go of this.#waiting) go();
  }

  /** The start of that VM, as soon as it was asked for. */
  started(zone: string, vmId: number): Promise<GuestStart> {
    return this.#once(() => this.#starts.findLast((start) => start.zone === zone && start.vmId === vmId));
  }

  async called(call: string): Promise<void> {
    await this.#once(() => (this.calls.includes(call) ? call : undefined));
  }

  #once<Found>(find: () => Found | undefined): Promise<Found> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`the hypervisor was not asked in time; it was asked ${this.calls.join(", ")}`));
      }, WAIT_LIMIT_MS);
      const look = () => {
        const found = find();
        if (found === undefined) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }
}

/** A test with a bench of its own. */
export async function onBench(wish: BenchWish, story: (bench: Bench) => Promise<void>): Promise<void> {
  const bench = await Bench.start(wish);
  try {
    await story(bench);
  } finally {
    await bench.stop();
  }
}
