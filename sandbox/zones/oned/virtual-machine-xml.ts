import { cdataElement, element, emptyElement, textElement } from "../xml.ts";
import { type Attributes, attributesXml, textOf, type Vector, vectorsOf, vectorXml } from "./attributes.ts";
import { headXml, permissionsXml } from "./objects.ts";
import { type History, phases, type VirtualMachine } from "./virtual-machine.ts";

/** As `one.vm.info`, `one.vmpool.infoextended` and `one.vmpool.infoset(ids, true)` write it. */
export function fullVmXml(vm: VirtualMachine): string {
  const { state, lcm } = phases[vm.phase];
  return element(
    "VM",
    headXml(vm),
    permissionsXml(vm.permissions),
    textElement("LAST_POLL", 0),
    textElement("STATE", state),
    textElement("LCM_STATE", lcm),
    textElement("PREV_STATE", state),
    textElement("PREV_LCM_STATE", lcm),
    timesXml(vm),
    element("MONITORING"),
    element("SCHED_ACTIONS"),
    element("TEMPLATE", attributesXml(vm.attributes)),
    element("USER_TEMPLATE", attributesXml(vm.userTemplate)),
    records(vm.history.map((record) => fullHistory(vm, record))),
    element("BACKUPS", emptyElement("BACKUP_CONFIG"), element("BACKUP_IDS")),
  );
}

/** As `one.vmpool.info` writes it: no CONTEXT, and of USER_TEMPLATE only what the scheduler left. */
export function shortVmXml(vm: VirtualMachine): string {
  const { state, lcm } = phases[vm.phase];
  const scheduled: Attributes = new Map([...vm.userTemplate].filter(([name]) => name.startsWith("SCHED_")));
  return element(
    "VM",
    headXml(vm),
    textElement("LAST_POLL", 0),
    textElement("STATE", state),
    textElement("LCM_STATE", lcm),
    timesXml(vm),
    element("TEMPLATE", shortTemplate(vm.attributes)),
    emptyElement("MONITORING"),
    element("USER_TEMPLATE", attributesXml(scheduled)),
    records(vm.history.slice(-1).map((record) => shortHistory(vm, record))),
  );
}

function timesXml(vm: VirtualMachine): string {
  return (
    textElement("RESCHED", 0) +
    textElement("STIME", vm.start) +
    textElement("ETIME", vm.end) +
    textElement("DEPLOY_ID", vm.deployId)
  );
}

const shortDisk = [
  "DISK_ID",
  "DATASTORE",
  "DATASTORE_ID",
  "IMAGE",
  "IMAGE_ID",
  "SIZE",
  "TYPE",
  "CLONE",
  "CLONE_TARGET",
  "LN_TARGET",
  "DISK_SNAPSHOT_TOTAL_SIZE",
];
const shortNic = ["IP", "MAC", "NETWORK", "NETWORK_ID", "NIC_ID", "SECURITY_GROUPS"];

function shortTemplate(attributes: Attributes): string {
  const plain = ["CPU", "MEMORY", "VCPU"].flatMap((name) => {
    const value = textOf(attributes, name);
    return value === undefined ? [] : [textElement(name, value)];
  });
  return [
    ...plain,
    ...vectorsOf(attributes, "DISK").map((disk) => selected("DISK", disk, shortDisk)),
    ...vectorsOf(attributes, "NIC").map((nic) => selected("NIC", nic, shortNic)),
    ...vectorsOf(attributes, "GRAPHICS").map((graphics) => vectorXml("GRAPHICS", graphics)),
  ].join("");
}

function selected(name: string, vector: Vector, keys: readonly string[]): string {
  return element(
    name,
    ...keys.flatMap((key) => {
      const value = vector.get(key);
      return value === undefined ? [] : [cdataElement(key, value)];
    }),
  );
}

function records(histories: readonly string[]): string {
  return histories.length === 0 ? emptyElement("HISTORY_RECORDS") : element("HISTORY_RECORDS", ...histories);
}

function fullHistory(vm: VirtualMachine, record: History): string {
  return element(
    "HISTORY",
    textElement("OID", vm.id),
    textElement("SEQ", record.sequence),
    textElement("HOSTNAME", record.hostName),
    textElement("HID", record.hostId),
    textElement("CID", 0),
    textElement("STIME", record.start),
    textElement("ETIME", record.end),
    cdataElement("VM_MAD", "dummy"),
    cdataElement("TM_MAD", "dummy"),
    textElement("DS_ID", 0),
    textElement("PLAN_ID", -1),
    textElement("ACTION_ID", 0),
    textElement("PSTIME", record.prologStart),
    textElement("PETIME", record.prologEnd),
    textElement("RSTIME", record.runningStart),
    textElement("RETIME", record.runningEnd),
    textElement("ESTIME", record.epilogStart),
    textElement("EETIME", record.epilogEnd),
    textElement("ACTION", record.action),
    textElement("UID", record.uid),
    textElement("GID", record.gid),
    textElement("REQUEST_ID", record.requestId),
  );
}

function shortHistory(vm: VirtualMachine, record: History): string {
  return element(
    "HISTORY",
    textElement("OID", vm.id),
    textElement("SEQ", record.sequence),
    cdataElement("HOSTNAME", record.hostName),
    textElement("HID", record.hostId),
    textElement("CID", 0),
    textElement("DS_ID", 0),
    cdataElement("VM_MAD", "dummy"),
    cdataElement("TM_MAD", "dummy"),
    cdataElement("ACTION", record.action),
  );
}
