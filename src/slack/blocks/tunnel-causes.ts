/** What both ends of a tunnel show together, and who can do what about it. */
import type { TunnelCode } from "../../federation/model/conditions.ts";
import type { Causes } from "./cause.ts";

export const TUNNELS: Causes<TunnelCode> = {
  "tunnel-cut": {
    what: "The tunnel worked until now and carries nothing any more.",
    owner: "look what has changed on the zone's way out: its internet connection, or a firewall.",
    coordinator: "look what has changed on the way to the hub's VM.",
    everybody: "A site's tunnel worked until now and carries nothing any more.",
  },
  "tunnel-other-key": {
    what: "The two ends of the tunnel do not have each other's keys.",
    owner: "look whether the VM reaches OneGate and who has changed its attributes, then retry the site.",
    coordinator: "look at the same of the hub's VM.",
    everybody: "The two ends of a site's tunnel do not have each other's keys.",
  },
  "tunnel-beyond": {
    what: "The tunnel stands, but the SuperLink does not answer at its address inside.",
    owner: "look whether a firewall on the VM drops what goes into the tunnel.",
    coordinator:
      "look whether a firewall on the SuperLink's VM, or on the gateway before it, drops what comes out of the tunnel.",
    everybody: "A site's tunnel stands, but the SuperLink does not answer inside.",
  },
  "tunnel-unheard": {
    what: "The tunnel's other end does not answer, and nothing that this site sends arrives there.",
    owner: "look whether the VMs may send UDP to the hub's public address and port.",
    coordinator:
      "look whether that UDP port reaches the hub's VM: the address, the port forward, firewalls, security groups.",
    everybody: "What a site sends into its tunnels does not arrive at the hub.",
  },
  "tunnel-unanswered": {
    what: "The tunnel's other end does not answer, although attempts arrive there.",
    owner:
      "compare the VM's clock with the right time: a hub refuses what is older than it has seen. Then retry the site.",
    coordinator: "look whether the hub's VM may send UDP back, and whether it lists this site's keys.",
    everybody: "The hub hears a site's attempts to begin a tunnel and does not answer them.",
  },
  "tunnel-not-allowed": {
    what: "The tunnel stands, but one end drops what the other sends: the addresses that it lists for the other end, or those that the other end sends with, are not what was approved.",
    owner: "look who has changed the VM's attributes, its addresses or its WireGuard device, then retry the site.",
    coordinator: "look at the same of the hub's VM.",
    everybody: "A site's tunnel stands, but one end drops what the other sends.",
  },
  "tunnel-strays": {
    what: "This site sends through its tunnel what is not for the SuperLink, such as to another site. All of that is dropped.",
    owner:
      "find out what runs in the VMs that are named, or what sends through the zone's router; if nobody can say, retry the site, so that its VMs are made anew.",
    coordinator: "look whether an app that was submitted does it.",
    everybody: "A site sends through its tunnel what is not for the SuperLink. All of that is dropped.",
  },
  "tunnel-forged": {
    what: "The hub drops packets that come through a tunnel with an address that is not the sender's. WireGuard does not say whose they are.",
    owner: "ask the owners of the sites that come through WireGuard to find out what runs in their VMs.",
    everybody: "The hub drops packets that come through a tunnel with an address that is not the sender's.",
  },
  "tunnel-two-places": {
    what: "The VM's tunnel key is used from two places in turn, so each of them loses half of what is sent.",
    owner: "find the copy of the VM and end it, then retry the site, so that its VMs make new keys.",
    everybody: "A tunnel key is used from two places in turn.",
  },
  "gateway-down": {
    what: "The zone's gateway, the VM that has the tunnel for the others, does not run or has no tunnel yet, so they reach nothing.",
    owner: "look at that VM in OpenNebula, reboot it, or retry the site.",
    everybody: "A zone's gateway does not run or has no tunnel yet.",
  },
  "gateway-does-not-pass": {
    what: "The zone's gateway has its tunnel, and what the VMs beside it send does not get through it.",
    owner:
      "look whether the VMs may open TCP 9092 to the gateway's address, and whether something else on the gateway has changed its firewall rules or ip_forward, which it puts back within a minute; else reboot it.",
    everybody: "A zone's gateway has its tunnel and does not pass its VMs' traffic on.",
  },
  "hub-gateway-down": {
    what: "The coordinator's gateway, the VM that is the hub of the tunnels, does not run or does not report, so nothing that comes by them reaches the SuperLink.",
    coordinator: "look at that VM in OpenNebula, reboot it, or retry the coordinator.",
    everybody: "The coordinator's gateway does not run or does not report.",
  },
  "hub-gateway-does-not-pass": {
    what: "The gateway does not reach the SuperLink, which serves, so nothing that comes by the tunnels does.",
    owner:
      "look whether the gateway may open TCP 9092 to the SuperLink's address: security groups, and a firewall on either VM.",
    everybody: "The coordinator's gateway does not reach the SuperLink.",
  },
  "router-silent": {
    what: "The zone's router has no tunnel to the hub now, so the VMs reach nothing through it.",
    owner:
      "look whether the WireGuard configuration is active on the router, as it stands in this channel now and with the key that was given here, and whether it may send UDP to the hub's public address and port.",
    coordinator:
      "look whether that UDP port reaches the hub's VM: the address, the port forward, firewalls, security groups.",
    everybody: "A zone's router has no tunnel to the hub now.",
  },
  "router-other-key": {
    what: "The zone's router tries to begin its tunnel, and the hub does not answer: it does not have the hub's key of today, or another one of its own than was given here.",
    owner:
      "apply the configuration as it stands in this channel now, with the hub's key, and give the router's public key again if that has changed.",
    everybody: "A zone's router and the hub do not have each other's keys.",
  },
  "router-does-not-pass": {
    what: "The zone's router has its tunnel, and what the VMs send does not get through it.",
    owner:
      "look whether the router is the VMs' default route, forwards, sends the hub's address inside into the tunnel (AllowedIPs and route as posted), translates to its own tunnel address, and lets TCP 9092 through.",
    everybody: "A zone's router has its tunnel and does not pass its VMs' traffic on.",
  },
  "router-other-address": {
    what: "The zone's router has its tunnel, and the hub drops what comes through it: the packets have another address than the router's own inside.",
    owner:
      "look whether the router has the address inside that was posted in this channel, and translates to it what the VMs send.",
    everybody: "A zone's router sends with another address than its own inside, so the hub drops it.",
  },
};
