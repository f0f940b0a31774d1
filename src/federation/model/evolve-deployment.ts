/** The half of `evolve` that follows a site's run: services, guests, certificates, keys. */
import type { EventOf, FederationEvent } from "./events.ts";
import { removing, withSite } from "./site-change.ts";
import type { Federation, Guest, Run, Site } from "./state.ts";
import { hasTerminalFailure } from "./terminal-failure.ts";

type GuestEvent = EventOf<
  | "guest-seen"
  | "certificate-issued"
  | "certificate-delivered"
  | "key-accepted"
  | "key-refused"
  | "guest-told-admitted"
  | "coordinator-verified"
  | "key-revoked"
>;

type RunEvent =
  | GuestEvent
  | EventOf<
      | "attempt-started"
      | "template-intended"
      | "template-registered"
      | "service-intended"
      | "service-created"
      | "guests-verified"
      | "admissions-delivered"
      | "site-status-changed"
      | "site-failed"
      | "retry-asked"
      | "twin-found"
      | "removal-delayed"
      | "service-removed"
    >;

export function evolveDeployment(
  federation: Federation,
  event: Extract<FederationEvent, RunEvent>,
  at: string,
): Federation {
  switch (event.type) {
    case "admissions-delivered":
      return { ...federation, admissions: event };
    case "coordinator-verified":
      return { ...federation, trustedAt: federation.trustedAt ?? at, verifiedVm: event.vmId };
    case "key-accepted": {
      const { key, publicKey, site, vmId } = event;
      const keys = new Map(federation.keys).set(key, { key, publicKey, site, vmId, revoked: false });
      return changeGuest({ ...federation, keys }, event, (guest) => ({
        ...guest,
        acceptedKey: key,
        toldAdmitted: guest.toldAdmitted && guest.acceptedKey === key,
      }));
    }
    case "key-revoked": {
      const known = federation.keys.get(event.key);
      if (known === undefined) return federation;
      const keys = new Map(federation.keys).set(event.key, { ...known, revoked: true });
      return changeRun({ ...federation, keys }, event.site, withRoom);
    }
    case "guest-seen":
      return changeRun(federation, event.site, (run) => ({
        ...run,
        guests: new Map(run.guests).set(event.vmId, seen(run.guests.get(event.vmId), event, at)),
      }));
    case "certificate-issued": {
      const { serial, fingerprint, certificate, expiresAt, request } = event;
      const issued = { serial, fingerprint, certificate, issuedAt: at, expiresAt, request, delivered: false };
      return changeGuest(federation, event, (guest) => ({
        ...guest,
        certificate: issued,
        previousFingerprints:
          guest.certificate === null
            ? guest.previousFingerprints
            : [...guest.previousFingerprints, guest.certificate.fingerprint],
      }));
    }
    case "certificate-delivered":
      return changeGuest(federation, event, (guest) => ({
        ...guest,
        certificate: guest.certificate === null ? null : { ...guest.certificate, delivered: true },
      }));
    case "key-refused":
      return changeGuest(federation, event, (guest) => ({
        ...guest,
        refusedKeys: [...guest.refusedKeys, { key: event.key, code: event.reason.code }],
      }));
    case "guest-told-admitted":
      return changeGuest(federation, event, (guest) => ({ ...guest, toldAdmitted: true }));
    case "attempt-started": {
      // A new SuperLink knows nobody yet, whatever the one before it said.
      const fresh = federation.sites.get(event.site)?.role === "coordinator" ? { nodes: [], admissions: null } : {};
      return withSite({ ...federation, ...fresh, problems: withoutSite(federation, event.site) }, event.site, (site) =>
        evolveSiteRun(site, event, at),
      );
    }
    default:
      return withSite(federation, event.site, (site) => evolveSiteRun(site, event, at));
  }
}

type SiteRunEvent = Exclude<RunEvent, GuestEvent | EventOf<"admissions-delivered">>;

function evolveSiteRun(site: Site, event: SiteRunEvent, at: string): Site {
  switch (event.type) {
    case "attempt-started":
      return { ...site, attempts: event.attempt, run: newRun(event.attempt, at), status: null, online: 0 };
    case "template-intended":
      return inRun(site, { templateName: event.name });
    case "template-registered":
      return inRun(site, { templateId: event.templateId });
    case "service-intended":
      return { ...inRun(site, { tag: event.tag, intendedAt: at }), sequences: event.sequence };
    case "service-created":
      return inRun(site, { serviceId: event.serviceId, createdAt: at });
    case "guests-verified":
      return site.run === null ? site : { ...site, run: { ...site.run, guests: verified(site.run, event.vmIds) } };
    case "site-failed":
      return inRun(site, { failure: { reason: event.reason, at } });
    case "retry-asked":
      return { ...removing(site, "retry", at), status: null, online: 0 };
    case "site-status-changed": {
      const heals = event.status === "up" && site.run !== null && !hasTerminalFailure(site.run);
      const healed = heals ? inRun(site, { failure: null }) : site;
      return { ...healed, status: event.status, online: event.online };
    }
    case "twin-found":
      return {
        ...site,
        removals: [...site.removals, { serviceId: event.serviceId, cause: "twin", since: at, delayed: null }],
      };
    case "removal-delayed":
      return {
        ...site,
        removals: site.removals.map((removal) =>
          removal.serviceId === event.serviceId ? { ...removal, delayed: event.reason } : removal,
        ),
      };
    case "service-removed":
      return {
        ...site,
        removals: site.removals.filter(({ serviceId }) => serviceId !== event.serviceId),
        removed: [...site.removed, event.serviceId],
      };
  }
}

const withoutSite = ({ problems }: Federation, zone: Site["zone"]): Federation["problems"] =>
  problems.filter(({ site }) => site !== zone);

function newRun(attempt: number, at: string): Run {
  return {
    attempt,
    startedAt: at,
    templateName: null,
    templateId: null,
    tag: null,
    intendedAt: null,
    serviceId: null,
    createdAt: null,
    guests: new Map(),
    failure: null,
  };
}

const inRun = (site: Site, change: Partial<Run>): Site =>
  site.run === null ? site : { ...site, run: { ...site.run, ...change } };

function changeRun(federation: Federation, zone: Site["zone"], change: (run: Run) => Run): Federation {
  return withSite(federation, zone, (site) => (site.run === null ? site : { ...site, run: change(site.run) }));
}

function changeGuest(
  federation: Federation,
  event: { site: Site["zone"]; vmId: number },
  change: (guest: Guest) => Guest,
): Federation {
  return changeRun(federation, event.site, (run) => {
    const guest = run.guests.get(event.vmId);
    return guest === undefined ? run : { ...run, guests: new Map(run.guests).set(event.vmId, change(guest)) };
  });
}

/** One key fewer is admitted, so those that were too many may be judged again. */
function withRoom(run: Run): Run {
  const guests = [...run.guests].map(([vmId, guest]): [number, Guest] => [
    vmId,
    { ...guest, refusedKeys: guest.refusedKeys.filter(({ code }) => code !== "key-surplus") },
  ]);
  return { ...run, guests: new Map(guests) };
}

function seen(before: Guest | undefined, event: EventOf<"guest-seen">, at: string): Guest {
  const { vmId, sighting } = event;
  if (before === undefined) {
    return {
      vmId,
      sighting,
      seenAt: at,
      stageSince: at,
      certificate: null,
      previousFingerprints: [],
      acceptedKey: null,
      refusedKeys: [],
      toldAdmitted: false,
      verified: false,
    };
  }
  return {
    ...before,
    sighting,
    seenAt: at,
    stageSince: before.sighting.stage === sighting.stage ? before.stageSince : at,
  };
}

function verified(run: Run, vmIds: readonly number[]): Run["guests"] {
  const guests = new Map(run.guests);
  for (const vmId of vmIds) {
    const guest = guests.get(vmId);
    if (guest !== undefined) guests.set(vmId, { ...guest, verified: true });
  }
  return guests;
}
