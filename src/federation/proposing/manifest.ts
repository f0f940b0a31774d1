/** From a plan to what a zone is handed: the OneFlow service template, and what it is instantiated with. */
import { parseHost } from "../../guest-protocol/address.ts";
import { formatAttempt } from "../../guest-protocol/attempt.ts";
import { encodePem } from "../../guest-protocol/certificates.ts";
import { formatExtraSan } from "../../guest-protocol/extra-san.ts";
import { CONTEXT } from "../../guest-protocol/names.ts";
import { canonical, sha256 } from "../model/digest.ts";
import type { Digest, FederationId } from "../model/identity.ts";
import type { Manifests, ServiceTemplate } from "../model/manifests.ts";
import type { Role, SitePlan } from "../model/plan.ts";
import type { VmFacts } from "../model/zone-facts.ts";

/** The service template to register for a VM template: the shipped manifest, that number, and the agent. */
export function serviceTemplateFor(role: Role, templateId: number, manifests: Manifests): ServiceTemplate {
  const manifest = role === "coordinator" ? manifests.coordinator : manifests.training;
  const [only] = manifest.roles;
  const context = { ...only.template_contents.CONTEXT, [CONTEXT.startScript]: manifests.agent.base64 };
  const filled: ServiceTemplate = {
    ...manifest,
    roles: [{ ...only, template_id: templateId, template_contents: { ...only.template_contents, CONTEXT: context } }],
  };
  return { ...filled, name: `${manifest.name} ${manifestDigest(role, templateId, manifests).slice(0, 8)}` };
}

/**
 * SHA-256 over what `serviceTemplateFor` registers, the agent by its source: another compressor may pack the
 * same source into other bytes.
 */
export function manifestDigest(role: Role, templateId: number, manifests: Manifests): string {
  const manifest = role === "coordinator" ? manifests.coordinator : manifests.training;
  return sha256(canonical({ manifest, templateId, agent: manifests.agent.sha256 }));
}

/** What OneFlow is asked for when the service is created. */
export interface ServiceOrder {
  readonly name: string;
  readonly userInputs: Readonly<Record<string, string>>;
  readonly role: string;
  readonly cardinality: number;
  readonly context: Readonly<Record<string, string>>;
  readonly nic: {
    readonly NAME: string;
    readonly NETWORK_ID: string;
    readonly IP?: string;
    readonly MODEL?: string;
    readonly SECURITY_GROUPS?: string;
  };
}

/** FL_ATTEMPT: how the bot knows its own services and VMs after a crash. */
export const attemptTag = (federation: FederationId, plan: SitePlan, digest: Digest, sequence: number): string =>
  formatAttempt({ federation, site: plan.zone, digest12: digest.slice(0, 12), sequence });

/** `caCertificate` is PEM; the plan itself holds only its fingerprint. */
export function serviceOrder(plan: SitePlan, manifests: Manifests, tag: string, caCertificate: string): ServiceOrder {
  const template = serviceTemplateFor(plan.role, plan.template.id, manifests);
  const inputs = plan.role === "coordinator" ? coordinatorInputs(plan) : trainingInputs(plan, caCertificate);
  const { network } = plan;
  const { model, securityGroups } = plan.template;
  return {
    name: `florist ${plan.name} ${plan.zone}`,
    userInputs: Object.fromEntries(Object.keys(template.user_inputs).map((name) => [name, inputs[name] ?? ""])),
    role: template.roles[0].name,
    cardinality: plan.vms,
    context: contextOf(plan, tag),
    nic: {
      NAME: "_NIC0",
      NETWORK_ID: String(network.id),
      ...(network.address === null ? {} : { IP: network.address }),
      ...(model === null ? {} : { MODEL: model }),
      ...(securityGroups === null ? {} : { SECURITY_GROUPS: securityGroups }),
    },
  };
}

function sharedInputs({ settings }: SitePlan): Record<string, string> {
  return {
    [CONTEXT.flowerVersion]: settings.flowerVersion,
    [CONTEXT.tlsEnabled]: "YES",
    [CONTEXT.keepaliveTime]: String(settings.keepaliveTime),
    [CONTEXT.keepaliveTimeout]: String(settings.keepaliveTimeout),
  };
}

function coordinatorInputs(plan: SitePlan): Record<string, string> {
  const host = parseHost(plan.dialled.host);
  return { ...sharedInputs(plan), [CONTEXT.extraSan]: host.ok ? formatExtraSan([host.value]) : "" };
}

function trainingInputs(plan: SitePlan, caCertificate: string): Record<string, string> {
  return {
    ...sharedInputs(plan),
    [CONTEXT.superlinkAddress]: `${plan.dialled.host}:${plan.dialled.port}`,
    [CONTEXT.caCertificate]: encodePem([caCertificate]),
    [CONTEXT.framework]: plan.settings.framework,
  };
}

function contextOf(plan: SitePlan, tag: string): Record<string, string> {
  const who = { [CONTEXT.federation]: plan.federation, [CONTEXT.site]: plan.zone, [CONTEXT.attempt]: tag };
  if (plan.role === "training") return { ...who, [CONTEXT.nodeConfig]: nodeConfigValue(plan.nodeConfig) };
  const [sshKey] = plan.sshKeys;
  return {
    ...who,
    [CONTEXT.dialledAddress]: `${plan.dialled.host}:${plan.dialled.port}`,
    ...(sshKey === undefined ? {} : { [CONTEXT.sshPublicKey]: sshKey }),
  };
}

/** Base64 of what Flower's `--node-config` takes: text in single quotes, numbers and truth values bare. */
function nodeConfigValue(config: SitePlan["nodeConfig"]): string {
  const pairs = Object.entries(config).map(([name, value]) =>
    /^(-?\d+(\.\d+)?|true|false)$/.test(value) ? `${name}=${value}` : `${name}='${value}'`,
  );
  return Buffer.from(pairs.join(" "), "utf8").toString("base64");
}

/** How a VM that came differs from what was approved, one phrase each; empty when it does not. */
export function differences(plan: SitePlan, order: ServiceOrder, manifests: Manifests, vm: VmFacts): readonly string[] {
  const found: string[] = [];
  const expect = (what: string, planned: unknown, actual: unknown): void => {
    if (canonical(planned) !== canonical(actual))
      found.push(`${what} is ${show(actual)}, approved was ${show(planned)}`);
  };
  expect("CPU", plan.template.cpu, vm.cpu);
  expect("VCPU", plan.template.vcpu, vm.vcpu);
  expect("memory", plan.template.memory, vm.memory);
  expect("the number of network interfaces", 1, vm.nics.length);
  expect("the network", plan.network.id, vm.nics[0]?.networkId);
  if (plan.network.address !== null) expect("the address", plan.network.address, vm.nics[0]?.ip);
  expect(
    "the images",
    plan.template.images.map(({ id }) => id),
    vm.imageIds,
  );
  const [role] = serviceTemplateFor(plan.role, plan.template.id, manifests).roles;
  const context = { ...role.template_contents.CONTEXT, ...order.userInputs, ...order.context };
  for (const [name, value] of Object.entries(context)) {
    if ((vm.context[name] ?? "") !== value) found.push(`${name} in CONTEXT is not the approved value`);
  }
  return found;
}

const show = (value: unknown): string => (value === undefined ? "missing" : String(value));
