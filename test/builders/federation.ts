/**
 * A federation with a past: every step goes through the decision that the bot would make.
 * `aFederation()` is asked for; `.planned()`, `.approved()`, `.trusted()` and `.running()` go on from wherever it stands.
 */

import { type Ballot, giveConsent } from "../../src/federation/deciding/approval.ts";
import { sha256 } from "../../src/federation/model/digest.ts";
import type { ConsentKind } from "../../src/federation/model/events.ts";
import type { Person } from "../../src/federation/model/identity.ts";
import { coordinatorOf, trainingSitesOf } from "../../src/federation/model/state.ts";
import { nextTag, observeZone } from "../../src/federation/observing/observation.ts";
import { serviceOrder } from "../../src/federation/proposing/manifest.ts";
import { beginAttempt, proposeSites } from "../../src/federation/proposing/proposal.ts";
import { admittedKeys, judgeKey, mayTellAdmitted, revokedKeys } from "../../src/federation/running/admission.ts";
import { encodePem } from "../../src/guest-protocol/certificates.ts";
import { encodeNodeList, type NodeEntry } from "../../src/guest-protocol/node-list.ts";
import { type Asked, AUTHORITY, Chronicle } from "./chronicle.ts";
import { DAY, ownerOf, SECOND, zone } from "./decision-context.ts";
import { aNodeKey } from "./node-key.ts";

export const aFederation = (asked: Asked = {}): Story => new Story(asked);

export class Story extends Chronicle {
  #ballots = 0;

  planned(): this {
    return this.takes(proposeSites(this.federation, this.looks(), this.context));
  }

  /** A vote on the newest card of a site; each is another decision unless one is named. */
  ballot(name: string, by: Person = ownerOf(name), kind: ConsentKind = "run", decision?: string): Ballot {
    this.#ballots += 1;
    return { card: this.proposal(name).card, kind, by, decision: decision ?? `decision ${this.#ballots}` };
  }

  approvedBy(name: string, by?: Person, kind?: ConsentKind): this {
    return this.takes(giveConsent(this.federation, this.context, this.ballot(name, by, kind)));
  }

  /** Every site that waits for its owners is approved by the first of them. */
  approved(): this {
    if (this.federation.dialled === null) this.planned();
    for (const { zone: name, standing } of this.federation.sites.values()) {
      if (standing === "asking") this.approvedBy(name);
    }
    return this;
  }

  begins(name: string): this {
    return this.takes(beginAttempt(this.federation, zone(name), this.look(name), this.context));
  }

  /** Registers the template, asks for the service, and the zone carries it out. */
  creates(name: string): this {
    const site = this.site(name);
    const { plan } = this.proposal(name);
    const { sequence, tag } = nextTag(this.federation, site);
    const order = serviceOrder(plan, this.context.manifests, tag, AUTHORITY.certificate);
    this.happens(
      { type: "template-intended", site: site.zone, name: "template" },
      { type: "template-registered", site: site.zone, templateId: 50 },
      { type: "service-intended", site: site.zone, sequence, tag },
    );
    const serviceId = this.zone(name).create(plan, order, this.context.manifests);
    return this.happens({ type: "service-created", site: site.zone, serviceId, found: false });
  }

  /** A second later the zone is looked at. */
  observes(name: string, silent: ReadonlySet<number> = new Set()): this {
    this.passes(SECOND);
    const snapshot = this.zone(name).snapshot(this.context.now);
    return this.happens(...observeZone(this.federation, this.site(name), snapshot, silent, this.context));
  }

  says(name: string, attributes: Readonly<Record<string, string>>, nth = 0): this {
    this.zone(name).says(this.guest(name, nth).vmId, attributes);
    return this;
  }

  /** The site's service is created and its VMs have come. */
  deployed(name: string): this {
    return this.begins(name).creates(name).observes(name);
  }

  /** The coordinator's guest asks for its certificate and gets it. */
  certified(): this {
    const { zone: name } = coordinatorOf(this.federation);
    this.says(name, { FL_STAGE: "awaiting-certificate", FL_TLS_CSR: "request" }).observes(name);
    return this.issues(1);
  }

  issues(serial: number): this {
    const { zone: site } = coordinatorOf(this.federation);
    const { vmId } = this.guest(site);
    return this.happens(
      {
        type: "certificate-issued",
        site,
        vmId,
        serial: String(serial),
        fingerprint: certificateFingerprint(serial),
        certificate: "certificate",
        expiresAt: new Date(Date.parse(this.context.now) + 30 * DAY).toISOString(),
        request: sha256("request"),
      },
      { type: "certificate-delivered", site, vmId, serial: String(serial) },
    );
  }

  /** What a SuperLink says that is all that was approved. */
  announcement(serial = 1): Record<string, string> {
    const { plan } = this.proposal(coordinatorOf(this.federation).zone);
    return {
      FL_STAGE: "serving",
      FL_REASON: "none",
      FL_ENDPOINT: `${plan.dialled.host}:${plan.dialled.port}`,
      FL_CA_CERT: encodePem([AUTHORITY.certificate]),
      FL_TLS_FINGERPRINT: certificateFingerprint(serial),
      FL_VERSION: plan.settings.flowerVersion,
      READY: "YES",
    };
  }

  /** The coordinator serves and was found to be what was approved. */
  trusted(): this {
    const { zone: name, standing, run } = coordinatorOf(this.federation);
    if (standing !== "approved") this.approved();
    if (run === null) this.deployed(name);
    return this.certified().says(name, this.announcement()).observes(name);
  }

  /** The site's SuperNodes publish their keys, are admitted and serve, and the SuperLink sees them. */
  joins(name: string): this {
    this.deployed(name);
    const keys = this.guests(name).map(({ vmId }) => aNodeKey(`${name}/${vmId}`));
    for (const [nth, { line }] of keys.entries()) {
      this.says(name, { FL_STAGE: "awaiting-admission", FL_NODE_KEY: line, FL_NODE_PROOF: "proof" }, nth);
    }
    this.observes(name);
    for (const [nth, { line, fingerprint }] of keys.entries()) {
      const { vmId } = this.guest(name, nth);
      const claim = { site: zone(name), vmId, key: fingerprint, publicKey: line, proven: true };
      this.happens(...judgeKey(this.federation, claim));
    }
    this.tellsSuperLink().sees("registered").tellsSuperNodes(name);
    for (const nth of keys.keys()) this.says(name, { FL_STAGE: "serving", FL_LINK: "ok", READY: "YES" }, nth);
    return this.observes(name).sees("online");
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
    for (const guest of this.guests(name)) {
      if (!mayTellAdmitted(this.federation, guest)) continue;
      this.happens({ type: "guest-told-admitted", site: zone(name), vmId: guest.vmId, key: guest.acceptedKey ?? "" });
    }
    return this;
  }

  /** The SuperLink says this of every key it was told; `except` says otherwise of some. */
  sees(status: NodeEntry["status"], except: Readonly<Record<string, NodeEntry["status"]>> = {}): this {
    const { zone: name } = coordinatorOf(this.federation);
    const nodes = admittedKeys(this.federation).map(({ key }, nth) => ({
      key,
      nodeId: String(nth + 1),
      status: except[key] ?? status,
    }));
    return this.says(name, { FL_NODES: encodeNodeList(nodes) }).observes(name);
  }

  /** All approved sites are up. */
  running(): this {
    if (this.federation.trustedAt === null) this.trusted();
    for (const site of trainingSitesOf(this.federation)) {
      if (site.standing === "approved" && site.run === null) this.joins(site.zone);
    }
    return this;
  }
}

export const certificateFingerprint = (serial: number): string =>
  Array.from({ length: 32 }, () => String(serial).padStart(2, "0")).join(":");
