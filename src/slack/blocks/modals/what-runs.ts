/** What runs in a zone, or would run, exactly, for its owners only: templates, CONTEXT, manifest, agent. Pure. */

import type { ModalView } from "@slack/types";
import type { Digest } from "../../../federation/model/identity.ts";
import type { Manifest, ManifestLibrary } from "../../../federation/model/manifests.ts";
import { deploymentKind, type SitePlan, vmsOf } from "../../../federation/model/plan.ts";
import { authorityOf, type Federation, type Site } from "../../../federation/model/state.ts";
import {
  attemptTag,
  type RoleOrder,
  type ServiceOrder,
  serviceOrder,
  serviceTemplateFor,
  vmOrder,
} from "../../../federation/proposing/manifest.ts";
import { CONTEXT } from "../../../guest-protocol/names.ts";
import { type Blocks, fitting, section } from "../elements.ts";
import { MARK } from "../marks.ts";
import { codeBlock } from "../mrkdwn.ts";
import { siteFacts } from "../site-facts.ts";
import { message } from "./modal.ts";

/** One version: what is shown, and the digest that is printed, are of this one. */
interface Version {
  readonly plan: SitePlan;
  readonly digest: Digest;
  /** FL_ATTEMPT of what runs; null for what would run. */
  readonly tag?: string | null;
}

const MOST_BLOCKS = 98;

export function whatRuns(
  federation: Federation,
  site: Site,
  version: Version,
  manifests: Pick<ManifestLibrary, "find">,
): ModalView {
  const { plan, digest } = version;
  const manifest = manifests.find(plan.manifest);
  const shown = [
    ...siteFacts(plan),
    ...(manifest === undefined ? [NOT_KEPT] : manifestBlocks(federation, site, version, manifest)),
    ...listing("Images", imagesOf(plan)),
    ...listing("ssh keys for runs", plan.sshKeys.join("\n") || "none"),
  ];
  return message(version.tag === undefined ? "See what is asked" : "See what runs", [
    ...fitting(shown, MOST_BLOCKS),
    section(
      `*Digest of this version*\n\`${digest}\`\nAn approval is bound to it: whatever of the above changes voids the approval.`,
    ),
  ]);
}

const NOT_KEPT = section(
  `${MARK.warning} The service template and the guest agent of this version are not kept any more, so they cannot be shown. What is above is the rest of what was approved.`,
);

function manifestBlocks(
  federation: Federation,
  site: Site,
  { plan, digest, tag }: Version,
  manifest: Manifest,
): Blocks {
  const attempt = tag ?? attemptTag(federation.id, plan, digest, site.sequences + 1);
  const order = serviceOrder(plan, manifest, attempt, authorityOf(federation, plan)?.certificate ?? "");
  if (deploymentKind(plan) === "vms") return loneVmBlocks(plan, order, manifest);
  const inputs = withoutCertificate(order.userInputs, plan.caFingerprint);
  return [
    ...listing("What is filled into the service template", JSON.stringify(inputs, null, 2)),
    ...order.roles.flatMap((role) => [
      ...listing(`What is added to CONTEXT of each ${role.name}`, JSON.stringify(role.context, null, 2)),
      ...cardsAndDisks(role),
    ]),
    ...listing(
      "The service template",
      withoutAgent(JSON.stringify(serviceTemplateFor(plan, manifest), null, 2), manifest),
    ),
  ];
}

/** No service holds them: each is made of the VM template, with this in its CONTEXT beside what that says itself. */
function loneVmBlocks(plan: SitePlan, order: ServiceOrder, manifest: Manifest): Blocks {
  const orders = Array.from({ length: vmsOf(plan) }, (_, index) => vmOrder(plan, order, manifest, index + 1));
  const kinds = [...new Map(orders.map((one) => [one.context[CONTEXT.role], one])).values()];
  return [
    ...listing("The VMs", orders.map(({ name }) => name).join("\n")),
    ...kinds.flatMap((one) => [
      ...listing(
        `What is put over the CONTEXT of the VM template of each ${one.context[CONTEXT.role]}`,
        withoutAgent(JSON.stringify(withoutCertificate(one.context, plan.caFingerprint), null, 2), manifest),
      ),
      ...cardsAndDisks(one),
    ]),
  ];
}

const cardsAndDisks = ({ nics, disks }: Pick<RoleOrder, "nics" | "disks">): Blocks => [
  ...listing("The network cards", JSON.stringify(nics, null, 2)),
  ...(disks.length === 0 ? [] : listing("The disk beside those of the VM template", JSON.stringify(disks, null, 2))),
];

const imagesOf = ({ parts }: SitePlan): string =>
  parts
    .flatMap(({ template }) => template.images)
    .map(({ id, name, registeredAt }) => `${id} ${name} ${registeredAt}`)
    .join("\n");

/** The certificate itself is told after the approval; before, its fingerprint stands for it. */
const withoutCertificate = (inputs: Readonly<Record<string, string>>, fingerprint: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [
      name,
      name === CONTEXT.caCertificate ? `the CA certificate with fingerprint ${fingerprint}` : value,
    ]),
  );

const withoutAgent = (text: string, { agent }: Manifest): string =>
  text.replaceAll(agent.base64, `the guest agent, packed from the source with SHA-256 ${agent.sha256}`);

/** Blocks of one long text. */
const MOST_PARTS = 20;

/** Long text in as many blocks as it needs. */
function listing(title: string, text: string): Blocks {
  const parts = text.match(/[\s\S]{1,2400}/g) ?? [" "];
  const shown = parts.map((part, nth) => section(`${nth === 0 ? `*${title}*\n` : ""}${codeBlock(part, 2600)}`));
  return fitting(shown, MOST_PARTS);
}
