/** Making a VM that no service holds, and what VMs of either kind have beside what their template says. */
import { ZoneError } from "../federation/model/zone-facts.ts";
import type { AddedDisks } from "../federation/ports.ts";
import type { DiskOrder, VmOrder } from "../federation/proposing/manifest.ts";
import { type DiskEntries, parseContext, parseDiskEntries, parseTemplate } from "./parse/template.ts";
import { vectorText } from "./template-text.ts";
import type { Reading, XmlRpc } from "./xmlrpc.ts";

const HOLD = false;
const PERSISTENT = false;

/**
 * The new VM's number. oned puts an order's CONTEXT and DISKs in the place of all that the template has, where OneFlow
 * merges CONTEXT: so the template is read, merged and written, and it has to be the one that was approved.
 */
export async function createVm(oned: XmlRpc, zone: string, order: VmOrder): Promise<number> {
  const xml = await approvedTemplate(oned, zone, { id: order.templateId, contentDigest: order.contentDigest });
  const context = vectorText("CONTEXT", { ...parseContext(xml), ...order.context });
  const nics = order.nics.map((nic) => vectorText("NIC", { ...nic }));
  const disks = disksWith(xml, order.disks).map((disk) => vectorText("DISK", disk));
  return oned.make(
    "one.template.instantiate",
    order.templateId,
    order.name,
    HOLD,
    [context, ...nics, ...disks].join(""),
    PERSISTENT,
  );
}

/** The DISKs of a role's VMs, the template's own among them. */
export async function disksOfService(
  oned: Reading,
  zone: string,
  { template, disks }: AddedDisks,
): Promise<readonly DiskEntries[]> {
  const all = disksWith(await approvedTemplate(oned, zone, template), disks);
  // OneFlow makes text of it again, and escapes nothing.
  if (all.some((disk) => Object.values(disk).some((value) => /["\\]/.test(value)))) {
    throw new ZoneError(
      "invalid",
      `A DISK of VM template ${template.id} of zone ${zone} has a quote or a backslash, which OneFlow would not hand on as it is. Change it in the VM template.`,
    );
  }
  return all;
}

const disksWith = (xml: string, disks: readonly DiskOrder[]): readonly DiskEntries[] =>
  disks.length === 0 ? [] : [...parseDiskEntries(xml), ...disks.map((disk) => ({ ...disk }))];

async function approvedTemplate(
  oned: Reading,
  zone: string,
  { id, contentDigest }: AddedDisks["template"],
): Promise<string> {
  const xml = await oned.read("one.template.info", id, false, false);
  if (parseTemplate(xml).contentDigest !== contentDigest) {
    throw new ZoneError(
      "invalid",
      `VM template ${id} of zone ${zone} was changed after it was approved, so no VM was made of it. Retry the site: its owners are shown what has changed.`,
    );
  }
  return xml;
}
