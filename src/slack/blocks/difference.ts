/** Just what is different between two versions of a site's plan. */

import { readableAddress } from "../../federation/model/ipv6.ts";
import {
  deploymentKind,
  type Part,
  type PlannedNic,
  type SitePlan,
  superNodesOf,
} from "../../federation/model/plan.ts";
import { code } from "./mrkdwn.ts";
import { linkWords } from "./tunnel-words.ts";

type Facet = readonly [label: string, of: (plan: SitePlan) => string];

const ofParts =
  (of: (part: Part) => string): Facet[1] =>
  ({ parts }) =>
    parts.map(of).join("; ");
const ofNics = (of: (nic: PlannedNic) => string): Facet[1] => ofParts(({ nics }) => nics.map(of).join(", "));

/** A SuperNode is a VM each; how many VMs anything else has is told with its name. */
const otherParts = ({ parts }: SitePlan): string =>
  parts.flatMap(({ name, vms }) => (name === "supernode" ? [] : [`${vms} ${name}`])).join("; ") || "none";

function dataOf({ data }: SitePlan): string {
  if (data === undefined) return "none attached";
  if (data.kind === "folder") return `the folder ${data.path}`;
  const { name, id, registeredAt } = data.image;
  return `a disk of ${name} (${id}), registered ${new Date(registeredAt * 1000).toISOString()}`;
}

const FACETS: readonly Facet[] = [
  ["Deployed as", (plan) => (deploymentKind(plan) === "vms" ? "VMs of their own" : "a OneFlow service")],
  ["SuperNodes", (plan) => String(superNodesOf(plan))],
  ["Other parts", otherParts],
  ["VM template", ofParts(({ template }) => `${template.name} (${template.id})`)],
  ["Content of the VM template", ofParts(({ template }) => template.contentDigest.slice(0, 12))],
  ["Size of each VM", ofParts(({ template }) => `${template.cpu} CPU, ${template.vcpu} VCPU, ${template.memory} MB`)],
  [
    "Images",
    ofParts(({ template }) =>
      template.images
        .map((image) => `${image.name} (${image.id}), registered ${new Date(image.registeredAt * 1000).toISOString()}`)
        .join("; "),
    ),
  ],
  [
    "Network card",
    ofNics(
      ({ model, securityGroups }) =>
        `model ${model ?? "as the zone has it"}, security groups ${securityGroups ?? "as the zone has them"}`,
    ),
  ],
  ["Network", ofNics(({ network }) => `${network.name} (${network.id})`)],
  ["Address on the network", ofNics(({ address }) => address ?? "any")],
  ["How traffic crosses", linkWords],
  ["SuperLink's address", ({ endpoint }) => readableAddress(endpoint)],
  ["Fingerprint of the CA", ({ caFingerprint }) => caFingerprint],
  ["What it is for", ({ purpose }) => purpose ?? "not said"],
  ["Last day", ({ until }) => until ?? "none"],
  ["Flower", ({ settings }) => `${settings.flowerVersion}, framework ${settings.framework}`],
  ["Keepalive", ({ settings }) => `${settings.keepaliveTime} s, timeout ${settings.keepaliveTimeout} s`],
  [
    "Node configuration",
    ({ nodeConfig }) =>
      Object.entries(nodeConfig)
        .map(([name, value]) => `${name}=${value}`)
        .join(" ") || "none",
  ],
  ["Data", dataOf],
  ["ssh keys for runs", ({ sshKeys }) => sshKeys.map((key) => key.slice(0, 60)).join("; ") || "none"],
  ["Further network cards that go", ({ aside }) => aside?.droppedCards.join(", ") || "none"],
  ["PCI network cards that stay", ({ aside }) => aside?.keptCards.join(", ") || "none"],
  ["The template's own start script", ({ aside }) => (aside?.startScriptReplaced ? "does not run" : "it has none")],
  ["Service template", ({ manifest }) => manifest.slice(0, 12)],
  ["Guest agent", ({ agent }) => agent.slice(0, 12)],
];

/** One line per facet that changed, old value first. */
export function differences(before: SitePlan, after: SitePlan): string {
  const lines = FACETS.flatMap(([label, of]) => {
    const [was, is] = [of(before), of(after)];
    return was === is ? [] : [`• ${label}: ${code(was, 120)} → ${code(is, 120)}`];
  });
  return lines.join("\n") || "Nothing that is shown here changed.";
}
