import { z } from "zod";
import type { Document } from "../oned/objects.ts";

/** The JSON that OneFlow keeps as BODY of its documents. Only what is acted upon is named; the rest is kept as it came. */
const jsonObject = z.record(z.string(), z.unknown());
const count = z.number().int().nonnegative();

const node = z.looseObject({
  deploy_id: z.number(),
  vm_info: z.object({ VM: z.record(z.string(), z.string()) }),
});

const role = z.looseObject({
  name: z.string(),
  type: z.literal("vm"),
  cardinality: count,
  template_id: z.number().int(),
  min_vms: count.optional(),
  max_vms: count.optional(),
  cooldown: z.number().optional(),
  parents: z.array(z.string()).optional(),
  template_contents: jsonObject.optional(),
  user_inputs: z.record(z.string(), z.string()).optional(),
  user_inputs_values: z.record(z.string(), z.string()).optional(),
  state: z.number().optional(),
  nodes: z.array(node).optional(),
  on_hold: z.boolean().optional(),
  last_vmname: z.number().optional(),
  shutdown_action: z.string().optional(),
  scale_way: z.number().optional(),
});

const networkValue = z.record(z.string(), z.record(z.string(), z.unknown()));

const templateBody = z.looseObject({
  name: z.string(),
  deployment: z.string(),
  description: z.string(),
  ready_status_gate: z.boolean().optional(),
  on_hold: z.boolean().optional(),
  shutdown_action: z.string().optional(),
  user_inputs: z.record(z.string(), z.string()).optional(),
  networks: z.record(z.string(), z.string()).optional(),
  roles: z.array(role),
  registration_time: z.number(),
});

const serviceBody = templateBody.extend({
  networks_values: z.array(networkValue).optional(),
  user_inputs_values: z.record(z.string(), z.string()).optional(),
  state: z.number(),
  start_time: z.number(),
  log: z.array(z.object({ timestamp: z.number(), severity: z.string(), message: z.string() })).optional(),
});

export type Role = z.infer<typeof role>;
export type Node = z.infer<typeof node>;
export type TemplateBody = z.infer<typeof templateBody>;
export type ServiceBody = z.infer<typeof serviceBody>;

export type ServiceDocument = Document<ServiceBody> & { readonly type: 100 };
export type TemplateDocument = Document<TemplateBody> & { readonly type: 101 };
export type FlowDocument = ServiceDocument | TemplateDocument;

/** These say what a value is without copying it: the order of the keys is part of what OneFlow answers. */
export function isRole(value: unknown): value is Role {
  return role.safeParse(value).success;
}

export function isTemplateBody(value: unknown): value is TemplateBody {
  return templateBody.safeParse(value).success;
}

export function isServiceBody(value: unknown): value is ServiceBody {
  return serviceBody.safeParse(value).success;
}

/** What is wrong with a body that is neither, for the plain-text refusal. */
export function firstProblem(value: unknown): string {
  const issue = templateBody.safeParse(value).error?.issues[0];
  if (issue === undefined) return "invalid document";
  return `KEY: '${issue.path.at(-1)?.toString() ?? "name"}' ${issue.message};`;
}

/** The numbers of services and roles. */
export const flowState = {
  pending: 0,
  deploying: 1,
  running: 2,
  undeploying: 3,
  warning: 4,
  done: 5,
  failedUndeploying: 6,
  failedDeploying: 7,
  scaling: 8,
  failedScaling: 9,
  cooldown: 10,
  deployingNets: 11,
  undeployingNets: 12,
  failedDeployingNets: 13,
  failedUndeployingNets: 14,
  hold: 15,
} as const;

export type FlowState = (typeof flowState)[keyof typeof flowState];

const stateWords: Readonly<Record<number, string>> = {
  0: "PENDING",
  1: "DEPLOYING",
  2: "RUNNING",
  3: "UNDEPLOYING",
  4: "WARNING",
  5: "DONE",
  6: "FAILED_UNDEPLOYING",
  7: "FAILED_DEPLOYING",
  8: "SCALING",
  9: "FAILED_SCALING",
  10: "COOLDOWN",
  11: "DEPLOYING_NETS",
  12: "UNDEPLOYING_NETS",
  13: "FAILED_DEPLOYING_NETS",
  14: "FAILED_UNDEPLOYING_NETS",
  15: "HOLD",
};

export function stateWord(state: number): string {
  return stateWords[state] ?? String(state);
}
