import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ACTION, VIEW } from "../../../src/slack/names.ts";
import { aZone, HOME_CHANNEL, sitesOf, zone } from "../../builders/decision-context.ts";
import { aFederation } from "../../builders/federation.ts";
import { type Bench, BOT_USER, channel, openBench, owner, REQUESTER } from "../bench.ts";
import { HOST } from "../workspace-seed.ts";

/** The requester's choice of training zones, at a second of Slack's clock. */
function chosen(viewId: string, training: readonly string[], second: number): string {
  const options = training.map((value) => ({ text: { type: "plain_text", text: value }, value }));
  const state = {
    values: { training: { [ACTION.trainingChosen]: { type: "checkboxes", selected_options: options } } },
  };
  const payload = {
    type: "block_actions",
    user: { id: REQUESTER, team_id: HOST },
    team: { id: HOST },
    trigger_id: `1.${second}`,
    view: {
      id: viewId,
      callback_id: VIEW.deploySite,
      hash: "1.a",
      private_metadata: JSON.stringify({ channel: HOME_CHANNEL }),
      state,
    },
    actions: [{ type: "checkboxes", block_id: "training", action_id: ACTION.trainingChosen, action_ts: `${second}.0` }],
  };
  return new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
}

describe("deploy-site", () => {
  it("turns one form into a card in the home channel and one in each zone's channel", async (context) => {
    const bench = await openBench(context);
    const { control } = bench;
    const typed = await control.command({ person: REQUESTER, channel: HOME_CHANNEL, text: "deploy-site" });
    assert.equal(typed.problem, undefined);
    const { viewId } = await bench.modal(REQUESTER);
    await control.fill({
      person: REQUESTER,
      viewId,
      values: { name: "spring-trial", purpose: "A trial.", coordinator: "alpha", training: ["beta", "gamma"] },
    });
    const form = await control.until("fields for the SuperNodes", async () => {
      const view = await bench.modal(REQUESTER);
      return view.fields.some(({ blockId }) => blockId === "superNodes:gamma") ? view : undefined;
    });
    assert.deepEqual(
      form.fields
        .map(({ blockId, value }) => [blockId, value])
        .filter(([block]) => String(block).startsWith("superNodes")),
      [
        ["superNodes:beta", "2"],
        ["superNodes:gamma", "2"],
      ],
    );
    const submitted = await control.submit({ person: REQUESTER, viewId, values: { "superNodes:gamma": "3" } });
    assert.deepEqual(submitted.errors ?? {}, {});
    await bench.read(HOME_CHANNEL, "The zones are being looked at");
    await bench.happens({
      type: "authority-created",
      generation: 1,
      fingerprint: "AA:BB",
      certificate: "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n",
      expiresAt: "2027-03-02T08:00:00.000Z",
    });
    await bench.plans();
    await bench.read(HOME_CHANNEL, "Waiting for approvals");
    const asked = await bench.read(channel("gamma"), "3 SuperNodes");
    await bench.press(owner("gamma"), asked, "Approve");
    await bench.read(channel("gamma"), "approved");
    const site = [...bench.federation().sites.values()].find(({ zone }) => zone === "gamma");
    assert.equal(site?.approvalState, "approved");
  });

  const filled = async (bench: Bench): Promise<string> => {
    await bench.control.command({ person: REQUESTER, channel: HOME_CHANNEL, text: "deploy-site" });
    const { viewId } = await bench.modal(REQUESTER);
    const values = { name: "spring-trial", purpose: "A trial.", coordinator: "alpha", training: ["beta"] };
    await bench.control.fill({ person: REQUESTER, viewId, values });
    return viewId;
  };

  it("looks again when the form is submitted: where the bot is no member any more nothing is asked for", async (context) => {
    const bench = await openBench(context);
    const viewId = await filled(bench);
    await bench.control.settings({ membership: { channel: HOME_CHANNEL, person: BOT_USER, member: false } });
    await bench.control.submit({ person: REQUESTER, viewId });
    assert.match((await bench.modal(REQUESTER)).text, /I am not a member of this channel\. Invite me/);
    assert.deepEqual([...bench.store.living()], []);
  });

  it("looks again when the form is submitted: in an archived channel nothing is asked for", async (context) => {
    const bench = await openBench(context);
    const viewId = await filled(bench);
    await bench.control.settings({ archive: { channel: HOME_CHANNEL, archived: true } });
    await bench.control.submit({ person: REQUESTER, viewId });
    assert.match((await bench.modal(REQUESTER)).text, /This channel is archived.*Unarchive it/);
    assert.deepEqual([...bench.store.living()], []);
  });

  it("looks again when the form is submitted: a zone that has left the zones file is told on its field", async (context) => {
    const zones = sitesOf(["alpha", "beta", "gamma"].map((name) => aZone(name)));
    const bench = await openBench(context, { story: aFederation({ context: { sites: zones } }) });
    const viewId = await filled(bench);
    zones.delete(zone("beta"));
    const { errors } = await bench.control.submit({ person: REQUESTER, viewId });
    assert.match(errors?.["training"] ?? "", /no site beta/);
    assert.equal([...bench.store.living()].length, 1);
  });

  it("shows what was chosen last, also when Slack delivers an earlier choice after it", async (context) => {
    const bench = await openBench(context);
    await bench.control.command({ person: REQUESTER, channel: HOME_CHANNEL, text: "deploy-site" });
    const { viewId } = await bench.modal(REQUESTER);
    const choose = (...training: string[]) => bench.deliver({ body: chosen(viewId, training, training.length) });
    await choose("beta", "gamma");
    await choose("beta");
    const blocks = (await bench.modal(REQUESTER)).fields.map(({ blockId }) => blockId);
    assert.deepEqual(
      blocks.filter((block) => block.startsWith("superNodes")),
      ["superNodes:beta", "superNodes:gamma"],
    );
  });

  it("asks no owner before the federation's card stands", async (context) => {
    const bench = await openBench(context, {
      story: aFederation().planned(),
      prepare: (control) =>
        control.settings({ membership: { channel: HOME_CHANNEL, person: BOT_USER, member: false } }),
    });
    await bench.settled();
    for (const name of ["alpha", "beta", "gamma"]) assert.deepEqual(await bench.messages(channel(name)), []);
    await bench.control.settings({ membership: { channel: HOME_CHANNEL, person: BOT_USER, member: true } });
    await bench.tell({ type: "member_joined_channel", channel: HOME_CHANNEL, user: BOT_USER });
    await bench.read(HOME_CHANNEL, "Waiting for approvals");
    await bench.read(channel("beta"), "asks to run");
  });
});
