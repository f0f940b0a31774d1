/** The same rollout as somebody would do it by hand who knows all calls: the floor that the bot is held against. */
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { startProgram } from "../../sandbox/program.ts";
import { sandboxPassword } from "../../sandbox/zones-file.ts";
import { type OpenZone, openZone } from "../../src/opennebula/zone.ts";
import { until } from "../waiting.ts";

/** Milliseconds from a VM that runs to a guest that is ready. */
const GUEST_READY = 1_100;

const ready = z.object({ zones: z.array(z.object({ name: z.string(), xmlrpc: z.string(), oneflow: z.string() })) });

/** Milliseconds from nothing to all VMs ready: the coordinator's first, then all others at once. */
export async function rolloutByHand(trainingZones: number, superNodes: number): Promise<number> {
  const program = await startProgram({
    entry: "sandbox/zones/main.js",
    args: ["--zones", String(trainingZones + 1), "--port-base", "0", "--speed", "1", "--pace", "lab"],
    ready,
  });
  const zones = program.ready.zones.map((where) =>
    openZone({
      ...where,
      user: "florist",
      password: { reveal: () => sandboxPassword(where.name) },
      deadlines: { xmlrpc: 60_000, oneflow: 60_000 },
      inFlight: { xmlrpc: 4, oneflow: 2 },
    }),
  );
  try {
    const [coordinator, ...training] = zones;
    const began = performance.now();
    if (coordinator !== undefined) await standUp(coordinator, "superlink", 1);
    await Promise.all(training.map((zone) => standUp(zone, "supernode", superNodes)));
    return performance.now() - began;
  } finally {
    await Promise.all(zones.map((zone) => zone.close()));
    await program.stop();
  }
}

/** The VM templates and networks of the stand-in's built-in zone. */
const USED = { superlink: { template: 0, network: "0" }, supernode: { template: 1, network: "1" } } as const;

async function standUp(zone: OpenZone, role: keyof typeof USED, cardinality: number): Promise<void> {
  const { template, network } = USED[role];
  const templateId = await zone.registerServiceTemplate({
    name: role,
    deployment: "straight",
    ready_status_gate: true,
    roles: [{ name: role, type: "vm", cardinality, min_vms: 1, template_id: template, template_contents: {} }],
  });
  const nics = [{ NAME: "_NIC0", NETWORK_ID: network }];
  await zone.instantiate(templateId, {
    name: role,
    userInputs: {},
    roles: [{ name: role, cardinality, context: {}, nics }],
  });
  const seen = new Set<number>();
  await until(`${cardinality} running VMs`, async () => {
    for (const { id, state } of (await zone.vms()).vms) if (state === "running") seen.add(id);
    return seen.size === cardinality;
  });
  await pause(GUEST_READY);
  await Promise.all([...seen].map((vmId) => zone.publish(vmId, { READY: "YES" })));
}
