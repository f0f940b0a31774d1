import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { prettifyError, ZodError } from "zod";
import { paceNamed } from "./pace.ts";
import { fileRecorder, noRecord } from "./record.ts";
import { MOST_ZONES } from "./seed.ts";
import { startZones, type ZonesOptions } from "./zones.ts";

const help = `Stands in for the front-ends of several OpenNebula zones: XML-RPC, OneFlow and OneGate on 127.0.0.1.

  --zones N             how many zones (3, at most ${MOST_ZONES}); they are called zone-a, zone-b …
  --port-base P         zone i listens at P+10*i (XML-RPC), +1 (OneFlow), +2 (OneGate); 0 takes free ports (2633)
  --control-port P      the control API; 0 takes a free port (0)
  --seed FILE           JSON with users, passwords, images, networks, templates, quotas (README.md); a built-in one without it
  --hypervisor URL      where VMs that reach RUNNING are started; without it they run as dummies
  --hypervisor-token T  bearer token for the hypervisor
  --speed N             divides all waiting times by N (1)
  --pace NAME           "even": every VM takes as long as the other; "lab": as a real zone was measured (even)
  --without-oneflow Z   zone Z has no OneFlow; may be given more than once
  --federated           users and login tokens of the first zone are those of all zones
  --record FILE         appends every request and answer at XML-RPC and OneFlow as a JSON line, credentials replaced
  --help

Prints one line "ready {…}" with all addresses when everything serves. Ends on SIGTERM or SIGINT.
`;

function options(): ZonesOptions | "help" {
  const { values } = parseArgs({
    options: {
      zones: { type: "string", default: "3" },
      "port-base": { type: "string", default: "2633" },
      "control-port": { type: "string", default: "0" },
      seed: { type: "string" },
      hypervisor: { type: "string" },
      "hypervisor-token": { type: "string" },
      speed: { type: "string", default: "1" },
      pace: { type: "string", default: "even" },
      record: { type: "string" },
      "without-oneflow": { type: "string", multiple: true, default: [] },
      federated: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  return {
    zones: number("--zones", values.zones, 1, MOST_ZONES),
    portBase: number("--port-base", values["port-base"], 0, 65_000),
    controlPort: number("--control-port", values["control-port"], 0, 65_535),
    seed: values.seed === undefined ? { zones: [] } : seedFrom(values.seed),
    hypervisor:
      values.hypervisor === undefined ? undefined : { url: values.hypervisor, token: values["hypervisor-token"] },
    speed: number("--speed", values.speed, 0.01, 10_000),
    pace: paceNamed(values.pace),
    withoutOneFlow: values["without-oneflow"],
    federated: values.federated,
    record: values.record === undefined ? noRecord : fileRecorder(values.record),
  };
}

function number(option: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (Number.isFinite(value) && value >= min && value <= max) return value;
  throw new Error(`${option} must be a number from ${min} to ${max}, not "${text}"`);
}

/** A seed file, parsed as JSON; what it says is checked where the zones are made. */
function seedFrom(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new Error(`--seed ${path} cannot be read as JSON: ${explained(error)}`, { cause: error });
  }
}

function explained(error: unknown): string {
  if (error instanceof ZodError) return `The seed is not as README.md describes it:\n${prettifyError(error)}`;
  return error instanceof Error ? error.message : String(error);
}

async function run(): Promise<void> {
  const chosen = options();
  if (chosen === "help") return void process.stdout.write(help);
  const standIn = await startZones(chosen);
  process.stdout.write(`ready ${JSON.stringify(standIn.addresses)}\n`);
  const end = () => void standIn.stop();
  process.once("SIGTERM", end);
  process.once("SIGINT", end);
}

try {
  await run();
} catch (error) {
  process.stderr.write(`${explained(error)}\n`);
  process.exitCode = 1;
}
