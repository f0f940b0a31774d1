import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import type { ShownMessage } from "../../../sandbox/slack/control/control-api.ts";
import { teamId, userId } from "../../../src/federation/model/identity.ts";
import { aZone, HOME_CHANNEL, zone } from "../../builders/decision-context.ts";
import { aFederation } from "../../builders/federation.ts";
import { type Bench, channel, openBench, REQUESTER } from "../bench.ts";
import { HOST, workspaceSeed, ZONES } from "../workspace-seed.ts";

const GINA = "WGINA";
const CORP = { id: "ECORP", workspaces: ["TBETA", "TCORP2"] };

/** Beta's organisation is on Enterprise Grid, and so is the requester's own. */
function grid() {
  const seed = workspaceSeed();
  const people = seed.people.map((one) =>
    one.id === REQUESTER ? { ...one, organisation: { id: "EHOST", workspaces: [HOST] } } : one,
  );
  const workspaces = [...seed.workspaces, { id: "TCORP2", name: "Corp 2", domain: "corp2" }];
  const gina = { id: GINA, workspace: "TBETA", name: "gina", organisation: CORP };
  const channels = seed.channels.map((one) =>
    one.id === channel("beta") || one.id === HOME_CHANNEL ? { ...one, members: [...one.members, GINA] } : one,
  );
  return { ...seed, workspaces, people: [...people, gina], channels };
}

/** `team` is what the zones file says of her. */
function openGrid(context: TestContext, team: string): Promise<Bench> {
  const gina = { team: teamId.parse(team), user: userId.parse(GINA) };
  const zones = ZONES.map((name) => aZone(name, name === "beta" ? { owners: [gina] } : {}));
  const story = aFederation({ context: { sites: new Map(zones.map((one) => [one.name, one])) } }).planned();
  return openBench(context, { slack: { seed: grid() }, story });
}

describe("a person of an organisation with several workspaces", () => {
  for (const team of ["ECORP", "TBETA", "TCORP2"]) {
    it(`decides for a zone whose entry names ${team}, wherever they act from`, async (context) => {
      const bench = await openGrid(context, team);
      await bench.press(GINA, await bench.read(channel("beta"), "asks to run"), "Approve");
      await bench.read(channel("beta"), "@gina approved");
      assert.equal(bench.federation().sites.get(zone("beta"))?.approvalState, "approved");
      await bench.control.mention({ person: GINA, channel: channel("beta"), text: "whoami" });
      const pair = await bench.whispered(GINA, "This pair identifies you");
      assert.match(pair, new RegExp(`team: ${team}\\n {2}user: ${GINA}`));
    });
  }

  it("is told of the organisation where the zones file does not name them yet", async (context) => {
    const bench = await openBench(context, { slack: { seed: grid() } });
    await bench.control.mention({ person: GINA, channel: channel("beta"), text: "whoami" });
    assert.match(await bench.whispered(GINA, "This pair identifies you"), /team: ECORP/);
  });

  it("cancels by a click what they asked for with the command", async (context) => {
    const policy = aFederation().context.policy;
    const requesters = { people: [], channels: [aFederation().federation.homeChannel] };
    const bench = await openBench(context, {
      slack: { seed: grid() },
      context: { policy: { ...policy, requesters } },
    });
    await bench.control.command({ person: REQUESTER, channel: HOME_CHANNEL, text: "deploy-site" });
    const { viewId } = await bench.modal(REQUESTER);
    const values = { name: "ours", purpose: "A trial.", coordinator: "alpha", training: ["beta"] };
    await bench.control.submit({ person: REQUESTER, viewId, values });
    await bench.press(REQUESTER, await bench.read(HOME_CHANNEL, "Federation ours"), "Cancel the request");
    await bench.read(HOME_CHANNEL, "The request was cancelled");
  });
});

/** As Slack delivers it when nobody has its trigger or its address any more. */
const clickOn = ({ channel: id, ts, buttons }: ShownMessage, action: string, user: object) => ({
  body: new URLSearchParams({
    payload: JSON.stringify({
      type: "block_actions",
      user,
      team: { id: HOST },
      trigger_id: `1.2.${JSON.stringify(user)}`,
      response_url: "http://127.0.0.1:9/none",
      channel: { id },
      container: { type: "message", message_ts: ts, channel_id: id },
      actions: [{ type: "button", action_id: action, block_id: "b", action_ts: "1.1", value: buttons[0]?.value ?? "" }],
    }),
  }).toString(),
});

async function toldAlone(bench: Bench): Promise<string> {
  const call = await bench.control.until("what somebody was told", async () =>
    (await bench.control.calls()).find(({ method }) => method === "chat.postEphemeral"),
  );
  return String(call.args["text"]);
}

describe("a click of which Slack does not say whose it is", () => {
  it("counts as what Slack says of the person when it is asked, and never as ours", async (context) => {
    const story = aFederation().planned();
    const bench = await openBench(context, { story });
    const card = await bench.read(channel("beta"), "asks to run");
    await bench.deliver(clickOn(card, "approve", { id: "UBETA1" }));
    await bench.read(channel("beta"), "@beta-1 approved");
    const given = bench
      .federation()
      .sites.get(zone("beta"))
      ?.consents.map(({ by }) => by);
    assert.deepEqual(given, [{ team: "TBETA", user: "UBETA1" }]);
  });

  it("tells somebody whom Slack does not place what to do, and decides nothing", async (context) => {
    const bench = await openBench(context, { story: aFederation().planned() });
    const card = await bench.read(channel("beta"), "asks to run");
    await bench.deliver(clickOn(card, "approve", { id: "UNOBODY" }));
    assert.match(await toldAlone(bench), /did not tell the bot which organisation you belong to.*whoami/);
    assert.equal(bench.federation().sites.get(zone("beta"))?.consents.length, 0);
  });
});

describe("a click for which Slack opens nothing any more", () => {
  it("is answered with what to do, also when its own address does not answer", async (context) => {
    const bench = await openBench(context, { story: aFederation().planned() });
    const card = await bench.read(channel("beta"), "asks to run");
    await bench.deliver(clickOn(card, "see-what-runs", { id: "UBETA1", team_id: "TBETA" }));
    assert.match(await toldAlone(bench), /took too long.*Please try again/);
  });
});
