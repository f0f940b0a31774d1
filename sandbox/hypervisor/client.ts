import { z } from "zod";
import { GUEST_ROLES } from "../../src/guest-protocol/names.ts";
import type { FaultRule } from "./faults.ts";
import type { VmAddress, VmSpec } from "./hypervisor.ts";
import type { GuestView } from "./quick-hypervisor.ts";
import type { ImpostorWish } from "./real/impostor.ts";
import type { RealView } from "./real/real-hypervisor.ts";
import type { ZonePath } from "./tunnel/underlay.ts";
import type { RouterConfiguration } from "./tunnel/zone-routers.ts";

const REQUEST_TIMEOUT_MS = 30_000;

const state = z.object({ zone: z.string(), vmId: z.number(), state: z.enum(["running", "stopped"]) });
const guest: z.ZodType<GuestView> = state.extend({
  role: z.enum([...GUEST_ROLES, "dummy", "unknown"]),
  alive: z.boolean(),
  cut: z.boolean(),
  stage: z.string().nullable(),
  reason: z.string().nullable(),
  link: z.string().nullable(),
  heartbeat: z.number(),
  fingerprint: z.string().nullable(),
  port: z.number().nullable(),
  refused: z.record(z.string(), z.number()),
  tunnels: z.number().nullable(),
});

const realGuest: z.ZodType<RealView> = state.extend({
  role: z.enum(GUEST_ROLES).nullable(),
  cut: z.boolean(),
  pid: z.number().nullable(),
  space: z.string(),
  disk: z.string(),
  addresses: z.array(z.string()),
  outerAddress: z.string(),
});
/** Only quick guests know whether anything in them still lives. */
const anyGuest = state.extend({ role: z.string().nullable(), cut: z.boolean(), alive: z.boolean().default(true) });

/** The guests' program over HTTP: the hypervisor interface, and the control of quick guests or of real ones. */
export class GuestsClient {
  readonly #url: string;
  readonly #headers: Record<string, string>;

  constructor({ url, token }: { url: string; token?: string }) {
    this.#url = url;
    this.#headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  }

  async start(spec: VmSpec): Promise<void> {
    await this.#ask("POST", "/vms", spec);
  }

  async stop(vm: VmAddress, hard = false): Promise<void> {
    await this.#ask("POST", `${pathOf(vm)}/stop`, { hard });
  }

  async reboot(vm: VmAddress): Promise<void> {
    await this.#ask("POST", `${pathOf(vm)}/reboot`);
  }

  async remove(vm: VmAddress): Promise<void> {
    await this.#ask("DELETE", pathOf(vm));
  }

  async vms() {
    return z.array(state).parse(await this.#ask("GET", "/vms"));
  }

  async guests(): Promise<readonly GuestView[]> {
    return z.array(guest).parse(await this.#ask("GET", "/control/guests"));
  }

  async realGuests(): Promise<readonly RealView[]> {
    return z.array(realGuest).parse(await this.#ask("GET", "/control/guests"));
  }

  /** Of guests of either kind, what both kinds tell. */
  async roles(): Promise<readonly z.infer<typeof anyGuest>[]> {
    return z.array(anyGuest).parse(await this.#ask("GET", "/control/guests"));
  }

  /** The firewall between the zones of real guests; README.md says what the values mean. */
  async firewall(rules: readonly string[], forgetIdleAfter?: number): Promise<void> {
    await this.#ask("POST", "/control/firewall", {
      rules,
      ...(forgetIdleAfter === undefined ? {} : { forgetIdleAfter }),
    });
  }

  /** Real guests of one zone that dial an address in another meet this there. */
  async impersonate(wish: ImpostorWish): Promise<void> {
    await this.#ask("POST", "/control/impostor", wish);
  }

  async endImpostor(zone: string): Promise<void> {
    await this.#ask("DELETE", `/control/impostor/${encodeURIComponent(zone)}`);
  }

  /** Sets a real guest's clock ahead by so many seconds, or behind; 0 sets it right. */
  async setClock(vm: VmAddress, offset: number): Promise<void> {
    await this.#ask("POST", "/control/clock", { ...vm, offset });
  }

  /** Packets between the zones of real guests take so much longer from now on, each way. */
  async delay(milliseconds: number): Promise<void> {
    await this.#ask("POST", "/control/delay", { milliseconds });
  }

  async cut(vm: VmAddress): Promise<void> {
    await this.#ask("POST", "/control/cut", vm);
  }

  async heal(vm: VmAddress): Promise<void> {
    await this.#ask("POST", "/control/heal", vm);
  }

  async kill(vm: VmAddress): Promise<void> {
    await this.#ask("POST", "/control/kill", vm);
  }

  /** Divides every wait of quick guests that begins from now on; real ones go at their own pace. */
  async setSpeed(speed: number): Promise<void> {
    await this.#ask("POST", "/control/speed", { speed });
  }

  async addFault(rule: FaultRule): Promise<void> {
    await this.#ask("POST", "/control/faults", rule);
  }

  async clearFaults(): Promise<void> {
    await this.#ask("DELETE", "/control/faults");
  }

  /** Lets a dialled `host:port` lead to a loopback port that is no guest's. */
  async route(address: string, port: number): Promise<void> {
    await this.#ask("POST", "/control/routes", { address, port });
  }

  /** The zone's router takes a public address, and passes a UDP port on to the zone's end of tunnels. */
  async forward(zone: string, forward: { readonly ip: string; readonly port: number }): Promise<void> {
    await this.#ask("POST", "/control/forward", { zone, ...forward });
  }

  /** The router of a zone of real guests gets another public address. */
  async renumber(zone: string): Promise<void> {
    await this.#ask("POST", "/control/renumber", { zone });
  }

  /** Whether the switch of a zone of real guests drops what a VM sends from an address that is not its own. */
  async filterAddresses(zone: string, on: boolean): Promise<void> {
    await this.#ask("POST", "/control/address-filter", { zone, on });
  }

  /** What UDP between a zone of quick guests and the others meets from now on. */
  async setPath(zone: string, change: Partial<ZonePath>): Promise<void> {
    await this.#ask("POST", "/control/path", { zone, ...change });
  }

  /** A zone's administrator sets its router up; the public half of the key that is made there. */
  async setUpRouter(zone: string, configuration: RouterConfiguration): Promise<string> {
    const answer = await this.#ask("POST", "/control/router", { zone, ...configuration });
    return z.object({ publicKey: z.string() }).parse(answer).publicKey;
  }

  /** A quick guest boots from a copy of another's disk. */
  async clone(from: VmAddress, to: VmAddress): Promise<void> {
    await this.#ask("POST", "/control/clone", { from, to });
  }

  /** @throws when the answer is not a success, with what the program said. */
  async #ask(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${this.#url}${path}`, {
      method,
      headers: { ...this.#headers, ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    const text = await response.text();
    if (!response.ok) {
      throw new Error(`The guests' program answered ${response.status} to ${method} ${path}: ${text.slice(0, 500)}`);
    }
    return text === "" ? undefined : JSON.parse(text);
  }
}

function pathOf({ zone, vmId }: VmAddress): string {
  return `/vms/${encodeURIComponent(zone)}/${vmId}`;
}
