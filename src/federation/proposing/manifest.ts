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
import {
  FLEET_PORT,
  flowerPart,
  gatewayAddress,
  hasTunnelEnd,
  type Part,
  type PartName,
  type PlannedNic,
  type SitePlan,
} from "../model/plan.ts";
import type { VmFacts } from "../model/zone-facts.ts";
import { dialledIn } from "../tunnels/range.ts";

/** The service template to register: of the manifest the roles that are planned, with their VM templates, and the agent. */
export function serviceTemplateFor({ parts }: Pick<SitePlan, "parts">, manifest: Manifest): ServiceTemplate {
  const { template } = manifest;
  const numbers = parts.map(({ template: { id } }) => id).join("-");
  return {
    ...template,
    name: `${template.name} ${manifestDigest(manifest).slice(0, 8)}-${numbers}`,
    roles: parts.map((each, index) => ({
      ...roleFor(each, manifest),
      // Whatever is planned before it is ready first.
      ...(index === 0 ? {} : { parents: parts.slice(0, index).map(({ name }) => name) }),
    })),
  };
}

function roleFor({ name, template: { id } }: Part, { template, agent }: Manifest): ServiceTemplate["roles"][number] {
  const role = template.roles.find((one) => one.name === name);
  if (role === undefined) throw new Error(`The manifest "${template.name}" has no role ${name}.`);
  const context = { ...role.template_contents.CONTEXT, [CONTEXT.startScript]: agent.base64 };
  return { ...role, template_id: id, template_contents: { ...role.template_contents, CONTEXT: context } };
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

/** VMs of one part. */
export interface RoleOrder {
  readonly name: PartName;
  readonly cardinality: number;
  readonly context: Readonly<Record<string, string>>;
  readonly nics: readonly NicOrder[];
  readonly disks: readonly DiskOrder[];
}

/** What OneFlow is asked for when the service is created. */
export interface ServiceOrder {
  readonly name: string;
  readonly userInputs: Readonly<Record<string, string>>;
  /** As the plan's parts. */
  readonly roles: readonly RoleOrder[];
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
  return {
    name: `florist ${plan.name} ${siteCode(plan.site)}`,
    userInputs: Object.fromEntries(Object.keys(template.user_inputs).map((name) => [name, inputs[name] ?? ""])),
    roles: plan.parts.map(({ name, vms, nics }) => ({
      name,
      cardinality: vms,
      context: contextOf(plan, name, tag, caCertificate),
      nics: nics.map(nicOrder),
      disks: name === "supernode" ? diskOrders(plan) : [],
    })),
  };
}

/** The VM of that number, from 1 on: guests get the same CONTEXT whether a service holds them or not. */
export function vmOrder(plan: SitePlan, order: ServiceOrder, manifest: Manifest, number: number): VmOrder {
  const part = partAt(plan, number);
  const { template } = part;
  const { nics, disks } = roleOrderOf(order, part);
  return {
    name: vmName(plan, number),
    templateId: template.id,
    contentDigest: template.contentDigest,
    context: guestContext(part, order, manifest),
    nics,
    disks,
  };
}

/** VMs are numbered through the parts, in their order. */
function partAt({ parts, zone }: SitePlan, number: number): Part {
  const found = parts.find((_, index) => number <= parts.slice(0, index + 1).reduce((sum, { vms }) => sum + vms, 0));
  if (found === undefined) throw new RangeError(`The plan for ${zone} has no VM ${number}.`);
  return found;
}

function roleOrderOf({ name: service, roles }: ServiceOrder, { name }: Part): RoleOrder {
  const found = roles.find((role) => role.name === name);
  if (found === undefined) throw new Error(`The order of "${service}" has no ${name}.`);
  return found;
}

/** Fit for a host name, which many VM templates make of it. */
export const vmName = ({ name, site }: SitePlan, number: number): string =>
  `florist-${name}-${siteCode(site)}-${number}`;

function guestContext(part: Part, order: ServiceOrder, manifest: Manifest): Record<string, string> {
  const { CONTEXT: shipped } = roleFor(part, manifest).template_contents;
  return { ...shipped, ...order.userInputs, ...roleOrderOf(order, part).context };
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

function contextOf(plan: SitePlan, part: PartName, tag: string, caCertificate: string): Record<string, string> {
  const who = {
    [CONTEXT.federation]: plan.federation,
    [CONTEXT.site]: siteCode(plan.site),
    [CONTEXT.attempt]: tag,
    ...tunnelContext(plan, part),
  };
  if (part === "gateway") return { ...who, ...(plan.role === "coordinator" ? hubsSuperLink(plan, caCertificate) : {}) };
  if (part === "supernode") {
    const gateway = gatewayAddress(plan);
    return {
      ...who,
      ...(gateway === null ? {} : { [CONTEXT.tunnelGateway]: gateway }),
      [CONTEXT.nodeConfig]: nodeConfigValue(plan.nodeConfig),
      ...dataContext(plan.data),
    };
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

/** Whom a hub that is a gateway passes on to: it dials that as sites do, and at its own address. */
function hubsSuperLink(plan: SitePlan, caCertificate: string): Record<string, string> {
  const { link } = plan;
  const address = flowerPart(plan).nics[0]?.address ?? null;
  if (link.kind !== "wireguard" || address === null) throw new Error("A hub of its own passes on to an address.");
  return {
    [CONTEXT.superlinkAddress]: `${dialledIn(link.range)}:${FLEET_PORT}`,
    [CONTEXT.caCertificate]: encodePem([caCertificate]),
    [CONTEXT.tunnelSuperlink]: address,
  };
}

/** The hub listens where it is reached from outside: a forward leads to the same port, and a public card needs none. */
function tunnelContext(plan: SitePlan, part: PartName): Record<string, string> {
  const { link, role } = plan;
  // A SuperLink behind a gateway knows nothing of tunnels.
  if (link.kind === "public-address" || (part === "superlink" && !hasTunnelEnd(plan, part))) return {};
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
  const part = partOfVm(plan, vm);
  const changed = Object.entries(guestContext(part, order, manifest))
    .filter(([name, value]) => (vm.context[name] ?? "") !== value)
    .map(([name]) => `${name} in CONTEXT is not the approved value`);
  return [...shapeDifferences(part, roleOrderOf(order, part).disks, vm), ...changed];
}

/** As its CONTEXT has it, which no guest can change; one that says nothing of the kind is held to what speaks Flower. */
export const partOfVm = (plan: SitePlan, { context }: Pick<VmFacts, "context">): Part =>
  plan.parts.find(({ name }) => name === context[CONTEXT.role]) ?? flowerPart(plan);

function shapeDifferences(part: Part, disks: readonly DiskOrder[], vm: VmFacts): readonly string[] {
  const { template, nics } = part;
  const images = [...template.images.map(({ id }) => id), ...disks.map(({ IMAGE_ID }) => Number(IMAGE_ID))];
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
