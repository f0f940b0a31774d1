import type { Clock } from "./clock.ts";
import { type Answer, Daemon, type Handler, type Request } from "./daemon.ts";
import { answerWithFault, Faults } from "./faults.ts";
import type { Hypervisor } from "./hypervisor.ts";
import { Load } from "./load.ts";
import { Zone } from "./oned/zone.ts";
import { OneFlowServer } from "./oneflow/server.ts";
import { Services } from "./oneflow/services.ts";
import { checkedTemplate } from "./oneflow/template-check.ts";
import { OneGateServer } from "./onegate/server.ts";
import type { Pace } from "./pace.ts";
import type { Recorder } from "./record.ts";
import type { ZoneSeed } from "./seed.ts";
import { XmlRpcServer } from "./xmlrpc/server.ts";

export interface Ports {
  readonly xmlRpc: number;
  readonly oneFlow: number;
  readonly oneGate: number;
}

export interface FrontEndOptions {
  readonly id: number;
  readonly name: string;
  readonly seed: ZoneSeed;
  readonly clock: Clock;
  readonly hypervisor: Hypervisor;
  readonly record: Recorder;
  /** Otherwise nothing listens where OneFlow would. */
  readonly hasOneFlow: boolean;
  /** All zones of the stand-in, filled while they are made. */
  readonly zones: readonly Zone[];
  readonly changed: () => void;
}

/** One zone's daemons: oned with XML-RPC, OneFlow, OneGate. */
export class FrontEnd {
  readonly zone: Zone;
  readonly services: Services;
  readonly faults = new Faults();
  readonly load = { xmlRpc: new Load(), oneFlow: new Load() };
  #oneFlowIsFree: Promise<void> = Promise.resolve();
  readonly #record: Recorder;
  readonly #clock: Clock;
  readonly #hasOneFlow: boolean;
  readonly #xmlRpc: Daemon;
  readonly #oneFlow: Daemon;
  readonly #oneGate: Daemon;

  constructor(options: FrontEndOptions) {
    this.#record = options.record;
    this.#clock = options.clock;
    this.#hasOneFlow = options.hasOneFlow;
    this.zone = new Zone(options.id, options.name, options.seed, options.clock, options.hypervisor);
    this.services = new Services(this.zone, options.changed);
    this.zone.watchers.add({ moved: options.changed, updated: options.changed });
    seedServiceTemplates(this.zone, options.seed);
    const { pace } = options.clock;
    const xmlRpc = new XmlRpcServer(this.zone, options.zones);
    const oneFlow = new OneFlowServer(this.zone, this.services, () => this.#xmlRpc.isUp);
    const oneGate = new OneGateServer(this.zone);
    this.#xmlRpc = new Daemon(
      this.#door(this.load.xmlRpc, XmlRpcServer.operation, async (request) => {
        if (pace.xmlRpc > 0) await this.#clock.wait(pace.xmlRpc);
        return xmlRpc.answer(request);
      }),
    );
    this.#oneFlow = new Daemon(
      this.#door(this.load.oneFlow, OneFlowServer.operation, (request) =>
        oneFlow.answer(request, () => this.#oneFlowTurn(pace.oneFlow)),
      ),
    );
    this.#oneGate = new Daemon(async (request) => {
      if (pace.oneGate > 0) await this.#clock.wait(pace.oneGate);
      return oneGate.answer(request);
    });
  }

  async listen(ports: Ports): Promise<void> {
    await this.#xmlRpc.listen(ports.xmlRpc);
    if (this.#hasOneFlow) await this.#oneFlow.listen(ports.oneFlow);
    await this.#oneGate.listen(ports.oneGate);
    this.zone.endpoints.xmlRpc = `${this.#xmlRpc.url}/RPC2`;
    if (this.#hasOneFlow) this.zone.endpoints.oneFlow = this.#oneFlow.url;
    this.zone.endpoints.oneGate = this.#oneGate.url;
  }

  /** `oned` alone leaves OneFlow up, which then refuses every credential. */
  async down(part: "all" | "oned"): Promise<void> {
    const daemons = part === "all" ? [this.#xmlRpc, this.#oneFlow, this.#oneGate] : [this.#xmlRpc];
    await Promise.all(daemons.map((daemon) => daemon.down()));
  }

  /** Which daemons accept connections; null for OneFlow where the zone has none. */
  get answering() {
    const oneFlow = this.#hasOneFlow ? this.#oneFlow.isUp : null;
    return { oned: this.#xmlRpc.isUp, oneFlow, oneGate: this.#oneGate.isUp };
  }

  async up(): Promise<void> {
    const daemons = [this.#xmlRpc, ...(this.#hasOneFlow ? [this.#oneFlow] : []), this.#oneGate];
    await Promise.all(daemons.map((daemon) => daemon.up()));
  }

  /** A call's time; one by one means that calls which come together wait for each other. */
  #oneFlowTurn({ call, oneByOne }: Pace["oneFlow"]): Promise<void> {
    if (!oneByOne) return this.#clock.wait(call);
    this.#oneFlowIsFree = this.#oneFlowIsFree.then(() => this.#clock.wait(call));
    return this.#oneFlowIsFree;
  }

  get onedAnswers(): boolean {
    return this.#xmlRpc.isUp;
  }

  /** The way of a request from outside: a fault may spoil it, and it is recorded with what was answered. */
  #door(load: Load, operationOf: (request: Request) => string, answer: (request: Request) => Promise<Answer>): Handler {
    return async (request) => {
      const at = new Date();
      const operation = operationOf(request);
      const fault = this.faults.take(operation);
      const answered = await load.counted(operation, () => answerWithFault(fault, request, answer));
      this.#record({ edge: `zone:${this.zone.name}`, operation, request, answer: answered, at });
      return answered;
    };
  }
}

function seedServiceTemplates(zone: Zone, seed: ZoneSeed): void {
  for (const { body, owner, group, permissions } of seed.serviceTemplates) {
    const checked = checkedTemplate(body, zone.clock.seconds());
    const { id: uid, name: uname } = zone.accounts.userNamed(owner);
    const { id: gid, name: gname } = zone.accounts.groupNamed(group);
    zone.documents.add((id) => ({
      id,
      uid,
      gid,
      uname,
      gname,
      name: checked.name,
      permissions,
      type: 101,
      body: checked,
    }));
  }
  zone.documents.startAt(seed.startIds.documents ?? 0);
}
