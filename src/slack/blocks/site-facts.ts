/** What would run in a zone, as its owners read it before they decide. For that zone's eyes only. */
import { createHash } from "node:crypto";
import type { SitePlan } from "../../federation/model/plan.ts";
import { type Blocks, context, fields, section } from "./elements.ts";
import { clip, code, count, escaped } from "./mrkdwn.ts";

const size = (megabytes: number): string => (megabytes % 1024 === 0 ? `${megabytes / 1024} GB` : `${megabytes} MB`);

export function siteFacts(plan: SitePlan): Blocks {
  return [
    fields([
      [
        "Role",
        plan.role === "coordinator"
          ? "Coordinator: one VM with the SuperLink"
          : `Training site: ${count(plan.vms, "SuperNode")}, one VM each`,
      ],
      ["VM template", `${code(plan.template.name, 80)} (${plan.template.id})`],
      ["Each VM", `${plan.template.cpu} CPU, ${count(plan.template.vcpu, "VCPU")}, ${size(plan.template.memory)}`],
      ["Images", imagesOf(plan)],
      ["Network", networkOf(plan)],
      ["Flower", `${escaped(plan.settings.flowerVersion)}, framework ${plan.settings.framework}`],
      ["SuperLink's address", code(`${plan.dialled.host}:${plan.dialled.port}`)],
      ["Fingerprint of the CA", code(plan.caFingerprint)],
    ]),
    section(trafficOf(plan)),
    section(givenTo(plan)),
    context(
      `Service template ${short(plan.manifest)} · guest agent ${short(plan.agent)} · VM template content ${short(plan.template.contentDigest)} (SHA-256)`,
    ),
  ];
}

const short = (hex: string): string => `\`${hex.slice(0, 12)}\``;

function imagesOf(plan: SitePlan): string {
  const shown = plan.template.images.slice(0, 5).map(({ id, name, registeredAt }) => {
    const made = new Date(registeredAt * 1000).toISOString().slice(0, 10);
    return `${code(name, 60)} (${id}), registered ${made}`;
  });
  const more = plan.template.images.length - shown.length;
  if (more > 0) shown.push(`and ${more} more`);
  return shown.join("\n") || "none";
}

function networkOf({ network }: SitePlan): string {
  const where = `${code(network.name, 80)} (${network.id})`;
  return network.address === null ? where : `${where}, address ${code(network.address)}`;
}

function trafficOf(plan: SitePlan): string {
  return plan.role === "coordinator"
    ? `*Traffic.* The SuperLink listens on port ${plan.dialled.port} for the training sites, over TLS. Its Control API listens on the VM's loopback only.`
    : `*Traffic.* Each SuperNode opens one connection to ${code(`${plan.dialled.host}:${plan.dialled.port}`)}, over TLS. Nothing listens here.`;
}

/** Values put into the VMs, beside those that every guest gets. */
function givenTo(plan: SitePlan): string {
  const { keepaliveTime, keepaliveTimeout } = plan.settings;
  const lines = [`keepalive ${keepaliveTime} s, timeout ${keepaliveTimeout} s`];
  if (plan.role === "training") {
    const config = Object.entries(plan.nodeConfig).map(([name, value]) => `${name}=${value}`);
    lines.push(config.length === 0 ? "no node configuration" : `node configuration ${code(config.join(" "), 600)}`);
    lines.push("the CA certificate with the fingerprint above");
  } else {
    lines.push(
      plan.sshKeys.length === 0
        ? "the ssh keys of the VM template, if it has any"
        : `ssh keys for runs: ${plan.sshKeys
            .slice(0, 8)
            .map((key) => code(keyFingerprint(key)))
            .join(", ")}`,
    );
  }
  return `*Values put in.* ${lines.join("; ")}.`;
}

/** As `ssh-keygen -l` prints it, with the key's type. */
export function keyFingerprint(publicKey: string): string {
  const [type = "", body = ""] = publicKey.split(" ");
  const hash = createHash("sha256").update(Buffer.from(body, "base64")).digest("base64").replace(/=+$/, "");
  return `${clip(type, 40)} SHA256:${hash}`;
}
