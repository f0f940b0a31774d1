/** VMs, as `vmpool.info` lists them and `vmpool.infoset` tells them whole. */
import { z } from "zod";
import { UNREADABLE_VALUE, type VmFacts, type VmState } from "../../federation/model/zone-facts.ts";
import { MAX_VALUE_BYTES } from "../../guest-protocol/alphabets.ts";
import { CONTEXT, GIVEN, PUBLISHED } from "../../guest-protocol/names.ts";
import { KeptTemplates } from "./kept-templates.ts";
import {
  attributes,
  decimal,
  firstIssue,
  group,
  integer,
  type Member,
  many,
  optionalText,
  parseElement,
  parseMembers,
  readable,
} from "./xml.ts";

/** STATE where LCM_STATE says nothing more. */
const STATES: ReadonlyMap<number, VmState> = new Map([
  [0, "pending"],
  [1, "pending"],
  [2, "hold"],
  [4, "stopped"],
  [5, "suspended"],
  [6, "done"],
  [7, "failed"],
  [8, "poweroff"],
  [9, "undeployed"],
  [10, "pending"],
  [11, "failed"],
]);

const ACTIVE = 3;

/** LCM_STATE of an active VM. What is not here (hotplug, snapshot, migration) runs on meanwhile. */
const LIFE_CYCLE: ReadonlyMap<number, VmState> = new Map([
  ...states("booting", [0, 1, 2, 9, 19, 20, 21, 22, 31, 32]),
  ...states("shutting-down", [11, 12, 15, 23]),
  ...states("powering-off", [5, 6, 10, 18, 29, 30]),
  ...states("unknown", [16]),
  ...states("failed", [36, 37, 38, 39, 40, 41, 42, 44, 46, 47, 48, 49, 50, 61]),
]);

function states(state: VmState, numbers: readonly number[]): (readonly [number, VmState])[] {
  return numbers.map((number) => [number, state] as const);
}

function vmState(state: number, lifeCycle: number): VmState {
  if (state === ACTIVE) return LIFE_CYCLE.get(lifeCycle) ?? "running";
  return STATES.get(state) ?? "unknown";
}

/** A number of another object; -1 where none is named that could be one. */
const reference = (text: string | undefined): number =>
  text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : -1;

const nic = z
  .object({ NAME: optionalText, NETWORK_ID: optionalText, IP: optionalText })
  .transform(({ NAME, NETWORK_ID, IP }) => ({
    name: NAME ?? "",
    // An address asked for without a network leases nothing, but it makes a NIC all the same.
    networkId: reference(NETWORK_ID),
    ...(IP === undefined ? {} : { ip: IP }),
  }));

const template = group({
  CPU: decimal,
  VCPU: decimal.optional(),
  MEMORY: decimal,
  NIC: many(nic),
  DISK: many(z.object({ IMAGE_ID: optionalText })),
  CONTEXT: attributes,
});

const vm = z.object({
  ID: integer,
  NAME: z.string(),
  STATE: integer,
  LCM_STATE: integer,
  TEMPLATE: z.unknown(),
  USER_TEMPLATE: attributes,
});

const CONTEXT_NAMES: ReadonlySet<string> = new Set(Object.values(CONTEXT));
const ATTRIBUTE_NAMES: ReadonlySet<string> = new Set([...Object.values(PUBLISHED), ...Object.values(GIVEN)]);

/** How what others wrote is kept: `words` for people, `value` as it is. */
export interface Keeping {
  words(text: string): string;
  value(text: string): string;
}

type TemplateFacts = Pick<VmFacts, "cpu" | "vcpu" | "memory" | "nics" | "imageIds" | "context">;

const templateFacts = (keep: Keeping) =>
  template.transform(
    (made): TemplateFacts => ({
      cpu: made.CPU,
      vcpu: made.VCPU ?? 1,
      memory: made.MEMORY,
      nics: made.NIC.map(({ name, networkId, ip }) => ({
        name: keep.words(name),
        networkId,
        ...(ip === undefined ? {} : { ip: keep.words(ip) }),
      })),
      imageIds: made.DISK.flatMap(({ IMAGE_ID }) => (IMAGE_ID === undefined ? [] : [reference(IMAGE_ID)])),
      context: named(made.CONTEXT, CONTEXT_NAMES, keep),
    }),
  );

function facts(
  { ID, NAME, STATE, LCM_STATE, USER_TEMPLATE }: z.output<typeof vm>,
  made: TemplateFacts,
  keep: Keeping,
): VmFacts {
  const { SERVICE_ID, SCHED_MESSAGE, ERROR } = USER_TEMPLATE;
  const state = vmState(STATE, LCM_STATE);
  return {
    id: ID,
    name: keep.words(NAME),
    state,
    ...(SERVICE_ID !== undefined && /^\d{1,10}$/.test(SERVICE_ID) ? { serviceId: Number(SERVICE_ID) } : {}),
    ...made,
    attributes: named(USER_TEMPLATE, ATTRIBUTE_NAMES, keep),
    ...(state === "pending" && SCHED_MESSAGE ? { schedMessage: keep.words(SCHED_MESSAGE) } : {}),
    ...(ERROR ? { error: keep.words(ERROR) } : {}),
  };
}

/** Whoever has a VM writes into it what he likes: only the protocol's names and sizes are kept. */
function named(
  texts: Readonly<Record<string, string>>,
  names: ReadonlySet<string>,
  keep: Keeping,
): Readonly<Record<string, string>> {
  const known = Object.entries(texts).filter(([name]) => names.has(name));
  return Object.fromEntries(
    known.map(([name, text]) => [name, text.length > MAX_VALUE_BYTES ? UNREADABLE_VALUE : keep.value(text)]),
  );
}

/** Reads the VMs of extended answers, look after look. */
export class VmReader {
  readonly #keep: Keeping;
  readonly #template: z.ZodType<TemplateFacts>;
  readonly #templates: KeptTemplates<TemplateFacts>;

  constructor(keep: Keeping) {
    this.#keep = keep;
    this.#template = templateFacts(keep);
    this.#templates = new KeptTemplates(new Set(Object.keys(vm.shape)), (xml) =>
      parseElement(xml, "TEMPLATE", this.#template),
    );
  }

  nextRound(): void {
    this.#templates.nextRound();
  }

  /** VMs with CONTEXT and USER_TEMPLATE. Throws `ZoneError` unreadable. */
  read(xml: string): readonly Member<VmFacts>[] {
    return parseMembers(this.#templates.abridged(xml), "VM_POOL", "VM", vm).map((member) =>
      "value" in member ? this.#whole(member) : member,
    );
  }

  #whole({ id, value }: { readonly id: number; readonly value: z.output<typeof vm> }): Member<VmFacts> {
    const kept = this.#templates.kept(value.TEMPLATE);
    if (kept !== undefined) {
      // Said again, so that the next VM with the same agent finds its text kept.
      for (const text of Object.values(kept.context)) this.#keep.value(text);
      return { id, value: facts(value, kept, this.#keep) };
    }
    const parsed = this.#template.safeParse(value.TEMPLATE);
    if (parsed.success) return { id, value: facts(value, parsed.data, this.#keep) };
    return { id, why: `TEMPLATE/${firstIssue(parsed.error)}` };
  }
}

const listed = z.object({ ID: integer });
const listedState = z.object({ ID: integer, STATE: integer, LCM_STATE: integer });

/** From a list. A VM whose number cannot be read is left out: there is no asking for it. */
export function parseVmIds(xml: string): readonly number[] {
  return readable(parseMembers(xml, "VM_POOL", "VM", listed)).map(({ ID }) => ID);
}

/** The state of one VM from a list; nothing if it is not there. */
export function parseListedState(xml: string, vmId: number): VmState | undefined {
  const found = readable(parseMembers(xml, "VM_POOL", "VM", listedState)).find(({ ID }) => ID === vmId);
  return found === undefined ? undefined : vmState(found.STATE, found.LCM_STATE);
}

const one = z.object({ STATE: integer, LCM_STATE: integer });

/** The state alone, from `vm.info`. */
export function parseVmState(xml: string): VmState {
  const { STATE, LCM_STATE } = parseElement(xml, "VM", one);
  return vmState(STATE, LCM_STATE);
}
