/** Looks at the Slack side of a configuration: tokens first, then all channels and people that it names. */
import { isDeepStrictEqual } from "node:util";
import type { Configuration } from "../config/configuration.ts";
import type { ChannelId } from "../federation/model/identity.ts";
import type { SiteProfile } from "../federation/model/policy.ts";
import type { ChannelIds } from "../federation/ports.ts";
import { channelCheck, type NamedChannel, ownersCheck, type ZoneOwners } from "./channel-checks.ts";
import { type Check, notLookedAt } from "./check.ts";
import { everybodyIsThere, type NamedPerson, personFault } from "./people-checks.ts";
import { appTokenCheck, botTokenChecks, deliveryOverHttp, isTokenRefused } from "./slack-checks.ts";
import { type Asked, type PersonFacts, type SlackLook, slackLook } from "./slack-look.ts";

export interface SlackExamination {
  readonly configuration: Configuration;
  /** Scopes of the app's manifest. */
  readonly needed: readonly string[];
  readonly channels: Pick<ChannelIds, "newest">;
  readonly onDate: (date: string) => void;
}

export async function examineSlack(examination: SlackExamination): Promise<readonly Check[]> {
  const { configuration, needed, channels, onDate } = examination;
  const { slack } = configuration;
  const look = slackLook({ botToken: slack.botToken, apiUrl: slack.apiUrl, onDate });
  const identity = await look.identity();
  const token = botTokenChecks(identity, needed, slack.apiUrl);
  if (!identity.ok) {
    const isThere = isTokenRefused(identity.failure);
    const delivery = isThere ? [await deliveryCheck(configuration, look)] : [];
    return [...token, ...delivery, unasked(isThere ? "Slack does not take the bot token" : "Slack does not answer")];
  }
  const named = peopleOf(configuration);
  const [delivery, people] = await Promise.all([deliveryCheck(configuration, look), askedAll(named, look)]);
  const home = identity.value.teams;
  return [
    ...token,
    delivery,
    ...peopleChecks(named, people),
    ...(await channelChecks(configuration, { look, channels, people, home })),
  ];
}

const unasked = (because: string): Check =>
  notLookedAt({ code: "channel", subject: "zones file" }, "Channels and people were", because);

const deliveryCheck = async ({ slack: { delivery, apiUrl } }: Configuration, look: SlackLook): Promise<Check> =>
  delivery.kind === "http" ? deliveryOverHttp : appTokenCheck(await look.connection(delivery.appToken), apiUrl);

type People = ReadonlyMap<string, Asked<PersonFacts>>;

const askedAll = async (named: readonly NamedPerson[], look: SlackLook): Promise<People> =>
  new Map(
    await Promise.all(
      [...new Set(named.map(({ user }) => user))].map(async (user) => [user, await look.person(user)] as const),
    ),
  );

/** A person counts once, with the first thing that they are named as. */
function peopleOf({ sites, policy }: Configuration): readonly NamedPerson[] {
  const owners = [...sites.values()].flatMap((site) =>
    site.owners.map((owner) => ({ ...owner, as: `owner of ${site.name}` })),
  );
  const requesters = policy.requesters.people.map((one) => ({ ...one, as: "requester" }));
  const all = [...owners, ...requesters].map((one) => [`${one.team} ${one.user}`, one] as const);
  return [...new Map(all.toReversed()).values()].toReversed();
}

function peopleChecks(named: readonly NamedPerson[], people: People): readonly Check[] {
  const faults = named.flatMap((one) => {
    const asked = people.get(one.user);
    const found = asked === undefined ? null : personFault(one, asked);
    return found === null ? [] : [found];
  });
  return faults.length > 0 ? faults : [everybodyIsThere(named.length)];
}

interface ChannelLooking {
  readonly look: SlackLook;
  readonly channels: SlackExamination["channels"];
  readonly people: People;
  /** The installing team's ids. */
  readonly home: readonly string[];
}

async function channelChecks(
  { sites, policy }: Configuration,
  { look, channels, people, home }: ChannelLooking,
): Promise<readonly Check[]> {
  const named = (id: ChannelId, as: string): NamedChannel => ({ id, now: channels.newest(id), as });
  const ofRequesters = policy.requesters.channels.map(async (id): Promise<readonly Check[]> => {
    const channel = named(id, "where requesters are");
    return [channelCheck(channel, await look.channel(channel.now))];
  });
  const ofSites = [...sitesByChannel(sites.values())].map(async ([id, own]): Promise<readonly Check[]> => {
    const channel = named(id, `channel of ${own.map(({ name }) => name).join(", ")}`);
    const asked = await look.channel(channel.now);
    const check = channelCheck(channel, asked);
    if (!asked.ok || check.verdict === "fault") return [check];
    const seen = { facts: asked.value, members: await look.members(channel.now), home };
    return [check, ...own.map((site) => ownersCheck(ownersOf(site, people), channel, seen))];
  });
  return (await Promise.all([...ofRequesters, ...ofSites])).flat();
}

/** Of the sites that the same people decide for in the same channel, the first speaks for all. */
function sitesByChannel(sites: Iterable<SiteProfile>): ReadonlyMap<ChannelId, readonly SiteProfile[]> {
  const byChannel = new Map<ChannelId, readonly SiteProfile[]>();
  for (const site of sites) {
    const known = site.channel === null ? [] : (byChannel.get(site.channel) ?? []);
    if (site.channel === null || known.some((other) => isDecidedAlike(site, other))) continue;
    byChannel.set(site.channel, [...known, site]);
  }
  return byChannel;
}

const isDecidedAlike = (one: SiteProfile, other: SiteProfile): boolean =>
  one.zone === other.zone && one.quorum === other.quorum && isDeepStrictEqual(one.owners, other.owners);

/** Those about whom nothing else has to be said first. */
const ownersOf = ({ name, quorum, owners }: SiteProfile, people: People): ZoneOwners => ({
  zone: name,
  quorum,
  owners: owners.flatMap((owner) => {
    const asked = people.get(owner.user);
    const isThere = asked?.ok === true && personFault({ ...owner, as: "" }, asked) === null;
    return isThere ? [{ user: owner.user, teams: asked.value.teams }] : [];
  }),
});
