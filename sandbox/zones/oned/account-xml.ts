import { cdataElement, element, idsElement, textElement } from "../xml.ts";
import { type Accounts, type Group, primaryGroup, type User } from "./accounts.ts";
import { textOf } from "./acl.ts";
import { defaultQuotasXml, groupQuotasXml, userQuotasXml } from "./quotas.ts";
import type { OtherZone, Zone } from "./zone.ts";

/** The recordings have their hashes blanked; so has this. */
const NO_HASH = "0".repeat(64);

/** `one.user.info`: the quotas stand inside, with what a missing limit means. */
export function userXml(zone: Zone, user: User): string {
  return element("USER", userHead(user), userQuotasXml(zone, user), defaultUserQuotas(zone.accounts));
}

/** In a pool the quotas stand beside the users. */
export function userPoolXml(zone: Zone, users: readonly User[]): string {
  const members = users.map(
    (user) =>
      element("USER", userHead(user)) + element("QUOTAS", textElement("ID", user.id), userQuotasXml(zone, user)),
  );
  return element("USER_POOL", ...members, defaultUserQuotas(zone.accounts));
}

export function groupXml(zone: Zone, group: Group): string {
  return element("GROUP", groupHead(zone, group), groupQuotasXml(zone, group), groupTail(zone, group));
}

export function groupPoolXml(zone: Zone, groups: readonly Group[]): string {
  const members = groups.map(
    (group) =>
      element("GROUP", groupHead(zone, group)) +
      element("QUOTAS", textElement("ID", group.id), groupQuotasXml(zone, group)) +
      vlanRules(group),
  );
  return element("GROUP_POOL", ...members, defaultGroupQuotas(zone.accounts));
}

/** In a federation every zone tells of the same ones; the first has those that nobody stands in for. */
export function zonePoolXml(zones: readonly Zone[]): string {
  const others = zones.flatMap((zone) => zone.others).map((other) => ({ id: other.id, xml: otherXml(other) }));
  const own = zones.filter(({ listed }) => listed).map((zone) => ({ id: zone.id, xml: zoneXml(zone) }));
  return element("ZONE_POOL", ...[...own, ...others].sort((a, b) => b.id - a.id).map(({ xml }) => xml));
}

const otherXml = ({ id, name, endpoint }: OtherZone): string =>
  element(
    "ZONE",
    textElement("ID", id),
    textElement("NAME", name),
    textElement("STATE", 0),
    element("TEMPLATE", cdataElement("ENDPOINT", endpoint)),
    element("SERVER_POOL"),
  );

const MASTER = 0;
/** Written by the first start of a front-end, and never by whoever adds a zone to a federation. */
const ITS_GRPC = cdataElement("ENDPOINT_GRPC", "localhost:2634");

export function zoneXml(zone: Zone): string {
  return element(
    "ZONE",
    textElement("ID", zone.id),
    textElement("NAME", zone.name),
    textElement("STATE", zone.enabled ? 0 : 1),
    element(
      "TEMPLATE",
      cdataElement("ENDPOINT", zone.listedAt ?? zone.endpoints.xmlRpc),
      zone.id === MASTER ? ITS_GRPC : "",
    ),
    element("SERVER_POOL"),
  );
}

/** A few of those that a fresh installation keeps from ordinary users. */
const RESTRICTED = [
  "CONTEXT/FILES",
  "NIC/MAC",
  "NIC/VLAN_ID",
  "NIC_ALIAS/MAC",
  "DISK/ORIGINAL_SIZE",
  "PCI",
  "RAW/DATA",
];

/** What oned tells any user of its configuration, in its order; most of it is left out. */
export function configurationXml(zone: Zone): string {
  return element(
    "OPENNEBULA_CONFIGURATION",
    element("FEDERATION", cdataElement("MODE", "STANDALONE"), cdataElement("ZONE_ID", zone.id)),
    ...RESTRICTED.map((name) => cdataElement("VM_RESTRICTED_ATTR", name)),
    cdataElement("VM_SUBMIT_ON_HOLD", "NO"),
  );
}

/** The numbers in hexadecimal digits, as a rule is added. */
export function aclXml({ accounts }: Zone): string {
  const rules = accounts.acl.rules.map((rule) =>
    element(
      "ACL",
      textElement("ID", rule.id),
      textElement("USER", rule.user.toString(16)),
      textElement("RESOURCE", rule.resource.toString(16)),
      textElement("RIGHTS", rule.rights.toString(16)),
      textElement("ZONE", rule.zone.toString(16)),
      textElement("STRING", textOf(rule)),
    ),
  );
  return element("ACL_POOL", ...rules);
}

function userHead(user: User): string {
  const template = [["TOKEN_PASSWORD", NO_HASH] as const, ...user.attributes];
  return (
    textElement("ID", user.id) +
    textElement("GID", primaryGroup(user).id) +
    idsElement(
      "GROUPS",
      user.groups.map(({ id }) => id).sort((a, b) => a - b),
    ) +
    textElement("GNAME", primaryGroup(user).name) +
    textElement("NAME", user.name) +
    cdataElement("PASSWORD", NO_HASH) +
    cdataElement("AUTH_DRIVER", "core") +
    textElement("ENABLED", 1) +
    tokensXml(user) +
    element(
      "TEMPLATE",
      ...template.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => cdataElement(name, value)),
    )
  );
}

function tokensXml(user: User): string {
  const tokens = [...user.tokens].map(([token, { end, group }]) =>
    element(
      "LOGIN_TOKEN",
      textElement("TOKEN", token),
      textElement("EXPIRATION_TIME", end),
      textElement("EGID", group),
    ),
  );
  return tokens.join("");
}

function groupHead(zone: Zone, group: Group): string {
  const members = zone.accounts.membersOf(group);
  return (
    textElement("ID", group.id) +
    textElement("NAME", group.name) +
    element("TEMPLATE") +
    idsElement(
      "USERS",
      members.map(({ id }) => id),
    ) +
    idsElement(
      "ADMINS",
      members.filter((user) => user.administers.has(group.id)).map(({ id }) => id),
    )
  );
}

function groupTail(zone: Zone, group: Group): string {
  return vlanRules(group) + defaultGroupQuotas(zone.accounts);
}

function vlanRules(group: Group): string {
  return element("VLAN_RULES", cdataElement("ID", group.id));
}

function defaultUserQuotas(accounts: Accounts): string {
  return defaultQuotasXml("DEFAULT_USER_QUOTAS", accounts.defaultUserQuotas);
}

function defaultGroupQuotas(accounts: Accounts): string {
  return defaultQuotasXml("DEFAULT_GROUP_QUOTAS", accounts.defaultGroupQuotas);
}
