/** What would run in a zone, or runs there, as its owners read it. For that zone's eyes only. */

import { createHash } from "node:crypto";
import { readableAddress } from "../../federation/model/ipv6.ts";
import {
  type AttachedData,
  deploymentKind,
  flowerPart,
  type Part,
  type PlannedNic,
  type SitePlan,
  superNodesOf,
} from "../../federation/model/plan.ts";
import { DATA_SHOWN_AT } from "../../guest-protocol/data.ts";
import { type Blocks, context, fields, section } from "./elements.ts";
import { MARK } from "./marks.ts";
import { clip, code, count, escaped, listed } from "./mrkdwn.ts";
import { trafficOf } from "./tunnel-words.ts";

/** Images and network cards that are named. */
const MOST_NAMED = 5;

const size = (megabytes: number): string => (megabytes % 1024 === 0 ? `${megabytes / 1024} GB` : `${megabytes} MB`);

export function siteFacts(plan: SitePlan): Blocks {
  const digests = plan.parts.map(({ template }) => short(template.contentDigest)).join(", ");
  return [
    fields([
      ["Role", roleOf(plan)],
      ["VM template", plan.parts.map(templateOf).join("\n")],
      ["Each VM", plan.parts.map(sizeOf).join("\n")],
      ["Images", imagesOf(plan)],
      ["Network", networksOf(plan)],
      ["Flower", `${escaped(plan.settings.flowerVersion)}, framework ${plan.settings.framework}`],
      ["SuperLink's address", code(readableAddress(plan.endpoint))],
      ["Fingerprint of the CA", code(plan.caFingerprint)],
    ]),
    section(trafficOf(plan)),
    section(givenTo(plan)),
    ...asideOf(plan).map(section),
    context(
      `${manifestWord(plan)} ${short(plan.manifest)} · guest agent ${short(plan.agent)} · VM template content ${digests} (SHA-256)`,
    ),
  ];
}

const manifestWord = (plan: SitePlan): string =>
  deploymentKind(plan) === "vms" ? "What VMs are given" : "Service template";

/** The same in one line, for a card that need not be decided on any more. */
export function factsLine(plan: SitePlan): string {
  const { template, nics } = flowerPart(plan);
  const networks = nics.map(({ network }) => network.name);
  return `${roleOf(plan)} · VM template ${code(template.name, 80)} · network ${code(listed(networks, MOST_NAMED), 120)} · SuperLink ${code(readableAddress(plan.endpoint))}${plan.data === undefined ? "" : ` · data: ${dataOf(plan.data)}`}`;
}

function roleOf(plan: SitePlan): string {
  const role =
    plan.role === "coordinator"
      ? "Coordinator: one VM with the SuperLink"
      : `Training site: ${count(superNodesOf(plan), "SuperNode")}, one VM each`;
  return deploymentKind(plan) === "vms" ? `${role}; no OneFlow service holds them` : role;
}

const templateOf = ({ template }: Part): string => `${code(template.name, 80)} (${template.id})`;

const sizeOf = ({ template }: Part): string =>
  `${template.cpu} CPU, ${count(template.vcpu, "VCPU")}, ${size(template.memory)}`;

const short = (hex: string): string => `\`${hex.slice(0, 12)}\``;

const imageOf = ({ id, name, registeredAt }: Part["template"]["images"][number]): string =>
  `${code(name, 60)} (${id}), registered ${new Date(registeredAt * 1000).toISOString().slice(0, 10)}`;

function imagesOf({ parts }: SitePlan): string {
  const images = parts.flatMap(({ template }) => template.images);
  const shown = images.slice(0, MOST_NAMED).map(imageOf);
  const more = images.length - shown.length;
  if (more > 0) shown.push(`and ${more} more`);
  return shown.join("\n") || "none";
}

function networksOf({ parts }: SitePlan): string {
  const nics = parts.flatMap((part) => part.nics);
  const shown = nics.slice(0, MOST_NAMED).map(nicOf);
  const more = nics.length - shown.length;
  if (more > 0) shown.push(`and ${count(more, "more network card")}`);
  return shown.join("\n");
}

function nicOf({ network, address }: PlannedNic): string {
  const where = `${code(network.name, 80)} (${network.id})`;
  return address === null ? where : `${where}, address ${code(address)}`;
}

/** Values put into the VMs, beside those that every guest gets. */
function givenTo(plan: SitePlan): string {
  const { keepaliveTime, keepaliveTimeout } = plan.settings;
  const lines = [`keepalive ${keepaliveTime} s, timeout ${keepaliveTimeout} s`];
  if (plan.role === "training") {
    const config = Object.entries(plan.nodeConfig).map(([name, value]) => `${name}=${value}`);
    lines.push(config.length === 0 ? "no node configuration" : `node configuration ${code(config.join(" "), 600)}`);
    if (plan.data !== undefined) lines.push(attached(plan.data));
    lines.push("the CA certificate with the fingerprint above");
  } else {
    const keys = plan.sshKeys.map((key) => code(keyFingerprint(key)));
    lines.push(
      keys.length === 0 ? "the ssh keys of the VM template, if it has any" : `ssh keys for runs: ${listed(keys, 8)}`,
    );
  }
  return `*Values put in.* ${lines.join("; ")}.`;
}

/** What other organisations' code can read, and where. */
const attached = (data: AttachedData): string => `data: ${dataOf(data)}, to be read by apps at ${code(DATA_SHOWN_AT)}`;

const dataOf = (data: AttachedData): string =>
  data.kind === "folder"
    ? `the folder ${code(data.path, 300)} of each VM`
    : `a disk of the image ${imageOf(data.image)}, for each VM`;

/** What is different from the VM template as its owner knows it; nothing where it is taken as it is. */
function asideOf({ aside }: SitePlan): readonly string[] {
  if (aside === undefined) return [];
  const { droppedCards, keptCards, startScriptReplaced } = aside;
  const sentences = [
    ...(droppedCards.length === 0
      ? []
      : [`Its further network cards (NICs) go, so the VMs do not reach: ${cardNames(droppedCards)}.`]),
    ...(keptCards.length === 0
      ? []
      : [`Its PCI network cards (NICs) stay beside the one named above: ${cardNames(keptCards)}.`]),
    ...(startScriptReplaced ? ["Its own start script does not run: the guest agent runs in its place."] : []),
  ];
  return [`${MARK.warning} *Different from the VM template.* ${sentences.join(" ")}`];
}

const cardNames = (networks: readonly string[]): string =>
  listed(
    networks.map((network) => code(network, 60)),
    MOST_NAMED,
  );

/** As `ssh-keygen -l` prints it, with the key's type. */
export function keyFingerprint(publicKey: string): string {
  const [type = "", body = ""] = publicKey.split(" ");
  const hash = createHash("sha256").update(Buffer.from(body, "base64")).digest("base64").replace(/=+$/, "");
  return `${clip(type, 40)} SHA256:${hash}`;
}
