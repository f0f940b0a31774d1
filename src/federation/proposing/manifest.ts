/** From a plan to what a zone is handed: a OneFlow service template and what it is instantiated with, or VMs one by one. */
import { type Host, parseHost } from "../../guest-protocol/address.ts";
import { formatAttempt } from "../../guest-protocol/attempt.ts";
import { encodePem } from "../../guest-protocol/certificates.ts";
import { DATA_DISK } from "../../guest-protocol/data.ts";
import { formatExtraSan } from "../../guest-protocol/extra-san.ts";
import { CONTEXT } from "../../guest-protocol/names.ts";
import { canonical } from "../model/digest.ts";
import { type Digest, type FederationId, siteCode } from "../model/identity.ts";
import { type Manifest, manifestDigest, type ServiceTemplate } from "../model/manifests.ts";
import { flowerPart, type Part, type PlannedNic, type SitePlan } from "../model/plan.ts";
import type { VmFacts } from "../model/zone-facts.ts";
import { dialledIn } from "../tunnels/range.ts";

/** The service template to register for a part's VM template: the manifest, that number, and the agent. */
export function serviceTemplateFor(templateId: number, manifest: Manifest): ServiceTemplate {
  const { template, agent } = manifest;
  const [only] = template.roles;
  const context = { ...only.template_contents.CONTEXT, [CONTEXT.startScript]: agent.base64 };
  return {
    ...template,
    name: `${template.name} ${manifestDigest(manifest).slice(0, 8)}-${templateId}`,
    roles: [{ ...only, template_id: templateId, template_contents: { ...only.template_contents, CONTEXT: context } }],
  };
}

/** One network card as OneFlow is asked for it; it replaces the VM template's. */
export interface NicOrder {
  readonly NAME: string;
  readonly NETWORK_ID: string;
  readonly IP?: string;
  readonly MODEL?: string;
  readonly SECURITY_GROUPS?: string;
}

/** A disk that VMs have after those of their template. */
export interface DiskOrder {
  readonly IMAGE_ID: string;
  readonly SERIAL: string;
}

/** What OneFlow is asked for when the service is created. */
export interface ServiceOrder {
  readonly name: string;
  readonly userInputs: Readonly<Record<string, string>>;
  readonly role: string;
  readonly cardinality: number;
  readonly context: Readonly<Record<string, string>>;
  readonly nics: readonly NicOrder[];
  readonly disks: readonly DiskOrder[];
}

/** One VM that no service is to hold, made from a VM template. */
export interface VmOrder {
  readonly name: string;
  readonly templateId: number;
  /** Digest of the template's content as it was approved: of another one nothing is made. */
  readonly contentDigest: string;
  /** Put over the template's own CONTEXT, entry by entry. */
  readonly context: Readonly<Record<string, string>>;
  /** In the place of the template's. */
  readonly nics: readonly NicOrder[];
  /** Beside the template's. */
  readonly disks: readonly DiskOrder[];
}

/** FL_ATTEMPT: how the bot knows its own services and VMs after a crash. */
export const attemptTag = (federation: FederationId, plan: SitePlan, digest: Digest, sequence: number): string =>
  formatAttempt({ federation, site: siteCode(plan.site), digest12: digest.slice(0, 12), sequence });

/** `caCertificate` is PEM; the plan itself holds only its fingerprint. */
export function serviceOrder(plan: SitePlan, manifest: Manifest, tag: string, caCertificate: string): ServiceOrder {
  const { template } = manifest;
  const inputs = plan.role === "coordinator" ? coordinatorInputs(plan) : trainingInputs(plan, caCertificate);
  const part = flowerPart(plan);
  return {
    name: `florist ${plan.name} ${siteCode(plan.site)}`,
    userInputs: Object.fromEntries(Object.keys(template.user_inputs).map((name) => [name, inputs[name] ?? ""])),
    role: template.roles[0].name,
    cardinality: part.vms,
    context: contextOf(plan, tag),
    nics: part.nics.map(nicOrder),
    disks: diskOrders(plan),
  };
}

/** The VM of that number, from 1 on: guests get the same CONTEXT whether a service holds them or not. */
export function vmOrder(plan: SitePlan, order: ServiceOrder, manifest: Manifest, number: number): VmOrder {
  const { template } = flowerPart(plan);
  return {
    name: vmName(plan, number),
    templateId: template.id,
    contentDigest: template.contentDigest,
    context: guestContext(plan, order, manifest),
    nics: order.nics,
    disks: order.disks,
  };
}

/** Fit for a host name, which many VM templates make of it. */
export const vmName = ({ name, site }: SitePlan, number: number): string =>
  `florist-${name}-${siteCode(site)}-${number}`;

function guestContext(plan: SitePlan, order: ServiceOrder, manifest: Manifest): Record<string, string> {
  const [role] = serviceTemplateFor(flowerPart(plan).template.id, manifest).roles;
  return { ...role.template_contents.CONTEXT, ...order.userInputs, ...order.context };
}

const nicOrder = ({ network, address, model, securityGroups }: PlannedNic, index: number): NicOrder => ({
  NAME: `_NIC${index}`,
  NETWORK_ID: String(network.id),
  ...(address === null ? {} : { IP: address }),
  ...(model === null ? {} : { MODEL: model }),
  ...(securityGroups === null ? {} : { SECURITY_GROUPS: securityGroups }),
});

function sharedInputs({ settings }: SitePlan): Record<string, string> {
  return {
    [CONTEXT.flowerVersion]: settings.flowerVersion,
    [CONTEXT.tlsEnabled]: "YES",
    [CONTEXT.keepaliveTime]: String(settings.keepaliveTime),
    [CONTEXT.keepaliveTimeout]: String(settings.keepaliveTimeout),
  };
}

function coordinatorInputs(plan: SitePlan): Record<string, string> {
  return { ...sharedInputs(plan), [CONTEXT.extraSan]: formatExtraSan(dialledHosts(plan)) };
}

/** What sites dial, each of which the SuperLink's certificate has to cover: its address, and that in its tunnels. */
export function dialledHosts({ endpoint, link }: SitePlan): readonly Host[] {
  const names = new Set([endpoint.host, ...(link.kind === "wireguard" ? [dialledIn(link.range)] : [])]);
  return [...names].flatMap((name) => {
    const host = parseHost(name);
    return host.ok ? [host.value] : [];
  });
}

function trainingInputs(plan: SitePlan, caCertificate: string): Record<string, string> {
  return {
    ...sharedInputs(plan),
    [CONTEXT.superlinkAddress]: `${plan.endpoint.host}:${plan.endpoint.port}`,
    [CONTEXT.caCertificate]: encodePem([caCertificate]),
    [CONTEXT.framework]: plan.settings.framework,
  };
}

function contextOf(plan: SitePlan, tag: string): Record<string, string> {
  const who = {
    [CONTEXT.federation]: plan.federation,
    [CONTEXT.site]: siteCode(plan.site),
    [CONTEXT.attempt]: tag,
    ...tunnelContext(plan),
  };
  if (plan.role === "training") {
    return { ...who, [CONTEXT.nodeConfig]: nodeConfigValue(plan.nodeConfig), ...dataContext(plan.data) };
  }
  const [sshKey] = plan.sshKeys;
  return {
    ...who,
    [CONTEXT.dialledAddress]: `${plan.endpoint.host}:${plan.endpoint.port}`,
    ...(sshKey === undefined ? {} : { [CONTEXT.sshPublicKey]: sshKey }),
  };
}

function dataContext(data: SitePlan["data"]): Record<string, string> {
  if (data === undefined) return {};
  return { [CONTEXT.data]: data.kind === "folder" ? data.path : DATA_DISK.told };
}

const diskOrders = ({ data }: SitePlan): readonly DiskOrder[] =>
  data?.kind === "disk" ? [{ IMAGE_ID: String(data.image.id), SERIAL: DATA_DISK.serial }] : [];

/** The hub listens where it is reached from outside: a forward leads to the same port, and a public card needs none. */
function tunnelContext({ link, role }: SitePlan): Record<string, string> {
  if (link.kind === "public-address") return {};
  const end = { [CONTEXT.tunnelKind]: link.way, [CONTEXT.tunnelMtu]: String(link.mtu) };
  return role === "training"
    ? end
    : { ...end, [CONTEXT.tunnelAddress]: `${dialledIn(link.range)}/31`, [CONTEXT.tunnelPort]: String(link.hub.port) };
}

/** Base64 of what Flower's `--node-config` takes: text in single quotes, numbers and truth values bare. */
function nodeConfigValue(config: SitePlan["nodeConfig"]): string {
  const pairs = Object.entries(config).map(([name, value]) =>
    /^(-?\d+(\.\d+)?|true|false)$/.test(value) ? `${name}=${value}` : `${name}='${value}'`,
  );
  return Buffer.from(pairs.join(" "), "utf8").toString("base64");
}

/** How a VM that came differs from what was approved, one phrase each; empty when it does not. */
export function differences(plan: SitePlan, order: ServiceOrder, manifest: Manifest, vm: VmFacts): readonly string[] {
  const changed = Object.entries(guestContext(plan, order, manifest))
    .filter(([name, value]) => (vm.context[name] ?? "") !== value)
    .map(([name]) => `${name} in CONTEXT is not the approved value`);
  return [...shapeDifferences(flowerPart(plan), plan.data, vm), ...changed];
}

function shapeDifferences(part: Part, data: SitePlan["data"], vm: VmFacts): readonly string[] {
  const { template, nics } = part;
  const images = [...template.images, ...(data?.kind === "disk" ? [data.image] : [])].map(({ id }) => id);
  const compared: readonly (readonly [what: string, planned: unknown, actual: unknown])[] = [
    ["CPU", template.cpu, vm.cpu],
    ["VCPU", template.vcpu, vm.vcpu],
    ["memory", template.memory, vm.memory],
    ["the number of network interfaces", nics.length, vm.nics.length],
    ...nics.map((nic, index) => ["the network", nic.network.id, vm.nics[index]?.networkId] as const),
    ...nics.flatMap(({ address }, index) =>
      address === null ? [] : [["the address", address, vm.nics[index]?.ip] as const],
    ),
    ["the images", images, vm.imageIds],
  ];
  return compared
    .filter(([, planned, actual]) => canonical(planned) !== canonical(actual))
    .map(([what, planned, actual]) => `${what} is ${show(actual)}, approved was ${show(planned)}`);
}

const show = (value: unknown): string => (value === undefined ? "missing" : String(value));
