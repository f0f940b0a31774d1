/** What must hold between the parts of the zones file about those who decide, and where they read: zone by zone, site by site. */
import { z } from "zod";
import type { Finding, Path } from "./mistake.ts";
import { TRAIN_REMEDY, zoneEntry } from "./zone-entry.ts";
import { type Rule, zoneRule, zonesIn } from "./zone-rule.ts";
import { zonesFile } from "./zones-file.ts";

const zoneShape = z.object(zoneEntry.shape);
const departments = z.object({ train: z.object({ sites: z.record(z.string(), z.unknown()) }) });

/** The zone's entry itself and each of its sites', where it has several. */
function placesOf(entry: unknown): readonly { readonly path: Path; readonly entry: unknown; readonly site: string }[] {
  const several = departments.safeParse(entry);
  const sites = several.success ? Object.entries(several.data.train.sites) : [];
  return [
    { path: [], entry, site: "" },
    ...sites.map(([site, own]) => ({ path: ["train", "sites", site], entry: own, site })),
  ];
}

/** A rule about each place that has a say of its own in what `part` takes. */
function placeRule<T>(part: z.ZodType<T>, check: (place: T) => readonly Finding[]): Rule {
  return zoneRule(z.unknown(), (zone) =>
    placesOf(zone).flatMap(({ path, entry }) => {
      const place = part.safeParse(entry);
      if (!place.success) return [];
      return check(place.data).map((finding) => ({ ...finding, path: [...path, ...finding.path] }));
    }),
  );
}

const noOwnerTwice = placeRule(zoneShape.pick({ owners: true }), ({ owners }) => {
  const seen = new Set<string>();
  return owners.flatMap(({ team, user }, index) => {
    const pair = `${team} ${user}`;
    if (!seen.has(pair)) {
      seen.add(pair);
      return [];
    }
    return [
      { path: ["owners", index], problem: "names an owner a second time", remedy: "Remove it: an owner has one vote." },
    ];
  });
});

const counted = z.object({ owners: z.array(z.unknown()).optional(), quorum: z.int().optional() });

/** A site that names owners and no quorum has its zone's, and the other way round. */
const enoughOwners = zoneRule(z.unknown(), (zone) => {
  const ofZone = counted.safeParse(zone).data;
  return placesOf(zone).flatMap(({ path, entry, site }): readonly Finding[] => {
    const own = counted.safeParse(entry).data;
    if (own === undefined || (site !== "" && own.owners === undefined && own.quorum === undefined)) return [];
    const owners = (own.owners ?? ofZone?.owners ?? []).length;
    const quorum = own.quorum ?? ofZone?.quorum ?? 1;
    if (quorum <= owners || owners === 0) return [];
    return [
      {
        path: [...path, own.quorum === undefined ? "owners" : "quorum"],
        problem: `asks for ${quorum} owners, and only ${owners} are named`,
        remedy: "Name more owners, or lower the quorum.",
      },
    ];
  });
});

/** An owner alone who asks could never be joined by a second one. */
const requesterNotStuck: Rule = (file) => {
  const switches = z.object({
    requesterMayApproveAlone: z.literal(false),
    requesters: zonesFile.shape.requesters,
  });
  const parsed = switches.safeParse(file);
  if (!parsed.success) return [];
  const asking = new Set(parsed.data.requesters.people.map(({ team, user }) => `${team} ${user}`));
  return placeRule(zoneShape.pick({ owners: true }), ({ owners: [owner, ...others] }) =>
    owner === undefined || others.length > 0 || !asking.has(`${owner.team} ${owner.user}`)
      ? []
      : [
          {
            path: ["owners"],
            problem: "names only somebody who may also ask, and `requesterMayApproveAlone` is false",
            remedy: "Name a second owner: what this one asks for could otherwise never be approved.",
          },
        ],
  )(file);
};

const reads = z.object({ channel: z.string() });

/** Sites of one zone may share a channel; what one zone runs is not for another. */
const ownChannel: Rule = (file) => {
  const first = new Map<string, string>();
  return zonesIn(file).flatMap(([zone, all]) =>
    placesOf(all).flatMap(({ path, entry }): readonly Finding[] => {
      const place = reads.safeParse(entry);
      if (!place.success) return [];
      const earlier = first.get(place.data.channel);
      if (earlier === undefined) first.set(place.data.channel, zone);
      if (earlier === undefined || earlier === zone) return [];
      return [
        {
          path: ["zones", zone, ...path, "channel"],
          problem: `is also the channel of ${earlier}`,
          remedy: "Give each zone a channel of its own: what one zone runs is not for the other. Or leave it out.",
        },
      ];
    }),
  );
};

const templated = z.object({
  train: z.object({ templates: z.unknown().optional(), sites: z.record(z.string(), z.unknown()).optional() }),
});
const ofItsOwn = z.object({ templates: z.unknown().optional() });

/** A zone that trains has templates, or each of its sites does. */
const templatesForAll = zoneRule(templated, ({ train: { templates, sites } }): readonly Finding[] => {
  if (templates !== undefined) return [];
  const missing = { problem: "is missing", remedy: TRAIN_REMEDY };
  if (sites === undefined) return [{ path: ["train", "templates"], ...missing }];
  return Object.entries(sites).flatMap(([site, entry]) => {
    const own = ofItsOwn.safeParse(entry);
    const isMissing = own.success && own.data.templates === undefined;
    return isMissing ? [{ path: ["train", "sites", site, "templates"], ...missing }] : [];
  });
});

const notItsZone = zoneRule(departments, ({ train: { sites } }, zone): readonly Finding[] =>
  zone in sites
    ? [
        {
          path: ["train", "sites", zone],
          problem: "is called as its zone is",
          remedy: "Choose another name: people read the zone's for what coordinates there.",
        },
      ]
    : [],
);

const through = z.object({ tunnel: z.literal("gateway") });

const gatewaysNeedTemplate = zoneRule(
  departments.extend({ gateway: z.undefined().optional() }),
  ({ train: { sites } }): readonly Finding[] =>
    Object.entries(sites).flatMap(([site, entry]) =>
      through.safeParse(entry).success
        ? [
            {
              path: ["train", "sites", site, "tunnel"],
              problem: "asks for a gateway, and the zone's `gateway` names no VM template for it",
              remedy: "Add `gateway: {template: …}` to the zone's entry, or say `tunnel: own`.",
            },
          ]
        : [],
    ),
);

export const SITE_RULES: readonly Rule[] = [
  noOwnerTwice,
  enoughOwners,
  ownChannel,
  templatesForAll,
  gatewaysNeedTemplate,
  notItsZone,
  requesterNotStuck,
];
