/** Every call that the bot makes to a zone, and what the zone answers when nothing is wrong. */
import { parseTemplate } from "../../src/opennebula/parse/template.ts";
import type { OpenZone } from "../../src/opennebula/zone.ts";
import { type Asked, type Reply, success } from "./daemons.ts";
import { recordedValue, recording } from "./recording.ts";

const USUAL: Readonly<Record<string, string>> = {
  "one.system.version": "xmlrpc.system.version",
  "one.system.config": "xmlrpc.system.config",
  "one.zone.info": "xmlrpc.zone.info",
  "one.user.info": "xmlrpc.user.info-self",
  "one.group.info": "xmlrpc.group.info-own",
  "one.template.info": "xmlrpc.template.info-superlink-extended",
  "one.template.instantiate": "xmlrpc.template.instantiate",
  "one.templatepool.info": "xmlrpc.templatepool.info-usable",
  "one.image.info": "xmlrpc.image.info",
  "one.vn.info": "xmlrpc.vn.info",
  "one.vnpool.info": "xmlrpc.vnpool.info-usable",
  "one.documentpool.info": "xmlrpc.documentpool.info-services",
  "one.document.info": "xmlrpc.document.info-service",
  "one.vmpool.info": "xmlrpc.vmpool.info-mine-active",
  "one.vmpool.infoextended": "xmlrpc.vmpool.infoextended",
  "one.vmpool.infoset": "xmlrpc.vmpool.infoset-extended",
  "one.vm.info": "xmlrpc.vm.info-running",
  "one.vm.action": "xmlrpc.error-vm.action-wrong-state",
  "GET /service/2147483647": "oneflow.error-404-no-service",
  "POST /service_template": "oneflow.service_template.create",
  "POST /service_template/0/action": "oneflow.service.instantiate",
  "DELETE /service/7": "oneflow.error-delete-while-COOLDOWN",
  "POST /service/7/action": "oneflow.service.recover-delete",
};

/** What changes the zone. */
export const CHANGING: ReadonlySet<string> = new Set([
  "one.vm.action",
  "one.vm.update",
  "one.template.instantiate",
  "POST /service_template",
  "POST /service_template/0/action",
  "DELETE /service/7",
  "POST /service/7/action",
]);

export function usualAnswer({ what }: Asked, instead: Instead): Reply {
  const other = instead[what];
  if (other !== undefined) return other;
  const name = USUAL[what];
  if (name === undefined) return success(1);
  const { status, body } = recording(name).response;
  return { status, body };
}

export type Instead = Readonly<Record<string, Reply>>;

/** A page that cannot be read whole: VMs are then asked for one by one. */
const SPOILT_PAGE: Instead = { "one.vmpool.infoextended": success("<VM_POOL><VM/></VM_POOL>") };

/** Every call of the port; what the zone itself answers otherwise than usual. */
export const CALLS: readonly (readonly [
  name: string,
  call: (zone: OpenZone) => Promise<unknown>,
  instead?: Instead,
])[] = [
  ["account", (zone) => zone.account()],
  ["services", (zone) => zone.services()],
  ["vms", (zone) => zone.vms()],
  ["vms, one by one", (zone) => zone.vms(), SPOILT_PAGE],
  ["snapshot", (zone) => zone.snapshot()],
  ["survey", (zone) => zone.survey({ template: "Flower SuperLink", network: "fl-net" })],
  ["service", (zone) => zone.service(7)],
  ["vmState", (zone) => zone.vmState(7)],
  ["serviceTemplates", (zone) => zone.serviceTemplates("Flower coordinator")],
  ["registerServiceTemplate", (zone) => zone.registerServiceTemplate({ name: "Flower coordinator" })],
  ["instantiate", (zone) => zone.instantiate(0, ORDER)],
  ["createVm", (zone) => zone.createVm(VM_ORDER)],
  ["removeService", (zone) => zone.removeService(7)],
  ["terminateVm", (zone) => zone.terminateVm(7)],
  ["reboot", (zone) => zone.reboot(7, "restart")],
  ["publish", (zone) => zone.publish(7, { FL_ADMIT: "1" })],
];
const VM_ORDER = {
  name: "florist-demo-zone-a-1",
  templateId: 0,
  contentDigest: parseTemplate(recordedValue("xmlrpc.template.info-superlink-extended")).contentDigest,
  context: {},
  nics: [],
  disks: [],
};
const ORDER = {
  name: "florist demo",
  userInputs: {},
  roles: [{ name: "superlink", cardinality: 1, context: {}, nics: [] }],
};
