import { z } from "zod";
import { FAULT_KINDS } from "../faults.ts";
import type { FrontEnd } from "../front-end.ts";
import { attributesJson, textOf, vectorsOf } from "../oned/attributes.ts";
import { numberOf, phases, serviceIdOf, type VirtualMachine } from "../oned/virtual-machine.ts";
import { stateWord } from "../oneflow/bodies.ts";

/** Longer values are cut: who wants a certificate whole asks for the whole zone. */
const MOST_CHARACTERS = 240;

const shortVm = z.object({
  id: z.number(),
  name: z.string(),
  phase: z.string(),
  /** OpenNebula's word for the state. */
  word: z.string(),
  serviceId: z.number().nullable(),
  addresses: z.array(z.string()),
  cpu: z.number(),
  memoryMb: z.number(),
  /** Texts of CONTEXT and of the USER_TEMPLATE by name, cut where they are long. */
  context: z.record(z.string(), z.string()),
  attributes: z.record(z.string(), z.string()),
});

const shortZone = z.object({
  name: z.string(),
  answering: z.object({ oned: z.boolean(), oneFlow: z.boolean().nullable(), oneGate: z.boolean() }),
  /** Kinds of the faults that are planned. */
  faults: z.array(z.enum(FAULT_KINDS)),
  /** Calls since the start, of each daemon. */
  calls: z.object({ xmlRpc: z.number(), oneFlow: z.number() }),
  services: z.array(z.object({ id: z.number(), name: z.string(), word: z.string() })),
  /** Those that are not DONE. */
  vms: z.array(shortVm),
  templates: z.array(z.object({ id: z.number(), name: z.string(), memoryMb: z.number() })),
});
export type ShortZone = z.infer<typeof shortZone>;

/** All zones in short: what a picture of them needs, in an answer that stays small with many VMs. */
export const zonesOverview = z.object({ change: z.number(), zones: z.array(shortZone) });
export type ZonesOverview = z.infer<typeof zonesOverview>;

export function overviewOf(frontEnd: FrontEnd): ShortZone {
  const { zone, load, faults, answering } = frontEnd;
  return {
    name: zone.name,
    answering,
    faults: [...new Set(faults.planned.map(({ kind }) => kind))],
    calls: { xmlRpc: sum(load.xmlRpc.calls), oneFlow: sum(load.oneFlow.calls) },
    services: zone.documents
      .newestFirst()
      .flatMap(({ type, id, name, body }) => (type === 100 ? [{ id, name, word: stateWord(body.state) }] : [])),
    vms: zone.vms
      .newestFirst()
      .filter(({ phase }) => phase !== "done")
      .map(shortVmOf),
    templates: zone.templates
      .newestFirst()
      .map(({ id, name, attributes }) => ({ id, name, memoryMb: Number(textOf(attributes, "MEMORY") ?? 0) })),
  };
}

function shortVmOf(vm: VirtualMachine): z.infer<typeof shortVm> {
  const [context] = vectorsOf(vm.attributes, "CONTEXT");
  return {
    id: vm.id,
    name: vm.name,
    phase: vm.phase,
    word: phases[vm.phase].word,
    serviceId: serviceIdOf(vm) ?? null,
    addresses: vectorsOf(vm.attributes, "NIC").flatMap((nic) => nic.get("IP") ?? []),
    cpu: numberOf(vm, "CPU"),
    memoryMb: numberOf(vm, "MEMORY"),
    context: texts(Object.fromEntries(context ?? [])),
    attributes: texts(attributesJson(vm.userTemplate)),
  };
}

function texts(values: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      typeof value === "string"
        ? [[name, value.length > MOST_CHARACTERS ? `${value.slice(0, MOST_CHARACTERS)}…` : value]]
        : [],
    ),
  );
}

const sum = (calls: Readonly<Record<string, number>>): number =>
  Object.values(calls).reduce((total, count) => total + count, 0);
