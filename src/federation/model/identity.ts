/** The names things go by. Branded, so that one kind cannot be handed over as another. */
import { z } from "zod";

/** A Slack team (workspace or organisation), `T…` or `E…`. */
export const teamId = z
  .string()
  .regex(/^[TE][A-Z0-9]{2,}$/, "must be a Slack team id such as T0123ABCD")
  .brand("TeamId");
export type TeamId = z.infer<typeof teamId>;

/** A Slack user, `U…` or `W…`. Only the pair with a team id identifies a person. */
export const userId = z
  .string()
  .regex(/^[UW][A-Z0-9]{2,}$/, "must be a Slack user id such as U0123ABCD")
  .brand("UserId");
export type UserId = z.infer<typeof userId>;

/** A Slack channel, `C…` or `G…`; never a DM. */
export const channelId = z
  .string()
  .regex(/^[CG][A-Z0-9]{2,}$/, "must be a Slack channel id such as C0123ABCD")
  .brand("ChannelId");
export type ChannelId = z.infer<typeof channelId>;

/** A zone's name in the zones file, as people read it. */
export const zoneName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,30}$/, "must be 1 to 31 of a-z, 0-9 and -, starting with a letter or digit")
  .brand("ZoneName");
export type ZoneName = z.infer<typeof zoneName>;

/** A site's name: that of its zone, or `zone/site` where the zone has several. */
export const siteName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{0,30}(\/[a-z0-9][a-z0-9-]{0,30})?$/,
    "must be a zone's name, or zone/site, each 1 to 31 of a-z, 0-9 and -, starting with a letter or digit",
  )
  .brand("SiteName");
export type SiteName = z.infer<typeof siteName>;

/** The zone that a site is in. */
export const zoneOf = (site: SiteName): ZoneName => zoneName.parse(site.split("/", 1)[0]);

/** The site that has its zone's own name: what coordinates there, and what trains where the zone has one training site. */
export const siteOfZone = (zone: ZoneName): SiteName => siteName.parse(zone);

/** A site of a zone that has several. */
export const siteIn = (zone: ZoneName, site: string): SiteName => siteName.parse(`${zone}/${site}`);

/** As guests, shells and OpenNebula's names take it: `zone.site`. A zone's name holds no dot, so it is one site's only. */
export const siteCode = (site: SiteName): string => site.replace("/", ".");

/** A federation's random id, for ever unique. */
export const federationId = z
  .string()
  .regex(/^f[a-z0-9]{11}$/, "must be f and 11 of a-z and 0-9")
  .brand("FederationId");
export type FederationId = z.infer<typeof federationId>;

/** A federation's name as people type it; unique among living federations. */
export const slug = z
  .string()
  .regex(/^[a-z][a-z0-9-]{1,30}$/, "must be 2 to 31 of a-z, 0-9 and -, starting with a letter")
  .brand("Slug");
export type Slug = z.infer<typeof slug>;

/** The opaque id a button carries. It says nothing and is worth nothing: who may act is looked up. */
export const cardId = z
  .string()
  .regex(/^k[a-z0-9]{15}$/)
  .brand("CardId");
export type CardId = z.infer<typeof cardId>;

/** SHA-256 over the canonical form of a site's plan, 64 hex digits. */
export const digest = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .brand("Digest");
export type Digest = z.infer<typeof digest>;

export const person = z.strictObject({ team: teamId, user: userId });
/** Who someone is: the pair, never a name or an e-mail address. */
export type Person = z.infer<typeof person>;

export const samePerson = (one: Person, other: Person): boolean => one.team === other.team && one.user === other.user;
