/** Making a VM that no service holds. */
import { ZoneError } from "../federation/model/zone-facts.ts";
import type { VmOrder } from "../federation/proposing/manifest.ts";
import { parseContext, parseTemplate } from "./parse/template.ts";
import { vectorText } from "./template-text.ts";
import type { XmlRpc } from "./xmlrpc.ts";

const HOLD = false;
const PERSISTENT = false;

/**
 * The new VM's number. oned puts an order's CONTEXT in the place of the template's whole CONTEXT, where OneFlow merges
 * the two: so the template is read, merged and written, and it has to be the one that was approved.
 */
export async function createVm(oned: XmlRpc, zone: string, order: VmOrder): Promise<number> {
  const xml = await oned.read("one.template.info", order.templateId, false, false);
  if (parseTemplate(xml).contentDigest !== order.contentDigest) {
    throw new ZoneError(
      "invalid",
      `VM template ${order.templateId} of zone ${zone} was changed after it was approved, so no VM was made of it. Retry the site: its owners are shown what has changed.`,
    );
  }
  const context = vectorText("CONTEXT", { ...parseContext(xml), ...order.context });
  const nics = order.nics.map((nic) => vectorText("NIC", { ...nic }));
  return oned.make(
    "one.template.instantiate",
    order.templateId,
    order.name,
    HOLD,
    [context, ...nics].join(""),
    PERSISTENT,
  );
}
