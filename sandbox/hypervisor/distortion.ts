import { encodePem } from "../../src/guest-protocol/certificates.ts";
import { type GuestRole, PUBLISHED, type Stage } from "../../src/guest-protocol/names.ts";
import { decodeNodeList, encodeNodeList, type NodeEntry } from "../../src/guest-protocol/node-list.ts";
import { FALSE_AUTHORITY } from "./false-authority.ts";
import type { Fault, FaultKind } from "./faults.ts";

export type Attributes = ReadonlyMap<string, string>;

/** `neighbour`: what another guest of a kind has said, for the lies that copy it. */
type Change = (said: Map<string, string>, neighbour: Neighbour) => void;
type Neighbour = (role: GuestRole) => Attributes | undefined;

/** Quotes, backslashes, commas and brackets are left out: OneGate takes no update with such a value. */
const HOSTILE = "<!channel> *urgent* <https://evil.example|click> $(touch /tmp/owned) `id` ; & '";
/** A public key whose private half nobody kept. */
const NOBODYS_TUNNEL_KEY = "cz1t9T3Y7uJqLk0X5wVQe2R8aNfB4hGdM6oPyiSxEjI=";
const UNKNOWN_NODE = `SHA256:${"S".repeat(43)}`;

/** What a guest with these faults publishes in place of what it would say. */
export function distorted(said: Attributes, faults: readonly Fault[], neighbour: Neighbour): Attributes {
  const result = new Map(said);
  for (const { kind } of faults) {
    CHANGES[kind]?.(result, neighbour);
  }
  return result;
}

/** Faults that are lies in attributes; the rest changes what a guest does. */
const CHANGES: Partial<Record<FaultKind, Change>> = {
  "false-ca": (said) => replace(said, PUBLISHED.caCertificate, encodePem([FALSE_AUTHORITY])),
  "false-endpoint": (said) => replace(said, PUBLISHED.endpoint, "198.51.100.66:9092"),
  "wrong-version": (said) => replace(said, PUBLISHED.version, "1.25.0"),
  "foreign-key": (said, neighbour) => copy(said, neighbour("supernode"), [PUBLISHED.nodeKey]),
  "copied-key": (said, neighbour) => copy(said, neighbour("supernode"), [PUBLISHED.nodeKey, PUBLISHED.nodeProof]),
  "false-tunnel-key": (said) => replace(said, PUBLISHED.tunnelKey, NOBODYS_TUNNEL_KEY),
  "copied-tunnel-key": (said, neighbour) => copy(said, neighbour("supernode"), [PUBLISHED.tunnelKey]),
  "hub-tunnel-key": (said, neighbour) => copy(said, neighbour("superlink"), [PUBLISHED.tunnelKey]),
  "claims-all-online": (said) => relist(said, (nodes) => nodes.map((node) => ({ ...node, status: "online" }))),
  "lists-unknown-node": (said) =>
    relist(said, (nodes) => [...nodes, { key: UNKNOWN_NODE, nodeId: "666", status: "online" }]),
  "hostile-attributes": (said) => {
    for (const name of [PUBLISHED.reason, PUBLISHED.version, PUBLISHED.endpoint, PUBLISHED.link]) {
      replace(said, name, HOSTILE);
    }
  },
  "never-ready": (said) => {
    said.delete(PUBLISHED.ready);
    said.delete(PUBLISHED.flowerReady);
    const stage: Stage = "starting";
    if (said.get(PUBLISHED.stage) === "serving") {
      said.set(PUBLISHED.stage, stage);
    }
  },
  silent: (said) => said.clear(),
};

function replace(said: Map<string, string>, name: string, value: string): void {
  if (said.has(name)) {
    said.set(name, value);
  }
}

/** Says nothing of its own until there is somebody to copy from. */
function copy(said: Map<string, string>, neighbour: Attributes | undefined, names: readonly string[]): void {
  for (const name of names) {
    const value = neighbour?.get(name);
    if (value === undefined) {
      said.delete(name);
    } else {
      replace(said, name, value);
    }
  }
}

function relist(said: Map<string, string>, change: (nodes: readonly NodeEntry[]) => readonly NodeEntry[]): void {
  const nodes = decodeNodeList(said.get(PUBLISHED.nodes) ?? "");
  if (nodes.ok) {
    said.set(PUBLISHED.nodes, encodeNodeList(change(nodes.value)));
  }
}
