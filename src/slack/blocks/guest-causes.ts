/** What a guest says is wrong with it, or its zone says of its VM: what that means, and who can do what about it. */
import type { Sighting } from "../../federation/model/events.ts";
import type { Link, Reason } from "../../guest-protocol/names.ts";

/** What is wrong on the way to a SuperLink, and what those who can mend it can do. */
interface LinkCause {
  readonly what: string;
  /** The owner of the SuperNode's zone. */
  readonly owner?: string;
  readonly coordinator?: string;
}

/** Why a SuperNode does not reach its SuperLink; null where there is nothing wrong. */
const LINK_CAUSES: Readonly<Record<Link, LinkCause | null>> = {
  ok: null,
  unreachable: {
    what: "The SuperLink's address does not answer.",
    owner: "look whether the VM may open connections to it.",
    coordinator: "look whether the address is routed and the firewall lets its port in.",
  },
  refused: {
    what: "The SuperLink's address answers and refuses the port.",
    coordinator: "look whether the SuperLink runs, and whether the port is forwarded to it.",
  },
  stalled: {
    what: "The connection to the SuperLink opens and then stays silent.",
    owner: "look for a firewall that inspects TLS, and for a path with a smaller MTU.",
    coordinator: "look for the same on your side.",
  },
  "not-tls": {
    what: "Something answers at the SuperLink's address that does not speak Flower's protocol over TLS.",
    coordinator: "look what listens on that port, or what stands in between.",
  },
  "untrusted-ca": {
    what: "What answers at the SuperLink's address has a certificate of another CA than this federation's.",
    owner: "do not go on; look whether a firewall of yours opens TLS.",
    coordinator: "find out what answers there in the SuperLink's place.",
  },
  "name-mismatch": {
    what: "The certificate that is shown is not for the address that is dialled.",
    coordinator:
      "look whether the SuperLink itself answers there; if so, retry the coordinator, so that it gets a new one.",
  },
  expired: {
    what: "The certificate that is shown has expired.",
    owner: "look whether the VM's clock is right.",
    coordinator: "look whether the SuperLink's VM still reports, then retry it.",
  },
  "clock-skew": {
    what: "The VM's clock is behind, so no certificate is valid for it yet.",
    owner: "set the host's clock; the SuperNode goes on by itself then.",
  },
};

/** For the channel of the SuperNode's zone. */
export function linkDetail(link: Link): string | null {
  const cause = LINK_CAUSES[link];
  if (cause === null) return null;
  const owner = cause.owner === undefined ? "" : ` This zone's owner: ${cause.owner}`;
  return `${cause.what}${owner}${coordinatorsPart(cause)}`;
}

/** For the home channel, which is where the coordinator's owner reads it. */
export function linkSentence(link: Link): string | null {
  const cause = LINK_CAUSES[link];
  return cause === null ? null : `A SuperNode reports: ${cause.what}${coordinatorsPart(cause)}`;
}

const coordinatorsPart = ({ coordinator }: LinkCause): string =>
  coordinator === undefined ? "" : ` Coordinator's owner: ${coordinator}`;

/** Why a guest is not well; null where there is nothing wrong. */
export const REASON_CAUSES: Readonly<Record<Reason, string | null>> = {
  none: null,
  "agent-error":
    "The guest agent itself failed. This zone's owner: look at the VM's console, then retry; tell the bot's operator.",
  "context-invalid":
    "The VM did not get the values it was created with. This zone's owner: look whether the VM template changes CONTEXT, then retry.",
  "tool-missing":
    "A program is missing on the image. This zone's owner: use an image with openssl, ssh-keygen and Python 3.",
  "flower-missing":
    "Flower is not on the image and could not be installed. This zone's owner: use the Flower image, or let the VM reach its package source.",
  "flower-version":
    "The image has another Flower version than the one approved. This zone's owner: use the image of that version.",
  "flower-exits": "Flower ends again and again. This zone's owner: look at the VM's console.",
  "keepalive-invalid": "Flower refuses the keepalive values. Requester: ask for the federation with other ones.",
  "port-taken":
    "Another program on the VM has Flower's port. This zone's owner: use an image that starts nothing on it.",
  "disk-full": "The VM's disk is full. This zone's owner: give the VM template a larger disk, then retry.",
  "certificate-malformed": "The certificate that the bot delivered cannot be read. This zone's owner: retry the site.",
  "certificate-untrusted":
    "The certificate that was delivered is not of this federation's CA. This zone's owner: find out who else writes to the VM, then retry.",
  "certificate-key-mismatch":
    "The certificate that was delivered is for another key. This zone's owner: retry the site.",
  "certificate-name-missing": "The certificate lacks the dialled address. This zone's owner: retry the site.",
  "certificate-expired":
    "The certificate has expired. This zone's owner: look whether the VM was stopped for long, then retry.",
  "own-handshake-failed":
    "The SuperLink does not answer its own TLS handshake. This zone's owner: look at the VM's console, then retry.",
  "database-lost":
    "The SuperLink's database is gone, so every SuperNode must be admitted anew. The bot does that; runs have to be started again.",
  "node-key-unusable": "The SuperNode's identity key cannot be used. This zone's owner: retry the site.",
  "admission-malformed": "The list of admitted keys arrived damaged. The bot sends it again.",
  "trust-malformed": "The CA or address that was delivered arrived damaged. The bot sends it again.",
  "link-down": "The SuperNode has lost its connection to the SuperLink and dials again.",
  "not-admitted":
    "The SuperLink does not know this SuperNode's key. The bot admits it; if it stays, this zone's owner: retry the site.",
  "still-counted-online":
    "The SuperLink still counts the SuperNode's last connection as online and refuses a second one. It passes after a minute or two.",
  clock:
    "The VM's clock differs from the SuperLink's, and the SuperLink refuses it silently. This zone's owner: set the host's clock; the SuperNode goes on by itself then.",
};

/** What keeps a VM from saying anything itself; null where it can. */
export const STATE_CAUSES: Readonly<Record<Sighting["state"], string | null>> = {
  coming: null,
  running: null,
  stopped: "The VM is stopped. This zone's owner: resume it in the zone, or retry the site.",
  failed: "The VM has failed. This zone's owner: look at it in the zone, then retry the site.",
  gone: "The VM no longer exists. This zone's owner: retry the site.",
  unknown: "The zone has lost sight of the VM. This zone's owner: look at its host.",
};

export const SILENT =
  "It has stopped reporting. This zone's owner: look whether the VM still runs and reaches OneGate, then retry the site.";
