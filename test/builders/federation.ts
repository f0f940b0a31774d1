/**
 * A federation with a past: every step goes through the decision that the bot would make.
 * `aFederation()` is asked for; `.planned()`, `.approved()`, `.trusted()` and `.running()` go on from wherever it stands.
 */

import { decide } from "../../src/federation/deciding/decide.ts";
import type { Command } from "../../src/federation/model/commands.ts";
import type { Decision } from "../../src/federation/model/decision.ts";
import { sha256 } from "../../src/federation/model/digest.ts";
import type { ConsentKind } from "../../src/federation/model/events.ts";
import type { Person, SiteName } from "../../src/federation/model/identity.ts";
import { deploymentKind, hasTunnelEnd } from "../../src/federation/model/plan.ts";
import type { RefusalCode } from "../../src/federation/model/reasons.ts";
import { coordinatorOf, trainingSitesOf } from "../../src/federation/model/state.ts";
import { nextTag } from "../../src/federation/observing/observation.ts";
import { adjustProposal, type Unusable } from "../../src/federation/proposing/adjustment.ts";
import { serviceOrder } from "../../src/federation/proposing/manifest.ts";
import { beginAttempt, proposeLater, proposeSites } from "../../src/federation/proposing/proposal.ts";
import {
  admittedKeys,
  judgeKey,
  type KeyClaim,
  mayTellAdmitted,
  revokedKeys,
} from "../../src/federation/running/admission.ts";
import { judgeTunnelKey } from "../../src/federation/running/tunnel-keys.ts";
import { nextTelling } from "../../src/federation/tunnels/peers.ts";
import { encodePem } from "../../src/guest-protocol/certificates.ts";
import { encodeNodeList, type NodeEntry } from "../../src/guest-protocol/node-list.ts";
import { encodeTunnelPeers } from "../../src/guest-protocol/tunnel.ts";
import { type Asked, AUTHORITY } from "./chronicle.ts";
import { type Asking, approve } from "./commands.ts";
import { DAY, site as siteCalled } from "./decision-context.ts";
import { aNodeKey } from "./node-key.ts";
import { aTunnelKey } from "./tunnel-key.ts";
import { Watched } from "./watched.ts";

export const aFederation = (asked: Asked = {}): Story => new Story(asked);

export class Story extends Watched {
  /** What follows from a command; nothing of it has happened yet. */
  decides(asked: Command | Asking): Decision | Unusable {
    const command = typeof asked === "function" ? asked(this) : asked;
    return command.kind === "adjust"
      ? adjustProposal(this.federation, command, this.context)
      : decide(this.federation, command, this.context);
  }

  /** Somebody asks for it and it is done. */
  does(asked: Command | Asking): this {
    return this.takes(this.decides(asked));
  }

  /** Why it is not done; null when it would be. */
  refusalOf(asked: Command | Asking): RefusalCode | null {
    const decision = this.decides(asked);
    return "refusal" in decision ? decision.refusal : null;
  }

  /** Plans are made for every site that waits for one. */
  planned(): this {
    this.takes(proposeSites(this.federation, this.surveys(), this.context));
    for (const { name, approvalState, joinedLater } of this.federation.sites.values()) {
      if (approvalState !== "planning" || !joinedLater) continue;
      this.takes(proposeLater(this.federation, name, this.survey(name), this.context));
    }
    return this;
  }

  approvedBy(name: string, by?: Person, consent?: ConsentKind): this {
    return this.does(approve(name, by, consent));
  }

  /** Every site that waits for its owners is approved by the first of them. */
  approved(): this {
    if (this.federation.endpoint === null) this.planned();
    for (const { name, approvalState } of this.federation.sites.values()) {
      if (approvalState === "pending") this.approvedBy(name);
    }
    return this;
  }

  begins(name: string): this {
    return this.takes(beginAttempt(this.federation, siteCalled(name), this.survey(name), this.context));
  }

  /** Registers the template, asks for the deployment, and the zone carries it out. */
  creates(name: string): this {
    const site = this.site(name);
    const deployment = this.deployment(name);
    const { plan } = deployment;
    const manifest = this.context.manifests.find(plan.manifest);
    if (manifest === undefined) throw new Error(`Nobody kept the manifest of ${name}.`);
    const { sequence, tag } = nextTag(this.federation, site, deployment);
    const order = serviceOrder(plan, manifest, tag, AUTHORITY.certificate);
    const intended = { type: "deployment-intended", site: site.name, sequence, tag } as const;
    if (deploymentKind(plan) === "vms") {
      this.happens(intended);
      const ids = this.zone(name).createVms(plan, order, manifest);
      for (const [index, vmId] of ids.entries()) {
        const number = index + 1;
        this.happens({ type: "vm-intended", site: site.name, tag, number });
        this.happens({ type: "vm-created", site: site.name, vmId, number, found: false });
      }
      return this.happens({ type: "deployment-created", site: site.name, ref: { kind: "vms", ids }, found: false });
    }
    this.happens(
      { type: "template-intended", site: site.name, name: "template" },
      { type: "template-registered", site: site.name, templateId: 50 },
      intended,
    );
    const id = this.zone(name).create(plan, order, manifest);
    return this.happens({ type: "deployment-created", site: site.name, ref: { kind: "oneflow", id }, found: false });
  }

  /** The zone ends everything of the site that is to be removed. */
  removes(name: string): this {
    for (const { key, ref } of this.site(name).removals) {
      if (ref?.kind === "oneflow") this.zone(name).removeService(ref.id);
      if (ref?.kind === "vms") for (const id of ref.ids) this.zone(name).removeVm(id);
      this.happens({ type: "deployment-removed", site: siteCalled(name), removal: key });
    }
    return this;
  }

  says(name: string, attributes: Readonly<Record<string, string>>, nth = 0): this {
    this.zone(name).says(this.vm(name, nth).vmId, attributes);
    return this;
  }

  /** The site is created, after what it replaces was removed, and its VMs have come. */
  deployed(name: string): this {
    return this.begins(name).removes(name).creates(name).observes(name);
  }

  /** The coordinator's guest asks for its certificate and gets it. */
  certified(): this {
    const { name } = coordinatorOf(this.federation);
    const request = { FL_STAGE: "awaiting-certificate", FL_TLS_CSR: "request" };
    this.says(name, request, this.superLinkNth).observes(name);
    return this.issues(1);
  }

  /** The SuperLink's place among the coordinator's VMs: a gateway is before it. */
  get superLinkNth(): number {
    return this.vms(coordinatorOf(this.federation).name).findIndex(({ seen }) => seen.part === "superlink");
  }

  issues(serial: number): this {
    const { name: site } = coordinatorOf(this.federation);
    const { vmId, seen } = this.vm(site, this.superLinkNth);
    return this.happens(
      {
        type: "certificate-issued",
        site,
        vmId,
        serial: String(serial),
        fingerprint: certificateFingerprint(serial),
        certificate: "certificate",
        expiresAt: new Date(Date.parse(this.context.now) + 30 * DAY).toISOString(),
        request: seen.request ?? sha256("request"),
      },
      { type: "certificate-delivered", site, vmId, serial: String(serial) },
    );
  }

  /** What a SuperLink says that is all that was approved. */
  announcement(serial = 1): Record<string, string> {
    const { plan } = this.deployment(coordinatorOf(this.federation).name);
    return {
      FL_STAGE: "serving",
      FL_REASON: "none",
      FL_ENDPOINT: `${plan.endpoint.host}:${plan.endpoint.port}`,
      FL_CA_CERT: encodePem([AUTHORITY.certificate]),
      FL_TLS_FINGERPRINT: certificateFingerprint(serial),
      FL_VERSION: plan.settings.flowerVersion,
      READY: "YES",
    };
  }

  /** The coordinator serves and was found to be what was approved. */
  trusted(): this {
    const { name, approvalState, deployment, retryAskedBy } = coordinatorOf(this.federation);
    if (approvalState !== "approved") this.approved();
    if (deployment === null || retryAskedBy !== null) this.deployed(name);
    this.certified().says(name, this.announcement(), this.superLinkNth);
    if (this.hasTunnel(name)) this.showsTunnelKey(name, 0, `hub/${this.vm(name).vmId}`);
    return this.observes(name).tunnels();
  }

  /** The site's SuperNodes publish their keys, are admitted and serve, and the SuperLink sees them. */
  joins(name: string): this {
    this.deployed(name);
    const { plan } = this.deployment(name);
    const all = this.vms(name).map(({ seen }, nth) => ({ part: seen.part, nth }));
    const nths = all.flatMap(({ part, nth }) => (part === "gateway" ? [] : [nth]));
    for (const nth of nths) this.publishes(name, nth, keyName(name, this.vm(name, nth).vmId));
    for (const { part, nth } of all) {
      if (hasTunnelEnd(plan, part)) this.showsTunnelKey(name, nth, keyName(name, this.vm(name, nth).vmId));
    }
    this.observes(name).tunnels();
    for (const nth of nths) this.judges(this.claim(name, nth));
    this.tellsSuperLink().sees("registered").tellsSuperNodes(name);
    for (const { nth } of all) this.says(name, { FL_STAGE: "serving", FL_LINK: "ok", READY: "YES" }, nth);
    return this.observes(name).sees("online");
  }

  /** A SuperNode publishes the key of that name. */
  publishes(name: string, nth: number, key: string): this {
    return this.says(
      name,
      { FL_STAGE: "awaiting-admission", FL_NODE_KEY: aNodeKey(key).line, FL_NODE_PROOF: "proof" },
      nth,
    );
  }

  /** What a SuperNode claims: to hold the key of that name, with proof. */
  claim(name: string, nth = 0, key?: string, changes: Partial<KeyClaim> = {}): KeyClaim {
    const { vmId } = this.vm(name, nth);
    const { fingerprint, line } = aNodeKey(key ?? keyName(name, vmId));
    return { site: siteCalled(name), vmId, key: fingerprint, publicKey: line, proven: true, ...changes };
  }

  judges(claim: KeyClaim): this {
    return this.happens(...judgeKey(this.federation, claim));
  }

  /** What runs there is an end of a tunnel. */
  hasTunnel(name: string): boolean {
    return this.deployment(name).plan.link.kind === "wireguard";
  }

  /** A VM publishes the tunnel key of that name. */
  showsTunnelKey(name: string, nth: number, key: string): this {
    return this.says(name, { WG_PUBLIC_KEY: aTunnelKey(key) }, nth);
  }

  /** Every tunnel key that is due is judged, and every end that is due is told the others. */
  tunnels(): this {
    for (const task of this.tasks()) {
      if (task.kind === "judge-tunnel-key") {
        return this.happens(...judgeTunnelKey(this.federation, task.site, task.vmId)).tunnels();
      }
      if (task.kind === "tell-tunnel-peers") return this.tellsTunnelPeers(task.site, task.vmId).tunnels();
    }
    return this;
  }

  /** The VM is told its tunnels' other ends. */
  tellsTunnelPeers(site: SiteName, vmId: number): this {
    const next = nextTelling(this.federation, site, vmId);
    if (next === null) throw new Error(`Nothing is to be told to VM ${vmId}.`);
    const { intent, peers } = next;
    this.happens(...intent);
    this.zone(site).says(vmId, { WG_PEERS: encodeTunnelPeers(peers) });
    return this.happens({ type: "tunnel-peers-delivered", site, vmId, sequence: peers.sequence });
  }

  /** The SuperLink's VM is told every key. */
  tellsSuperLink(): this {
    const vmId = this.federation.verifiedVm;
    if (vmId === null) throw new Error("No SuperLink serves.");
    const keysOf = (keys: ReturnType<typeof admittedKeys>): string[] => keys.map(({ key }) => key);
    return this.happens({
      type: "admissions-delivered",
      vmId,
      sequence: (this.federation.admissions?.sequence ?? 0) + 1,
      admitted: keysOf(admittedKeys(this.federation)),
      revoked: keysOf(revokedKeys(this.federation)),
    });
  }

  tellsSuperNodes(name: string): this {
    for (const vm of this.vms(name)) {
      if (!mayTellAdmitted(this.federation, vm)) continue;
      this.happens({ type: "vm-told-admitted", site: siteCalled(name), vmId: vm.vmId, key: vm.acceptedKey ?? "" });
    }
    return this;
  }

  /** The SuperLink says this of every key it was told; `except` says otherwise of some. */
  sees(status: NodeEntry["status"], except: Readonly<Record<string, NodeEntry["status"]>> = {}): this {
    const { name } = coordinatorOf(this.federation);
    const nodes = admittedKeys(this.federation).map(({ key }, nth) => ({
      key,
      nodeId: String(nth + 1),
      status: except[key] ?? status,
    }));
    return this.says(name, { FL_NODES: encodeNodeList(nodes) }, this.superLinkNth).observes(name);
  }

  /** All approved sites are up. */
  running(): this {
    if (this.federation.trustedAt === null) this.trusted();
    for (const site of trainingSitesOf(this.federation)) {
      if (site.approvalState === "approved" && site.deployment === null) this.joins(site.name);
    }
    return this;
  }
}

const keyName = (name: string, vmId: number): string => `${name}/${vmId}`;

export const certificateFingerprint = (serial: number): string =>
  Array.from({ length: 32 }, () => String(serial).padStart(2, "0")).join(":");
