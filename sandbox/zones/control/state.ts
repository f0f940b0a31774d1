import { z } from "zod";
import { attributesJson, type JsonAttribute, vectorsOf } from "../oned/attributes.ts";
import { leasesOf } from "../oned/leases.ts";
import { phases, serviceIdOf, type VirtualMachine } from "../oned/virtual-machine.ts";
import type { Zone } from "../oned/zone.ts";
import { stateWord } from "../oneflow/bodies.ts";

const attribute: z.ZodType<JsonAttribute> = z.union([
  z.string(),
  z.record(z.string(), z.string()),
  z.array(z.union([z.string(), z.record(z.string(), z.string())])),
]);
const attributes = z.record(z.string(), attribute);
const owned = { id: z.number(), name: z.string(), owner: z.string() };

const daemonLoad = z.object({ calls: z.record(z.string(), z.number()), mostAtOnce: z.number() });

/** A whole zone as the control API shows it: everything but secrets. */
export const zoneState = z.object({
  change: z.number(),
  name: z.string(),
  services: z.array(
    z.object({ ...owned, state: z.number(), word: z.string(), body: z.record(z.string(), z.unknown()) }),
  ),
  serviceTemplates: z.array(z.object({ ...owned, body: z.record(z.string(), z.unknown()) })),
  vms: z.array(
    z.object({
      ...owned,
      phase: z.string(),
      state: z.number(),
      lcmState: z.number(),
      serviceId: z.number().optional(),
      context: z.record(z.string(), z.string()),
      userTemplate: attributes,
      nics: z.array(z.record(z.string(), z.string())),
    }),
  ),
  templates: z.array(z.object({ ...owned, attributes })),
  images: z.array(z.object({ ...owned, state: z.string(), registered: z.number() })),
  networks: z.array(
    z.object({
      ...owned,
      firstIp: z.string(),
      size: z.number(),
      leases: z.array(z.object({ ip: z.string(), vmId: z.number() })),
    }),
  ),
});

/** Calls since the start by operation, and the most that were under way together, per daemon. */
export const zoneLoad = z.object({ xmlRpc: daemonLoad, oneFlow: daemonLoad });
export type ZoneLoad = z.infer<typeof zoneLoad>;

export type ZoneState = z.infer<typeof zoneState>;

export function stateOf(zone: Zone, change: number): ZoneState {
  const documents = zone.documents.newestFirst();
  const head = (object: { id: number; name: string; uname: string }) => ({
    id: object.id,
    name: object.name,
    owner: object.uname,
  });
  return {
    change,
    name: zone.name,
    services: documents
      .filter((document) => document.type === 100)
      .map(({ body, ...rest }) => ({ ...head(rest), state: body.state, word: stateWord(body.state), body })),
    serviceTemplates: documents
      .filter((document) => document.type === 101)
      .map(({ body, ...rest }) => ({ ...head(rest), body })),
    vms: zone.vms.newestFirst().map((vm) => ({ ...head(vm), ...vmState(vm) })),
    templates: zone.templates
      .newestFirst()
      .map((template) => ({ ...head(template), attributes: attributesJson(template.attributes) })),
    images: zone.images
      .newestFirst()
      .map((image) => ({ ...head(image), state: image.state, registered: image.registered })),
    networks: zone.networks.newestFirst().map((network) => ({
      ...head(network),
      firstIp: network.firstIp,
      size: network.size,
      leases: leasesOf(network),
    })),
  };
}

function vmState(vm: VirtualMachine): Omit<ZoneState["vms"][number], "id" | "name" | "owner"> {
  const { state, lcm } = phases[vm.phase];
  const serviceId = serviceIdOf(vm);
  const [context] = vectorsOf(vm.attributes, "CONTEXT");
  return {
    phase: vm.phase,
    state,
    lcmState: lcm,
    ...(serviceId === undefined ? {} : { serviceId }),
    context: Object.fromEntries(context ?? []),
    userTemplate: attributesJson(vm.userTemplate),
    nics: vectorsOf(vm.attributes, "NIC").map((nic) => Object.fromEntries(nic)),
  };
}
