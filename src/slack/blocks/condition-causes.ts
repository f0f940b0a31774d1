/** What a condition means, and who can do what about it: one entry for each code, and nothing that does not happen. */
import type { ConditionCode, GuestCode, LinkCode, TunnelCode } from "../../federation/model/conditions.ts";
import type { Causes } from "./cause.ts";
import { TUNNELS } from "./tunnel-causes.ts";

/** Why a SuperNode does not reach its SuperLink. Both ends read it: either may be the one who can mend it. */
const LINKS: Causes<LinkCode> = {
  "link-unreachable": {
    what: "The SuperLink's address does not answer.",
    owner: "look whether the VM may open connections to it.",
    coordinator: "look whether the address is routed and the firewall lets its port in.",
  },
  "link-refused": {
    what: "The SuperLink's address answers and refuses the port.",
    coordinator: "look whether the SuperLink runs, and whether the port is forwarded to it.",
  },
  "link-stalled": {
    what: "The connection to the SuperLink opens and then stays silent.",
    owner: "look for a firewall that inspects TLS, and for a path with a smaller MTU.",
    coordinator: "look for a firewall that inspects TLS, and for a path with a smaller MTU.",
  },
  "link-not-tls": {
    what: "Something answers at the SuperLink's address that does not speak Flower's protocol over TLS.",
    coordinator: "look what listens on that port, or what stands in between.",
  },
  "link-untrusted-ca": {
    what: "What answers at the SuperLink's address has a certificate of another CA than this federation's.",
    owner: "do not go on; look whether a firewall of yours opens TLS.",
    coordinator: "find out what answers there in the SuperLink's place.",
  },
  "link-name-mismatch": {
    what: "The certificate that is shown is not for the address that is dialled.",
    coordinator:
      "look whether the SuperLink itself answers there; if so, retry the coordinator, so that it gets a new one.",
  },
  "link-expired": {
    what: "The certificate that is shown has expired.",
    owner: "look whether the VM's clock is right.",
    coordinator: "look whether the SuperLink's VM still reports, then retry it.",
  },
  "link-clock-skew": {
    what: "The VM's clock is behind, so no certificate is valid for it yet.",
    owner: "set the host's clock; the SuperNode goes on by itself then.",
  },
  "link-tunnel-silent": {
    what: "The tunnel's other end does not answer.",
    owner: "look whether the VM may send UDP to the coordinator's public address and port.",
    coordinator: "look whether UDP reaches the hub's VM: port forward, firewall, security group.",
  },
  "link-tunnel-refused": {
    what: "Nobody listens at the tunnel's public address and port.",
    coordinator: "look whether the hub's VM runs, and whether the UDP port is forwarded to it.",
  },
  "link-tunnel-stalled": {
    what: "The tunnel stands, but larger packets are lost in it.",
    owner: "look for a path with a smaller MTU.",
    coordinator: "look for a path with a smaller MTU.",
  },
};

const GUESTS: Causes<GuestCode> = {
  "guest-agent-error": {
    what: "The guest agent itself failed.",
    owner: "look at the VM's console, then retry; tell the bot's operator.",
  },
  "guest-context-invalid": {
    what: "The VM did not get the values it was created with.",
    owner: "look whether the VM template changes CONTEXT, then retry.",
  },
  "guest-tool-missing": {
    what: "A program is missing on the image.",
    owner: "use an image with openssl, ssh-keygen and Python 3.",
  },
  "guest-flower-missing": {
    what: "Flower is not on the image and could not be installed.",
    owner: "use the Flower image, or let the VM reach its package source.",
  },
  "guest-flower-version": {
    what: "The image has another Flower version than the one approved.",
    owner: "use the image of that version.",
  },
  "guest-flower-exits": { what: "Flower ends again and again.", owner: "look at the VM's console." },
  "guest-keepalive-invalid": {
    what: "Flower refuses the keepalive values.",
    requester: "ask for the federation with other ones.",
  },
  "guest-port-taken": {
    what: "Another program on the VM has Flower's port.",
    owner: "use an image that starts nothing on it.",
  },
  "guest-disk-full": {
    what: "The VM's disk is full.",
    owner: "give the VM template a larger disk, then retry.",
  },
  "guest-disk-reused": {
    what: "The VM's disk came with keys of another VM or of an earlier attempt. They are not used; it began anew with its own.",
    owner: "if you did not expect that, use an image that was not saved from a VM that has run.",
  },
  "guest-certificate-malformed": {
    what: "The certificate that the bot delivered cannot be read.",
    owner: "retry the site, so that it gets a new one.",
  },
  "guest-certificate-untrusted": {
    what: "The certificate that was delivered is not of this federation's CA.",
    owner: "find out who else writes to the VM, then retry.",
  },
  "guest-certificate-key-mismatch": {
    what: "The certificate that was delivered is for another key.",
    owner: "retry the site, so that it gets a new one.",
  },
  "guest-certificate-name-missing": {
    what: "The certificate lacks the dialled address.",
    owner: "retry the site, so that it gets a new one.",
  },
  "guest-certificate-expired": {
    what: "The certificate has expired.",
    owner: "look whether the VM's clock is right and whether it was stopped for long, then retry.",
  },
  "guest-own-handshake-failed": {
    what: "The SuperLink does not answer its own TLS handshake.",
    owner: "look at the VM's console, then retry.",
  },
  "guest-database-lost": {
    what: "The SuperLink's database is gone, and with it every run that was in it.",
    owner: "say so to whoever runs apps: their runs have to be started again.",
    itself: "The SuperLink's guest registers every admitted SuperNode anew by itself.",
    everybody: "The SuperLink's database is gone, and with it every run that was in it. Runs have to be started again.",
  },
  "guest-node-key-unusable": {
    what: "The SuperNode's identity key cannot be used.",
    owner: "retry the site, so that its VMs make new ones.",
  },
  "guest-admission-malformed": {
    what: "The list of admitted keys arrived damaged and is not followed. Nothing is sent again by itself.",
    owner: "find out who else writes to the VM, then retry the coordinator.",
  },
  "guest-trust-malformed": {
    what: "The CA or address that was delivered arrived damaged and is not followed. Nothing is sent again by itself.",
    owner: "find out who else writes to the VM, then retry the site.",
  },
  "guest-data-missing": {
    what: "The data that the owner attached is not there, so Flower waits for it.",
    owner:
      "put the folder there or mount it, and the SuperNode goes on by itself; after a change to the VMs' image, or to that of a disk with the data, retry the site.",
  },
  "guest-data-empty": {
    what: "There is nothing in the data that the owner attached.",
    owner: "put the data there; the SuperNode goes on by itself then.",
  },
  "guest-data-unreadable": {
    what: "Training apps may not read the data that the owner attached.",
    owner: "make it readable for everybody in the VM; the SuperNode goes on by itself then.",
  },
  "guest-tunnel-unavailable": {
    what: "The VM can make no WireGuard device.",
    owner: "use an image whose kernel has WireGuard, or install wireguard-go on it.",
  },
  "guest-tunnel-port-taken": {
    what: "Another program on the VM has the tunnel's UDP port.",
    owner: "use an image that starts nothing on it.",
  },
  "guest-translation-unavailable": {
    what: "The VM cannot pass packets on or translate their addresses, so nothing crosses by the zone's gateway.",
    owner: "use an image whose kernel has nftables with NAT and lets packets be forwarded.",
  },
  "guest-peers-malformed": {
    what: "The list of the tunnel's ends arrived damaged and is not followed.",
    owner: "find out who else writes to the VM, then retry the site.",
  },
  "guest-link-down": {
    what: "The SuperNode has lost its connection to the SuperLink.",
    itself: "It dials again by itself.",
  },
  "guest-not-admitted": {
    what: "The SuperLink does not know this SuperNode's key.",
    owner: "if this stays, retry the site.",
    itself: "A key that was proven is admitted by the bot.",
  },
  "guest-still-counted-online": {
    what: "The SuperLink still counts the SuperNode's last connection as online and refuses a second one.",
    itself: "It passes after a minute or two.",
  },
  "guest-clock": {
    what: "The VM's clock is wrong: certificates are not valid yet, or the SuperLink refuses the SuperNode silently.",
    owner: "set the host's clock to the right time; the VM goes on by itself then.",
  },
};

type OtherCode = Exclude<ConditionCode, LinkCode | GuestCode | TunnelCode>;

/** What the zone says of VMs or cannot say, and what has been done in them. */
const OTHERS: Causes<OtherCode> = {
  "superlink-down": {
    what: "The SuperLink does not serve.",
    owner: "look at its VM, then retry the coordinator if it does not come back.",
    everybody: "The SuperLink does not serve.",
  },
  "supernodes-offline": {
    what: "Fewer SuperNodes are online than were approved.",
    owner: "look at the causes shown here, then retry the site if it does not come back.",
    everybody: "Fewer SuperNodes are online than were approved.",
  },
  "vm-stopped": {
    what: "The VM is stopped.",
    owner: "switch it on with Reboot VMs on the card, or retry the site.",
    everybody: "A VM is stopped.",
  },
  "vm-failed": {
    what: "The VM has failed.",
    owner: "mend what the zone says of it, then retry the site.",
    everybody: "A VM has failed.",
  },
  "vm-unknown": {
    what: "The zone has lost sight of the VM.",
    owner: "look at its host.",
    everybody: "The zone has lost sight of a VM.",
  },
  "vm-missing": {
    what: "The zone does not show the VM any more, and nothing proves that it is gone, so its key stays admitted.",
    owner: "look whether the VM is there and still belongs to the bot's account, then retry the site.",
    everybody: "The zone does not show a VM any more.",
  },
  "vm-gone": {
    what: "The VM no longer exists, and its key is no longer admitted.",
    owner: "retry the site.",
    everybody: "A VM no longer exists.",
  },
  "vm-silent": {
    what: "The VM has stopped reporting.",
    owner:
      "reboot it with Reboot VMs on the card; if it stays silent, look whether it reaches OneGate, then retry the site.",
    everybody: "A VM has stopped reporting.",
  },
  "vm-unplaced": {
    what: "No host of the zone takes the VM.",
    owner: "make room for it, or adjust the VM template, then retry the site.",
    everybody: "The zone has no host for a VM yet.",
  },
  "vm-held": {
    what: "The VM is on hold in the zone.",
    owner: "release it, or take SUBMIT_ON_HOLD out of the VM template and retry the site.",
    everybody: "A VM is on hold in its zone.",
  },
  "vm-unreadable": {
    what: "What the zone shows of the VM cannot be read, so nothing is known of it.",
    owner: "look what was changed in it, then retry the site.",
    everybody: "What a zone shows of a VM cannot be read.",
  },
  "zone-away": {
    what: "The zone's OpenNebula cannot be looked at; what is shown is from before.",
    owner: "check that its endpoints are up and reachable from the bot.",
    everybody: "The zone has not answered; what is shown is from before.",
  },
  "zone-account": {
    what: "The zone answers for another account than the one that deployed, so nothing that it shows is concluded from.",
    owner: "see with the bot's operator which account the zones file is to name.",
    operator: "name the account again that deployed the site.",
    everybody: "The zone answers for another account than the one that deployed; what is shown is from before.",
  },
  "zone-administrator": {
    what: "The zone takes the bot's account for an administrator, so nothing that it shows is concluded from.",
    owner: "take those rights back from the bot's account.",
    operator: "name an ordinary user of the zone in the zones file.",
    everybody: "The zone takes the bot's account for an administrator; what is shown is from before.",
  },
  "zone-read-only": {
    what: "Nothing can be created, renewed or ended in the zone while it is disabled in its OpenNebula.",
    owner: "have its administrator enable it again with `onezone enable`; what waits for that goes on by itself then.",
    everybody:
      "The zone is disabled in its OpenNebula: what runs there goes on, and nothing there can be changed until it is enabled again.",
  },
  "zone-left-file": {
    what: "The zone is not in the zones file any more, so nobody looks at what runs there.",
    operator: "put it back, or write its part off.",
    everybody: "The zone is not in the zones file any more; what is shown is from before.",
  },
  "unknown-nodes": {
    what: "The SuperLink lists SuperNodes that no site of this federation published. They were admitted there by hand and can take part in runs.",
    owner: "say in the federation's thread whose they are, or unregister them at the SuperLink.",
    everybody:
      "The SuperLink lists SuperNodes that no site of this federation published. They were admitted there by hand and can take part in runs.",
  },
  "key-changes": {
    what: "One VM published one new key after another, so none of its further keys is looked at.",
    owner: "find out what runs in it, then retry the site.",
    everybody: "One VM published one new key after another; none of its further keys is admitted.",
  },
  "certificate-requests": {
    what: "The coordinator's guest asked for one certificate after another, so it gets no more for now.",
    owner: "find out what runs in it, then retry it.",
    everybody: "The coordinator's guest asked for one certificate after another and gets no more for now.",
  },
};

export const CAUSES: Causes<ConditionCode> = { ...LINKS, ...GUESTS, ...TUNNELS, ...OTHERS };
