import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HOME_CHANNEL, zone } from "../../builders/decision-context.ts";
import { aFederation } from "../../builders/federation.ts";
import { channel, DIRECT, OUTSIDER, openBench, owner, RANDOM, REQUESTER, STRANGER } from "../bench.ts";

const NO_SUCH = "There is no federation of that name";

describe("/flower", () => {
  it("answers help, and help to words it does not know, to the person alone", async (context) => {
    const { control, whispered } = await openBench(context);
    await control.command({ person: OUTSIDER, channel: RANDOM, text: "" });
    assert.ok(!(await whispered(OUTSIDER, "/flower status")).includes("deploy-site"), "which is not theirs to ask for");
    await control.command({ person: REQUESTER, channel: HOME_CHANNEL, text: "dance now" });
    await whispered(REQUESTER, "I do not know that word");
  });

  it("refuses a federation in a direct message and where the bot is not a member", async (context) => {
    const { control, whispered } = await openBench(context);
    await control.command({ person: REQUESTER, channel: DIRECT, text: "deploy-site" });
    await whispered(REQUESTER, "A federation needs a channel");
    await control.command({ person: REQUESTER, channel: RANDOM, text: "deploy-site" });
    await whispered(REQUESTER, "I am not a member of this channel");
  });

  it("lets only those ask for a federation whom the configuration names", async (context) => {
    const { control, whispered } = await openBench(context);
    await control.command({ person: STRANGER, channel: HOME_CHANNEL, text: "deploy-site" });
    await whispered(STRANGER, "You are not among those who may ask");
  });

  it("lets members of an allowed channel ask, wherever they type", async (context) => {
    const policy = aFederation().context.policy;
    const { control, modal } = await openBench(context, {
      context: { policy: { ...policy, requesters: { people: [], channels: [HOME_CHANNEL] } } },
    });
    await control.command({ person: STRANGER, channel: channel("beta"), text: "deploy-site" });
    assert.equal((await modal(STRANGER)).callbackId, "deploy-site");
  });

  it("shows status to members of the home and zone channels, and to others what an unknown name gets", async (context) => {
    const { control, whispered, whispers } = await openBench(context, { story: aFederation().running() });
    await control.command({ person: REQUESTER, channel: HOME_CHANNEL, text: "status tumour-study" });
    const shown = await whispered(REQUESTER, "Federation tumour-study");
    assert.match(shown, /2 of 2 SuperNodes online/);
    assert.match(shown, /certificate is valid until/);
    await control.command({ person: OUTSIDER, channel: RANDOM, text: "status tumour-study" });
    await whispered(OUTSIDER, NO_SUCH);
    await control.command({ person: OUTSIDER, channel: RANDOM, text: "status no-such-thing" });
    await control.until("two answers", async () => ((await whispers(OUTSIDER)).length === 2 ? true : undefined));
    const [one, other] = await whispers(OUTSIDER);
    assert.equal(one, other);
    await control.command({ person: OUTSIDER, channel: RANDOM, text: "status" });
    await whispered(OUTSIDER, "There is no federation that you can see here");
  });

  it("leads from a status to the federation's card and to those on which owners are to decide", async (context) => {
    const { control, whispered, read } = await openBench(context, { story: aFederation().planned() });
    const home = await read(HOME_CHANNEL, "Waiting for approvals");
    const beta = await read(channel("beta"), "asks to run");
    await control.command({ person: REQUESTER, channel: HOME_CHANNEL, text: "status tumour-study" });
    const shown = await whispered(REQUESTER, "In Slack:");
    const linkOf = ({ channel: id, ts }: { channel: string; ts: string }) => `/archives/${id}/p${ts.replace(".", "")}`;
    assert.ok(shown.includes(`its card and thread (https://thost.slack.com${linkOf(home)})`), shown);
    assert.ok(shown.includes(`what beta is asked (https://thost.slack.com${linkOf(beta)})`), shown);
  });

  it("shows the zones with their owners and what is missing, without the zones' own detail", async (context) => {
    const looks = [
      { zone: zone("alpha"), version: "7.4.0", problems: [] },
      {
        zone: zone("beta"),
        version: null,
        problems: [{ code: "zone-tls" as const, detail: "https://secret.example" }],
      },
    ];
    const { control, whispered } = await openBench(context, { looks });
    await control.command({ person: REQUESTER, channel: HOME_CHANNEL, text: "zones" });
    const answer = await whispered(REQUESTER, "OpenNebula 7.4.0");
    assert.match(answer, /The TLS connection to the zone failed/);
    assert.ok(answer.includes("@alpha-1"));
    assert.ok(!answer.includes("secret.example"));
  });

  it("shows the zones to those who ask for federations or own a zone, and to nobody else", async (context) => {
    const { control, whispered } = await openBench(context);
    await control.command({ person: OUTSIDER, channel: RANDOM, text: "zones" });
    await whispered(OUTSIDER, "Only those who may ask for a federation, and the owners of zones");
  });

  it("takes words as people type them", async (context) => {
    const { control, whispered } = await openBench(context, { story: aFederation().running() });
    await control.command({ person: REQUESTER, channel: HOME_CHANNEL, text: "Status `tumour-study`." });
    await whispered(REQUESTER, "Federation tumour-study");
  });

  it("asks every owner for a teardown, for whoever may know of the federation", async (context) => {
    const { control, whispered, read } = await openBench(context, { story: aFederation().running() });
    await control.command({ person: OUTSIDER, channel: RANDOM, text: "teardown tumour-study" });
    await whispered(OUTSIDER, NO_SUCH);
    await control.command({ person: REQUESTER, channel: HOME_CHANNEL, text: "teardown" });
    await whispered(REQUESTER, "Say which one");
    await control.command({ person: REQUESTER, channel: HOME_CHANNEL, text: "teardown tumour-study" });
    await whispered(REQUESTER, "The owners are asked to tear down");
    await read(channel("beta"), "to end this federation");
  });

  it("adds a site to a federation that is named", async (context) => {
    const story = aFederation().running();
    const { control, whispered, modal } = await openBench(context, { story });
    await control.command({ person: REQUESTER, channel: HOME_CHANNEL, text: "deploy-site no-such-thing" });
    await whispered(REQUESTER, NO_SUCH);
    await control.command({ person: REQUESTER, channel: HOME_CHANNEL, text: "deploy-site tumour-study" });
    assert.equal((await modal(REQUESTER)).title, "Add a site");
  });
});

describe("@florist", () => {
  it("answers status privately to a member of another organisation", async (context) => {
    const { control, whispered, messages } = await openBench(context, { story: aFederation().running() });
    await control.mention({ person: owner("beta"), channel: channel("beta"), text: "status tumour-study" });
    await whispered(owner("beta"), "Federation tumour-study");
    const said = (await messages(channel("beta"))).filter(
      ({ isBot, text }) => isBot && text.includes("certificate is valid"),
    );
    assert.deepEqual(said, []);
  });

  it("does not send people to a command that they may not have", async (context) => {
    const { control, whispered } = await openBench(context);
    await control.mention({ person: owner("beta"), channel: HOME_CHANNEL, text: "Status." });
    const answer = await whispered(owner("beta"), "There is no federation that you can see here");
    assert.ok(!answer.includes("deploy-site"), answer);
  });

  it("answers whoami with the pair for the zones file, of the person's own organisation", async (context) => {
    const { control, whispered } = await openBench(context);
    await control.mention({ person: owner("beta"), channel: HOME_CHANNEL, text: "whoami" });
    const answer = await whispered(owner("beta"), "This pair identifies you");
    assert.match(answer, /team: TBETA/);
    assert.match(answer, new RegExp(`user: ${owner("beta")}`));
  });

  it("answers help to anything else", async (context) => {
    const { control, whispered } = await openBench(context);
    await control.mention({ person: owner("beta"), channel: HOME_CHANNEL, text: "hello there" });
    await whispered(owner("beta"), "@florist whoami");
  });
});

describe("the form", () => {
  it("shows every mistake at once, each on its field", async (context) => {
    const bench = await openBench(context);
    await bench.control.command({ person: REQUESTER, channel: HOME_CHANNEL, text: "deploy-site" });
    const { viewId } = await bench.modal(REQUESTER);
    await bench.control.fill({
      person: REQUESTER,
      viewId,
      values: { addressKind: "given", training: ["alpha", "beta"] },
    });
    await bench.control.until("the field for the address", async () =>
      (await bench.modal(REQUESTER)).fields.some(({ blockId }) => blockId === "host") ? true : undefined,
    );
    const { errors } = await bench.control.submit({
      person: REQUESTER,
      viewId,
      values: {
        name: "Bad Name",
        purpose: "  ",
        coordinator: "alpha",
        host: "10.0.0.5",
        flowerVersion: "1.25.0",
        keepaliveTime: "10",
        framework: "tensorflow",
      },
    });
    assert.deepEqual(
      Object.keys(errors ?? {}).sort(),
      ["flowerVersion", "host", "keepaliveTime", "name", "purpose", "training"].sort(),
    );
    assert.equal([...bench.store.living()].length, 0);
  });

  it("asks for one federation however often Slack delivers the submission", async (context) => {
    const bench = await openBench(context);
    await bench.control.command({ person: REQUESTER, channel: HOME_CHANNEL, text: "deploy-site" });
    const { viewId } = await bench.modal(REQUESTER);
    await bench.control.fill({ person: REQUESTER, viewId, values: { coordinator: "alpha", training: ["beta"] } });
    await bench.control.settings({ twice: true });
    const { errors } = await bench.control.submit({
      person: REQUESTER,
      viewId,
      values: { name: "twice", purpose: "A trial." },
    });
    assert.deepEqual(errors ?? {}, {});
    await bench.read(HOME_CHANNEL, "Federation twice");
    assert.equal([...bench.store.living()].length, 1);
  });

  it("tells that a name is taken on the field for the name", async (context) => {
    const bench = await openBench(context, { story: aFederation() });
    await bench.control.command({ person: REQUESTER, channel: HOME_CHANNEL, text: "deploy-site" });
    const { viewId } = await bench.modal(REQUESTER);
    await bench.control.fill({ person: REQUESTER, viewId, values: { coordinator: "alpha", training: ["beta"] } });
    const { errors } = await bench.control.submit({
      person: REQUESTER,
      viewId,
      values: { name: "tumour-study", purpose: "A trial." },
    });
    assert.match(errors?.["name"] ?? "", /An active federation already uses that name/);
  });
});
