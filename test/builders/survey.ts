/** What a look at a zone shows when nothing stands in the way. */
import { sha256 } from "../../src/federation/model/digest.ts";
import type {
  DataImageFacts,
  Headroom,
  NetworkFacts,
  VmTemplateFacts,
  ZoneSurvey,
} from "../../src/federation/model/zone-facts.ts";

export function aTemplate(changes: Partial<VmTemplateFacts> = {}): VmTemplateFacts {
  return {
    found: true,
    id: 21,
    name: "Flower SuperNode",
    contentDigest: sha256("the template's content"),
    cpu: 2,
    vcpu: 2,
    memory: 4096,
    images: [
      { id: 7, name: "Flower SuperNode", registeredAt: 1_760_000_000, persistent: false, state: "used", size: 10_240 },
    ],
    disks: [{ size: 10_240, datastore: "system" }],
    nic: { model: "virtio", securityGroups: "0" },
    otherNics: [],
    pciNics: [],
    hasNicAlias: false,
    hasStartScript: false,
    startsOnHold: false,
    contextNames: ["NETWORK", "SSH_PUBLIC_KEY", "TOKEN"],
    diskNames: ["IMAGE", "IMAGE_UNAME"],
    ...changes,
  };
}

/** An image with data, of which each VM gets a clone. */
export const aDataImage = (changes: Partial<DataImageFacts> = {}): DataImageFacts => ({
  id: 12,
  name: "Scans",
  registeredAt: 1_760_000_000,
  persistent: false,
  state: "ready",
  size: 100,
  isDisk: true,
  isShared: false,
  ...changes,
});

/** Eighty public addresses, three of them leased. */
export function aNetwork(changes: Partial<NetworkFacts> = {}): NetworkFacts {
  return {
    found: true,
    id: 3,
    name: "public",
    ranges: [{ first: "203.0.113.20", last: "203.0.113.99" }],
    mask: null,
    guestMtu: null,
    driver: "bridge",
    securityGroups: [0],
    gateway: null,
    filtered: [],
    held: [],
    leased: ["203.0.113.20", "203.0.113.21", "203.0.113.40"],
    ...changes,
  };
}

/** No quota limits anything, but for what is said. */
export const aHeadroom = (limits: Partial<Headroom> = {}): Headroom => ({
  vms: null,
  cpu: null,
  memory: null,
  leases: null,
  systemDisk: null,
  datastores: new Map(),
  imageVms: new Map(),
  ...limits,
});

export function aSurvey(changes: Partial<ZoneSurvey> = {}): ZoneSurvey {
  return {
    version: "7.4.0",
    account: { id: 4, name: "florist", administrator: false },
    template: aTemplate(),
    gateway: null,
    network: aNetwork(),
    headroom: aHeadroom(),
    data: null,
    openPorts: null,
    gatewayWays: null,
    gatewayDoors: null,
    rules: { restricted: ["NIC/MAC", "PCI", "CONTEXT/FILES"], startsOnHold: false },
    disabled: false,
    ...changes,
  };
}
