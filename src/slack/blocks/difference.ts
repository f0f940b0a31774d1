/** Just what is different between two versions of a site's plan. */
import type { SitePlan } from "../../federation/model/plan.ts";
import { code } from "./mrkdwn.ts";

type Facet = readonly [label: string, of: (plan: SitePlan) => string];

const FACETS: readonly Facet[] = [
  ["VM template", ({ template }) => `${template.name} (${template.id})`],
  ["Content of the VM template", ({ template }) => template.contentDigest.slice(0, 12)],
  ["Size of each VM", ({ template }) => `${template.cpu} CPU, ${template.vcpu} VCPU, ${template.memory} MB`],
  [
    "Images",
    ({ template }) =>
      template.images
        .map((image) => `${image.name} (${image.id}), registered ${new Date(image.registeredAt * 1000).toISOString()}`)
        .join("; "),
  ],
  [
    "Network card",
    ({ template }) =>
      `model ${template.model ?? "as the zone has it"}, security groups ${template.securityGroups ?? "as the zone has them"}`,
  ],
  ["Network", ({ network }) => `${network.name} (${network.id})`],
  ["Address on the network", ({ network }) => network.address ?? "any"],
  ["SuperNodes", (plan) => (plan.role === "training" ? String(plan.vms) : "none")],
  ["SuperLink's address", ({ dialled }) => `${dialled.host}:${dialled.port}`],
  ["Fingerprint of the CA", ({ caFingerprint }) => caFingerprint],
  ["Flower", ({ settings }) => `${settings.flowerVersion}, framework ${settings.framework}`],
  ["Keepalive", ({ settings }) => `${settings.keepaliveTime} s, timeout ${settings.keepaliveTimeout} s`],
  [
    "Node configuration",
    ({ nodeConfig }) =>
      Object.entries(nodeConfig)
        .map(([name, value]) => `${name}=${value}`)
        .join(" ") || "none",
  ],
  ["ssh keys for runs", ({ sshKeys }) => sshKeys.map((key) => key.slice(0, 60)).join("; ") || "none"],
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
