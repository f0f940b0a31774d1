import { cdataElement, element, emptyElement, idsElement, textElement } from "../xml.ts";
import { attributesXml } from "./attributes.ts";
import { lastIp, leasesOf, macOf } from "./leases.ts";
import {
  headXml,
  type Image,
  type Lease,
  type Network,
  type NetworkTemplate,
  permissionsXml,
  type VmTemplate,
} from "./objects.ts";
import type { VirtualMachine } from "./virtual-machine.ts";

export function templateXml(template: VmTemplate): string {
  return element(
    "VMTEMPLATE",
    headXml(template),
    permissionsXml(template.permissions),
    textElement("REGTIME", template.registered),
    element("TEMPLATE", attributesXml(template.attributes)),
  );
}

export function networkTemplateXml(template: NetworkTemplate): string {
  return element(
    "VNTEMPLATE",
    headXml(template),
    permissionsXml(template.permissions),
    textElement("REGTIME", template.registered),
    element("TEMPLATE", attributesXml(template.attributes)),
  );
}

/** One VM with a disk of a ready image makes it USED. */
export function imageStateNumber(image: Image, users: readonly VirtualMachine[]): number {
  return imageStates[image.state === "ready" && users.length > 0 ? "used" : image.state];
}

const imageStates = { ready: 1, used: 2, disabled: 3, locked: 4, error: 5 } as const;

const IMAGE_TYPES = { OS: 0, CDROM: 1, DATABLOCK: 2 } as const;

/** `users` are the living VMs with a disk of this image. */
export function imageXml(image: Image, users: readonly VirtualMachine[]): string {
  const state = imageStateNumber(image, users);
  const lock =
    image.lockedBy === undefined
      ? ""
      : element(
          "LOCK",
          textElement("LOCKED", 1),
          textElement("OWNER", image.lockedBy),
          textElement("TIME", image.modified),
          textElement("REQ_ID", 0),
        );
  return element(
    "IMAGE",
    headXml(image),
    lock,
    permissionsXml(image.permissions),
    textElement("TYPE", IMAGE_TYPES[image.type]),
    textElement("DISK_TYPE", 0),
    textElement("PERSISTENT", image.persistent ? 1 : 0),
    textElement("REGTIME", image.registered),
    textElement("MODTIME", image.modified),
    cdataElement("SOURCE", image.state === "locked" ? "" : "dummy_path"),
    cdataElement("PATH", "/dev/null"),
    cdataElement("FORMAT", image.state === "locked" ? "" : "dummy_format"),
    cdataElement("FS", ""),
    textElement("SIZE", image.sizeMb),
    textElement("STATE", state),
    textElement("PREV_STATE", image.state === "locked" ? 0 : state),
    textElement("RUNNING_VMS", users.length),
    textElement("CLONING_OPS", 0),
    textElement("CLONING_ID", -1),
    textElement("TARGET_SNAPSHOT", -1),
    textElement("DATASTORE_ID", 1),
    textElement("DATASTORE", "default"),
    idsElement(
      "VMS",
      users.map(({ id }) => id),
    ),
    element("CLONES"),
    element("APP_CLONES"),
    element("TEMPLATE", attributesXml(image.attributes)),
    element(
      "SNAPSHOTS",
      cdataElement("ALLOW_ORPHANS", "NO"),
      cdataElement("CURRENT_BASE", -1),
      cdataElement("NEXT_SNAPSHOT", 0),
    ),
    element("BACKUP_INCREMENTS"),
    element("BACKUP_DISK_IDS"),
  );
}

/** In `one.vn.info` those leases that the user may see; in `one.vnpool.info` the numbers of all. */
type NetworkView = "pool" | { readonly shows: (lease: Lease) => boolean };

/** How many addresses are gone is told in any case. */
export function networkXml(network: Network, view: NetworkView): string {
  const leases = leasesOf(network);
  const vms = leases.filter(({ vmId }) => vmId >= 0).map(({ vmId }) => vmId);
  return element(
    "VNET",
    headXml(network),
    permissionsXml(network.permissions),
    idsElement("CLUSTERS", [0]),
    cdataElement("BRIDGE", network.bridge),
    cdataElement("BRIDGE_TYPE", "linux"),
    cdataElement("STATE", 1),
    cdataElement("PREV_STATE", 1),
    network.parent === undefined ? emptyElement("PARENT_NETWORK_ID") : textElement("PARENT_NETWORK_ID", network.parent),
    emptyElement("TEMPLATE_ID"),
    cdataElement("VN_MAD", "dummy"),
    emptyElement("PHYDEV"),
    emptyElement("VLAN_ID"),
    emptyElement("OUTER_VLAN_ID"),
    textElement("VLAN_ID_AUTOMATIC", 0),
    textElement("OUTER_VLAN_ID_AUTOMATIC", 0),
    textElement("USED_LEASES", leases.length),
    element("VROUTERS"),
    idsElement(
      "UPDATED_VMS",
      [...new Set(vms)].sort((a, b) => a - b),
    ),
    element("OUTDATED_VMS"),
    element("UPDATING_VMS"),
    element("ERROR_VMS"),
    networkTemplate(network),
    element(
      "AR_POOL",
      view === "pool" ? element("AR", allocated(network), rangeHead(network)) : fullRange(network, view.shows),
    ),
  );
}

function networkTemplate(network: Network): string {
  return element(
    "TEMPLATE",
    cdataElement("BRIDGE", network.bridge),
    cdataElement("BRIDGE_TYPE", "linux"),
    cdataElement("DNS", network.dns),
    cdataElement("GATEWAY", network.gateway),
    cdataElement("NETWORK_ADDRESS", network.networkAddress),
    cdataElement("NETWORK_MASK", network.mask),
    cdataElement("OUTER_VLAN_ID", ""),
    cdataElement("PHYDEV", ""),
    cdataElement("SECURITY_GROUPS", 0),
    cdataElement("VLAN_ID", ""),
    cdataElement("VN_MAD", "dummy"),
  );
}

function rangeHead(network: Network): string {
  return (
    cdataElement("AR_ID", 0) +
    cdataElement("IP", network.firstIp) +
    cdataElement("MAC", macOf(network.firstIp)) +
    cdataElement("NEXT_INDEX", network.nextIndex) +
    (network.parent === undefined ? "" : cdataElement("PARENT_NETWORK_AR_ID", 0)) +
    cdataElement("SHARED", "NO") +
    cdataElement("SIZE", network.size) +
    cdataElement("TYPE", "IP4")
  );
}

function fullRange(network: Network, shows: (lease: Lease) => boolean): string {
  const all = leasesOf(network);
  const leases = all.filter(shows).map(({ ip, vmId, networkId }) => {
    const owner = networkId === undefined ? cdataElement("VM", vmId) : cdataElement("VNET", networkId);
    return element("LEASE", cdataElement("IP", ip), cdataElement("MAC", macOf(ip)), owner);
  });
  return element(
    "AR",
    rangeHead(network),
    cdataElement("MAC_END", macOf(lastIp(network))),
    cdataElement("IP_END", lastIp(network)),
    textElement("USED_LEASES", all.length),
    leases.length === 0 ? emptyElement("LEASES") : element("LEASES", ...leases),
  );
}

/**
 * Pairs of index and owner, for everybody; missing until the first address is taken. The owner's kind stands in the
 * upper 32 bits; nobody, on hold, is -1.
 */
function allocated(network: Network): string {
  const ofVm = 0x10 * 2 ** 32;
  const ofNetwork = 0x40 * 2 ** 32;
  const pairs = [...network.leases]
    .sort(([a], [b]) => a - b)
    .map(([index, { vmId, networkId }]) => {
      const owner = networkId === undefined ? ofVm + (vmId >>> 0) : ofNetwork + networkId;
      return ` ${index} ${owner}`;
    });
  return network.nextIndex === 0 && pairs.length === 0 ? "" : cdataElement("ALLOCATED", pairs.join(""));
}
