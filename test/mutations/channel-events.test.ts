/** Mutated events about channels and their members, correctly signed, seeded. Nobody decides anything by them. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import type { FederationId } from "../../src/federation/model/identity.ts";
import { HOME_CHANNEL, ownerOf, zone } from "../builders/decision-context.ts";
import { aFederation } from "../builders/federation.ts";
import {
  type Bench,
  BOT_USER,
  channel,
  DIRECT,
  openBench,
  owner,
  RANDOM,
  REQUESTER,
  STRANGER,
} from "../slack/bench.ts";
import { HOST } from "../slack/workspace-seed.ts";
import { Dice, inputs, mutatedText, ODD_TEXTS, reshaped, SEED } from "./mutation.ts";

const EVENTS = inputs(0.03);
const SECRETS = ["xoxb-test", "xapp-test", "signing-secret"];
const NAMES = ["alpha", "beta", "gamma"];

const CHANNELS = [HOME_CHANNEL, ...NAMES.map(channel), RANDOM, DIRECT, "CNOBODY1", "CNOBODY2", "GNOBODY3"];
const PEOPLE = [REQUESTER, STRANGER, BOT_USER, owner("beta"), owner("alpha", 2)];
const TEAMS = [HOST, ownerOf("beta").team, ownerOf("gamma").team, "TNOBODY"];
const ODD = [...ODD_TEXTS, ...CHANNELS, ...PEOPLE, ...TEAMS, 7, -1, 1e300, true, null, [], {}];

/** Each as Slack documents it; the app listens to some of them only. */
function usual(dice: Dice): Record<string, unknown> {
  const at = { channel: dice.of(CHANNELS), event_ts: `${1_764_000_000 + dice.below(1000)}.000100` };
  const member = { ...at, user: dice.of(PEOPLE), channel_type: dice.of(["C", "G"]), team: dice.of(TEAMS) };
  const moved = { ...at, user: dice.of(PEOPLE), is_moved: 0 };
  return dice.of([
    { type: "channel_id_changed", old_channel_id: at.channel, new_channel_id: dice.of(CHANNELS), ...at },
    { type: "channel_id_changed", old_channel_id: at.channel, new_channel_id: `CNEW${dice.below(50)}` },
    { type: "member_joined_channel", inviter: dice.of(PEOPLE), ...member },
    { type: "member_left_channel", ...member },
    { type: "channel_archive", ...moved },
    { type: "channel_unarchive", ...moved },
    { type: "group_archive", ...moved },
    { type: "group_unarchive", ...moved },
    { type: "channel_shared", connected_team_id: dice.of(TEAMS), ...at },
    { type: "channel_unshared", previously_connected_team_id: dice.of(TEAMS), is_ext_shared: false, ...at },
    { type: "channel_left", ...at },
    { type: "channel_deleted", ...at },
    { type: "channel_rename", channel: { id: at.channel, name: "renamed", created: 1_764_000_000 } },
  ]);
}

const record = z.record(z.string(), z.unknown());

/** As Slack delivers it, odd inside the event, around it, or in its text. */
function delivery(dice: Dice, nth: number): string {
  const event = usual(dice);
  const inside = dice.below(3) === 0 ? event : (record.safeParse(reshaped(dice, event, ODD)).data ?? {});
  const sent = {
    token: "unused",
    team_id: HOST,
    api_app_id: "AFLORIST",
    event: inside,
    type: "event_callback",
    event_id: `Ev${nth}`,
    event_time: 1_764_000_000,
    authorizations: [
      { enterprise_id: null, team_id: HOST, user_id: BOT_USER, is_bot: true, is_enterprise_install: false },
    ],
  };
  const text = JSON.stringify(dice.below(3) === 0 ? reshaped(dice, sent, ODD) : sent);
  return dice.below(6) === 0 ? mutatedText(dice, text, ["{", "}", '"', ",", ...ODD_TEXTS]) : text;
}

async function sends(bench: Bench, id: FederationId, body: string): Promise<void> {
  const before = bench.recorded(id).length;
  const answer = await bench.deliver({ body, contentType: "application/json" });
  assert.ok([200, 400, 401, 404].includes(answer.status), `${answer.status}`);
  for (const secret of SECRETS) assert.ok(!answer.body.includes(secret), answer.body);
  assert.equal(bench.recorded(id).length, before, "something was decided");
}

/** Slack really gives each channel another id, once: what was said falsely before must not stand in its way. */
async function renumbered(bench: Bench): Promise<ReadonlyMap<string, string>> {
  const moves = [HOME_CHANNEL, ...NAMES.map(channel)].map((from) => [from, `CTRUE${from.slice(1)}`] as const);
  for (const [from, to] of moves) await bench.control.settings({ channelId: { from, to } });
  return new Map(moves);
}

describe("a bot that is sent mutated events about channels, correctly signed,", () => {
  it(`${EVENTS} times answers each, tells no secret, shows nobody another zone's card, and decides and ends as before`, async (context) => {
    const bench = await openBench(context, { story: aFederation().planned() });
    const { id } = bench.federation();
    const dice = new Dice();
    for (let nth = 0; nth < EVENTS; nth += 1) {
      const body = delivery(dice, nth);
      await sends(bench, id, body).catch((cause: unknown) => {
        throw new Error(`event ${nth} of seed ${SEED}, ${body}: ${cause}`, { cause });
      });
    }
    for (const other of [HOME_CHANNEL, channel("gamma"), RANDOM]) {
      const said = (await bench.messages(other)).map(({ text }) => text).join("\n");
      assert.ok(!/For .*beta-1.*asks to run/.test(said), `${other} reads what beta is asked`);
    }
    const now = await renumbered(bench);
    const at = (first: string): string => now.get(first) ?? first;
    for (const name of ["beta", "gamma", "alpha"]) {
      await bench.press(owner(name), await bench.read(at(channel(name)), "asks to run"), "Approve");
      await bench.read(at(channel(name)), `@${name}-1 approved`);
      assert.equal(bench.federation().sites.get(zone(name))?.approvalState, "approved");
    }
    const said = JSON.stringify(await Promise.all([...now.values()].map((one) => bench.messages(one))));
    for (const secret of SECRETS) assert.ok(!said.includes(secret), secret);
    await bench.press(REQUESTER, await bench.read(at(HOME_CHANNEL), "tumour-study"), "Cancel the request");
    await bench.control.until("the end", async () => (bench.store.get(id)?.ended == null ? undefined : true));
  });
});
