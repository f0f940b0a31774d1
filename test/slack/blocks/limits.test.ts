/** What many zones bring: grouped, paged or counted in words, and never refused by Slack. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkMessageBlocks, checkModal } from "../../../sandbox/slack/block-kit/check.ts";
import { connectionCard } from "../../../src/slack/blocks/connection.ts";
import { section } from "../../../src/slack/blocks/elements.ts";
import { federationCard } from "../../../src/slack/blocks/federation-card.ts";
import { addSiteForm } from "../../../src/slack/blocks/modals/add-site-form.ts";
import { deploySiteForm, EMPTY_FORM, readForm } from "../../../src/slack/blocks/modals/deploy-site-form.ts";
import { message } from "../../../src/slack/blocks/modals/modal.ts";
import { phaseOf } from "../../../src/slack/blocks/phase.ts";
import { statusAnswer } from "../../../src/slack/blocks/status.ts";
import { zonesCards } from "../../../src/slack/blocks/zones.ts";
import { messagesOf } from "../../../src/slack/projection/projection.ts";
import { requestSite } from "../../builders/commands.ts";
import { aDecisionContext, aZone, HOME_CHANNEL, ownerOf, sitesOf, zone } from "../../builders/decision-context.ts";
import { aFederation } from "../../builders/federation.ts";
import { phases, roomy } from "../phases.ts";
import { everRead, textOf } from "../reading.ts";

const ALL_PROBLEMS = [
  "zone-timeout",
  "zone-tls",
  "image-missing",
  "network-missing",
  "quota-vms",
  "quota-cpu",
  "quota-memory",
] as const;
const NOTHING_REFUSED: ReadonlySet<string> = new Set();
const names = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, nth) => `hospital${String(nth).padStart(3, "0")}`);
const zonesNamed = (count: number) =>
  sitesOf(
    names(count).map((name) =>
      aZone(name, { title: `University Hospital & Research Institute of ${name}`.padEnd(80, "x") }),
    ),
  );

function complaintsOf(blocks: unknown): string {
  const checked = checkMessageBlocks(JSON.parse(JSON.stringify(blocks)), NOTHING_REFUSED);
  return checked.ok ? "" : `${checked.error} ${JSON.stringify(checked.complaints)}`;
}

function modalComplaints(view: object): string {
  const checked = checkModal(JSON.parse(JSON.stringify(view)), NOTHING_REFUSED);
  return checked.ok ? "" : `${checked.error} ${JSON.stringify(checked.complaints)}`;
}

describe("a federation of many sites", () => {
  for (const count of [20, 21, 46, 99]) {
    it(`has a card and a status that Slack takes, with every site on them: ${count}`, () => {
      const context = aDecisionContext({ sites: zonesNamed(count) });
      const story = aFederation({ zones: names(count), context }).planned();
      for (const planBlock of [true, false]) {
        const { blocks } = federationCard(story.federation, { directory: context, planBlock });
        assert.equal(complaintsOf(blocks), "");
        const text = JSON.stringify(blocks);
        for (const name of names(count)) assert.ok(text.includes(name), name);
      }
      const { blocks } = statusAnswer(story.federation, context);
      assert.equal(complaintsOf(blocks), "");
      for (const name of names(count)) assert.ok(JSON.stringify(blocks).includes(name), name);
    });
  }

  it("says of those that differ what is theirs, and how many more there are", () => {
    const context = aDecisionContext({ sites: zonesNamed(99) });
    const story = aFederation({ zones: names(99), context });
    for (const [nth, name] of names(99).entries()) {
      const codes = ["zone-timeout", "zone-tls", "image-missing"] as const;
      story.hides(name, { code: codes[nth % 3] ?? "zone-tls", detail: "" });
    }
    story.planned();
    const { blocks } = federationCard(story.federation, { directory: context, planBlock: true });
    assert.equal(complaintsOf(blocks), "");
  });
});

describe("the form", () => {
  it("is taken with a hundred zones, and asks for the SuperNodes of many with one field", () => {
    const zones = zonesNamed(100);
    const training = names(95).map((name) => ({ site: name, superNodes: "2" }));
    const view = deploySiteForm({ ...EMPTY_FORM, training }, { channel: HOME_CHANNEL, sites: zones, running: [] });
    assert.equal(modalComplaints(view), "");
    const chosen = names(95).map((value) => ({ value }));
    const read = readForm({
      training: { "training-chosen": { selected_options: chosen } },
      "superNodes:*": { typed: { value: "1" } },
    });
    assert.deepEqual(new Set(read.training.map(({ superNodes }) => superNodes)), new Set(["1"]));
  });

  it("offers every zone where there are more than a hundred", () => {
    const zones = zonesNamed(230);
    const view = deploySiteForm(EMPTY_FORM, { channel: HOME_CHANNEL, sites: zones, running: [] });
    assert.equal(modalComplaints(view), "");
    for (const name of names(230)) assert.ok(JSON.stringify(view).includes(`"${name}"`), name);
    const { federation } = aFederation({ context: roomy() }).running();
    const add = addSiteForm(federation, { site: "", superNodes: "" }, zones);
    assert.equal(modalComplaints(add), "");
    for (const name of names(230)) assert.ok(JSON.stringify(add).includes(`"${name}"`), name);
  });

  it("says how many running federations are not offered", () => {
    const { federation } = aFederation({ context: roomy() }).running();
    const running = Array.from({ length: 120 }, () => federation);
    const view = deploySiteForm(EMPTY_FORM, { channel: HOME_CHANNEL, sites: zonesNamed(3), running });
    assert.match(JSON.stringify(view), /And 25 more: name one with the command/);
  });
});

describe("the answer to zones", () => {
  it("comes in pages that Slack takes, with every zone or the number of the rest", () => {
    for (const [count, problems] of [
      [100, 1],
      [400, 6],
    ] as const) {
      const codes = ["zone-tls", "image-missing", "network-missing", "quota-vms", "quota-cpu", "quota-memory"] as const;
      const looks = names(count).map((name) => ({
        zone: zone(name),
        version: "7.4.0",
        problems: codes.slice(0, problems).map((code) => ({ code, detail: "" })),
      }));
      const pages = zonesCards(looks, zonesNamed(count));
      assert.ok(pages.length <= 4);
      for (const { blocks } of pages) assert.equal(complaintsOf(blocks), "");
      const text = JSON.stringify(pages);
      const shown = names(count).filter((name) => text.includes(`\`${name}\``)).length;
      const rest = count - shown;
      assert.ok(rest === 0 || text.includes(`and ${rest} more zones`), `${shown} of ${count}`);
    }
  });
});

describe("the headline of a running federation", () => {
  it("goes on to say that it runs while a newcomer has a problem", () => {
    const story = aFederation({ context: roomy() }).running().does(requestSite("delta"));
    story.hides("delta", { code: "image-missing", detail: "x" }).planned();
    assert.match(phaseOf(story.federation), /^Running: 2 of 3 training sites up/);
  });

  it("says that nobody was asked only when nobody was", () => {
    const story = aFederation();
    story.hides("beta", { code: "image-missing", detail: "x" });
    assert.match(phaseOf(story.planned().federation), /^Stopped before anybody was asked/);
    const asked = aFederation().approved();
    asked.hides("alpha", { code: "image-missing", detail: "x" }).begins("alpha");
    assert.match(phaseOf(asked.federation), /^Waits: a zone has a problem/);
  });
});

describe("what is too much for one message", () => {
  const crowded = () =>
    aDecisionContext({
      sites: sitesOf(
        ["alpha", "beta", "gamma"].map((name) =>
          aZone(name, {
            owners: Array.from({ length: 30 }, (_, nth) => ownerOf(name, nth + 1)),
            quorum: 15,
            sshKeys: Array.from({ length: 20 }, (_, nth) => `ssh-ed25519 AAAA${nth}`),
          }),
        ),
      ),
    });

  it("is said in words: owners who are not mentioned, votes, keys, problems and zones that are not listed", () => {
    const context = crowded();
    const story = aFederation({ context }).planned();
    for (let nth = 1; nth <= 14; nth += 1) story.approvedBy("beta", ownerOf("beta", nth));
    const asked = everRead(story).map(textOf).join("\n");
    assert.match(asked, /For (?:<@UBETA\d+> ){9}<@UBETA10> and 20 more owners: /);
    assert.match(asked, /and 4 more votes/);
    const keys = connectionCard(story.federation, null).blocks;
    assert.match(JSON.stringify(keys), /the holders of 20 ssh keys: .* and 12 more/);

    const problems = ALL_PROBLEMS.map((code) => ({ code, detail: code }));
    const blocked = aFederation({ context }).happens({ type: "preflight-failed", site: zone("beta"), problems });
    assert.match(everRead(blocked).map(textOf).join("\n"), /and 4 more problems/);
    const looks = [{ zone: zone("alpha"), version: "7.4.0", problems }];
    assert.match(JSON.stringify(zonesCards(looks, context.sites)), /and 1 more problem/);
  });

  it("is said where a modal cannot show all of it", () => {
    const blocks = Array.from({ length: 130 }, (_, nth) => section(`block ${nth}`));
    const view = message("How this site stands", blocks);
    assert.equal(modalComplaints(view), "");
    assert.match(JSON.stringify(view.blocks.at(-1)), /The rest is too long to be shown here/);
  });

  it("keeps the names of zones apart where their titles are long", () => {
    const view = deploySiteForm(
      { ...EMPTY_FORM, training: names(3).map((name) => ({ site: name, superNodes: "2" })) },
      { channel: HOME_CHANNEL, sites: zonesNamed(3), running: [] },
    );
    assert.equal(modalComplaints(view), "");
    const options = [...JSON.stringify(view).matchAll(/"text":"([^"]*hospital00\d\))"/g)].map(([, text]) => text);
    assert.equal(new Set(options).size, 3);
    assert.match(JSON.stringify(view), /"text":"SuperNodes in [^"]*hospital002x+"/);
  });
});

describe("every text that a form or a button holds", () => {
  it("is whole: nothing that the bot itself wrote is cut", () => {
    const cut = phases().flatMap(([name, story]) => {
      const { federation, context } = story();
      return messagesOf(federation, { directory: context, planBlock: true })
        .filter((message) => message.kind !== "file")
        .flatMap(({ blocks }) => JSON.stringify(blocks).match(/"text":"[^"]*…"/g) ?? [])
        .filter((text) => !/exceeded|-----BEGIN/.test(text))
        .map((text) => `${name}: ${text}`);
    });
    assert.deepEqual(cut, []);
    const zones = zonesNamed(3);
    const form = deploySiteForm(EMPTY_FORM, { channel: HOME_CHANNEL, sites: zones, running: [] });
    const forms = [
      form,
      addSiteForm(aFederation({ context: roomy() }).running().federation, { site: "", superNodes: "" }, zones),
    ];
    for (const view of forms) {
      for (const [text] of JSON.stringify(view).matchAll(/"text":"[^"]*…[^"]*"/g))
        assert.match(text, /hospital\d+\)"$/);
    }
  });
});
