/** One zone's OpenNebula, behind the few things that a rollout needs of it. */

import type { RebootAction, RebootAnswer } from "../federation/model/reboot-words.ts";
import { type AccountFacts, ZoneError, type ZoneSnapshot } from "../federation/model/zone-facts.ts";
import type { Zone } from "../federation/ports.ts";
import type { Revealing } from "../secret.ts";
import { readAccount } from "./account.ts";
import { AccountDocuments, type SeenServices } from "./account-documents.ts";
import { AccountVms, type SeenVms } from "./account-vms.ts";
import { byPassword, type Credentials } from "./credentials.ts";
import { withoutSecrets } from "./failure.ts";
import { foreignText } from "./foreign-text.ts";
import { OneFlow } from "./oneflow.ts";
import type { DiskEntries } from "./parse/template.ts";
import { parseVmState } from "./parse/vm.ts";
import { survey } from "./survey.ts";
import { attributesText } from "./template-text.ts";
import { createVm, disksOfService } from "./vm-creation.ts";
import { XmlRpc } from "./xmlrpc.ts";
import { ZoneSettings } from "./zone-settings.ts";

/** Where a zone's oned is and whom it knows, as the zones file alone says it. */
interface OfFile {
  /** Such as `https://one.example.org:2633/RPC2`. */
  readonly xmlrpc: string;
  readonly user: string;
  readonly password: Revealing;
}

/** The same, where it may change while the bot runs. */
export interface Way {
  readonly url: () => URL;
  readonly account: Credentials;
}

/** A zone as the configuration knows it. */
export type ZoneDoor = Limits & (OfFile | Way);

export type ZoneOptions = ZoneDoor & Hearing;

interface Limits {
  /** Such as `https://one.example.org:2474`; absent where there is none. */
  readonly oneflow?: string;
  /** PEM of the CA that signed both endpoints' certificates; without it the system's are trusted. */
  readonly ca?: string;
  /** Milliseconds a single call may take, by daemon. OneFlow is the slow one: seconds when several calls run. */
  readonly deadlines: { readonly xmlrpc: number; readonly oneflow: number };
  /** Calls at once, by daemon. oned takes fifteen from everybody together. */
  readonly inFlight: { readonly xmlrpc: number; readonly oneflow: number };
}

interface Hearing {
  /** As the zones file calls it, for what people read. */
  readonly name: string;
  /** Hears of every call: the milliseconds that it took, and `answered` or a `ZoneError`'s code. */
  readonly onCall?: (daemon: "oned" | "oneflow", took: number, outcome: string) => void;
  /** Hears what time it is for each daemon, as the `Date` of its answers says it. */
  readonly onDate?: (date: string) => void;
  /** Called before and after everything that changes the zone: `zone:before-instantiate`, `zone-a 3 florist trial`. */
  readonly checkpoint?: (point: string, detail: string) => void | Promise<void>;
}

/** `survey` fails if either daemon cannot be reached, or refuses the account. */
export interface OpenZone extends Zone {
  /** Whom the zone takes the bot for. */
  account(): Promise<AccountFacts>;
  /** The account's services, whatever their state. */
  services(): Promise<SeenServices>;
  /** The account's VMs that are not done. */
  vms(): Promise<SeenVms>;
  /** Ends what is under way. */
  close(): void;
}

const APPEND = 1;

/** As the zones file says it. */
const fixedWay = ({ xmlrpc, user, password }: OfFile): Way => {
  const url = new URL(xmlrpc);
  return { url: () => url, account: byPassword(user, password) };
};

export function openZone(options: ZoneOptions): OpenZone {
  const { name, ca, deadlines, inFlight, onDate, onCall } = options;
  const { url, account: credentials } = "xmlrpc" in options ? fixedWay(options) : options;
  const { redactor } = credentials;
  const shared = {
    zone: name,
    account: credentials,
    ...(ca === undefined ? {} : { ca }),
    ...(onDate === undefined ? {} : { onDate }),
  };
  const oned = new XmlRpc({
    ...shared,
    url,
    deadline: deadlines.xmlrpc,
    inFlight: inFlight.xmlrpc,
    onCall: (took, outcome) => onCall?.("oned", took, outcome),
  });
  const flowUrl = options.oneflow === undefined ? null : new URL(options.oneflow);
  const flow =
    flowUrl === null
      ? null
      : new OneFlow({
          ...shared,
          url: () => flowUrl,
          deadline: deadlines.oneflow,
          inFlight: inFlight.oneflow,
          onCall: (took, outcome) => onCall?.("oneflow", took, outcome),
        });
  const words = (text: string) => foreignText(redactor, text);
  const vms = new AccountVms(oned, words);
  const documents = new AccountDocuments(oned, words);
  const settings = new ZoneSettings();

  /** Every way out of here: no error tells a secret. */
  async function guarded<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw withoutSecrets(redactor, error);
    }
  }

  async function effect<T>(what: string, on: string, carryOut: () => Promise<T>): Promise<T> {
    await options.checkpoint?.(`zone:before-${what}`, `${name} ${on}`);
    const result = await guarded(carryOut);
    await options.checkpoint?.(`zone:after-${what}`, `${name} ${on}`);
    return result;
  }

  /**
   * OneFlow says "Invalid credentials" also when its oned is down: then what oned says itself is the truth. A login token
   * that has ended is replaced by asking oned, and as nothing was done for whom OneFlow did not know, it is asked again.
   */
  async function viaOneFlow<T>(call: (oneflow: OneFlow) => Promise<T>): Promise<T> {
    if (flow === null) throw withoutOneFlow(name);
    const shown = await credentials.current();
    try {
      return await call(flow);
    } catch (error) {
      if (!hasCode(error, "authentication")) throw error;
      await oned.read("one.system.version");
      if ((await credentials.current()).reveal() === shown.reveal()) throw error;
      return call(flow);
    }
  }

  const account = async () => (await readAccount(oned, words)).facts;

  return {
    survey: (query) =>
      guarded(async () => {
        const [facts] = await Promise.all([
          survey({ oned: oned.unhurried, words }, settings, query),
          ...(query.deploy === "vms" ? [] : [viaOneFlow((oneflow) => oneflow.reach(query.oneflowSince ?? 0))]),
        ]);
        return facts;
      }),
    account: () => guarded(account),
    services: () => guarded(() => documents.services()),
    vms: () => guarded(() => vms.look()),
    snapshot: () =>
      guarded(async () => {
        const at = new Date().toISOString();
        const [whose, ofServices, ofVms] = await Promise.all([account(), documents.services(), vms.look()]);
        return snapshotOf(at, whose, ofServices, at, ofVms);
      }),
    vmState: (vmId) => guarded(() => vms.proof(vmId)),
    service: (serviceId) => guarded(() => documents.service(serviceId)),
    serviceTemplates: (wanted) =>
      guarded(async () => {
        const templates = (await documents.serviceTemplates()).filter((template) => template.name === wanted);
        return templates.map(({ id, name: called, body }) => {
          const { registration_time: _added, ...rest } = body;
          return { id, name: called, body: rest };
        });
      }),
    registerServiceTemplate: (body) =>
      effect("register-template", "", () => viaOneFlow((oneflow) => oneflow.registerTemplate(body))),
    instantiate: (templateId, request) =>
      effect("instantiate", `${templateId} ${request.name}`, async () => {
        const disks = new Map<string, readonly DiskEntries[]>();
        for (const { name: role, added } of request.roles) {
          if (added !== undefined) disks.set(role, await disksOfService(oned, name, added));
        }
        return viaOneFlow((oneflow) => oneflow.instantiate(templateId, request, disks));
      }),
    removeService: (serviceId) =>
      effect("remove-service", String(serviceId), () => viaOneFlow((oneflow) => oneflow.remove(serviceId))),
    createVm: (order) => effect("instantiate", `${order.templateId} ${order.name}`, () => createVm(oned, name, order)),
    terminateVm: (vmId) => effect("terminate", String(vmId), () => terminate(oned, vmId)),
    reboot: (vmId, action) => effect("reboot", `${vmId} ${action}`, () => reboot(oned, vmId, action)),
    publish: (vmId, attributes) =>
      effect("publish", `${vmId} ${Object.keys(attributes).join(" ")}`, () =>
        oned.act("one.vm.update", vmId, attributesText(attributes), APPEND),
      ),
    close() {
      oned.close();
      flow?.close();
    },
  };
}

export const snapshotOf = (
  at: string,
  account: AccountFacts,
  { services, unreadable: ofServices }: SeenServices,
  servicesAt: string,
  { vms, unreadable: ofVms }: SeenVms,
): ZoneSnapshot => ({ at, account, services, servicesAt, vms, unreadable: [...ofServices, ...ofVms] });

const withoutOneFlow = (zone: string): ZoneError =>
  new ZoneError(
    "unreachable",
    `The zones file names no OneFlow for zone ${zone}, and this needs it. Put its address back there.`,
  );

/** A VM that is gone, done or already ending is fine; one that cannot end by itself is ended without asking its guest. */
async function terminate(oned: XmlRpc, vmId: number): Promise<void> {
  try {
    await oned.act("one.vm.action", "terminate", vmId);
  } catch (error) {
    if (hasCode(error, "no-such-object")) return;
    if (!hasCode(error, "wrong-state")) throw error;
    const state = parseVmState(await oned.read("one.vm.info", vmId, false));
    if (state === "done" || state === "shutting-down") return;
    await oned.act("one.vm.action", "terminate-hard", vmId);
  }
}

const REBOOT: Readonly<Record<RebootAction, string>> = { restart: "reboot", reset: "reboot-hard", resume: "resume" };

async function reboot(oned: XmlRpc, vmId: number, action: RebootAction): Promise<RebootAnswer> {
  try {
    await oned.act("one.vm.action", REBOOT[action], vmId);
    return "taken";
  } catch (error) {
    if (hasCode(error, "no-such-object")) return "not-shown";
    if (!hasCode(error, "wrong-state")) throw error;
    const state = parseVmState(await oned.read("one.vm.info", vmId, false));
    if (state === "done") return "not-shown";
    // What was switched on by an earlier call, whose answer was lost, or by somebody else.
    const comesUp = state === "pending" || state === "booting" || (state === "running" && action === "resume");
    return comesUp ? "taken" : "wrong-state";
  }
}

function hasCode(error: unknown, code: ZoneError["code"]): boolean {
  return error instanceof ZoneError && error.code === code;
}
