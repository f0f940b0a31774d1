import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { checkMessageBlocks, checkModal } from "../../../sandbox/slack/block-kit/check.ts";
import type { DecisionContext, SiteProfile } from "../../../src/federation/model/policy.ts";
import type { Federation } from "../../../src/federation/model/state.ts";
import { currentAuthority, currentProposal } from "../../../src/federation/model/state.ts";
import { help } from "../../../src/slack/blocks/help.ts";
import { addSiteForm } from "../../../src/slack/blocks/modals/add-site-form.ts";
import { adjustForm } from "../../../src/slack/blocks/modals/adjust-form.ts";
import { deploySiteForm, EMPTY_FORM } from "../../../src/slack/blocks/modals/deploy-site-form.ts";
import { whatRuns } from "../../../src/slack/blocks/modals/what-runs.ts";
import { overview, statusAnswer } from "../../../src/slack/blocks/status.ts";
import { zonesCards } from "../../../src/slack/blocks/zones.ts";
import type { DesiredMessage } from "../../../src/slack/message.ts";
import { messagesOf } from "../../../src/slack/projection/projection.ts";
import {
  aDecisionContext,
  aZone,
  channelOf,
  HOME_CHANNEL,
  ownerOf,
  sitesOf,
  zone,
  zoneNames,
} from "../../builders/decision-context.ts";
import { aFederation } from "../../builders/federation.ts";
import { aNetwork, aSurvey, aTemplate } from "../../builders/survey.ts";
import { phase, phases, roomy } from "../phases.ts";

const HOSTILE = `<!channel> & \`x\` *b* ${"&".repeat(300)}`;
const NOTHING_REFUSED: ReadonlySet<string> = new Set();

const messages = (federation: Federation, context: DecisionContext, planBlock = true): readonly DesiredMessage[] =>
  messagesOf(federation, { directory: context, planBlock });

function assertTakenBySlack(message: DesiredMessage): void {
  if (message.kind === "file") return;
  const checked = checkMessageBlocks(JSON.parse(JSON.stringify(message.blocks)), NOTHING_REFUSED);
  assert.equal(checked.ok ? "" : `${message.key}: ${checked.error} ${JSON.stringify(checked.complaints)}`, "");
  assert.ok(
    message.text.length > 0 && message.text.length < 4000,
    `${message.key} has ${message.text.length} characters`,
  );
}

describe("every message of a federation", () => {
  for (const [name, story] of phases()) {
    it(`is taken by Slack while it is ${name}`, () => {
      const { federation, context } = story();
      for (const planBlock of [true, false]) messages(federation, context, planBlock).forEach(assertTakenBySlack);
    });

    it(`keeps zones without a channel to themselves while it is ${name}`, () => {
      const bare = roomy();
      const context = {
        ...bare,
        sites: new Map([...bare.sites].map(([key, profile]) => [key, { ...profile, channel: null }])),
      };
      const { federation } = story();
      const shown = messages(federation, context).filter(({ kind }) => kind !== "file");
      shown.forEach(assertTakenBySlack);
      const public_ = JSON.stringify(shown.filter(({ key }) => !key.startsWith("trust/")));
      for (const secret of ["Flower SuperNode large", "beta.example.org", "203.0.113.", "CA:CA", "exceeded"]) {
        assert.ok(!public_.includes(secret), `${secret} is in the home channel`);
      }
    });
  }

  it("has a label on every button, a warning on those that remove, and asks before what cannot be taken back", () => {
    /** Each of them, and what is asked before it counts. */
    const asks = new Map([
      ["approve", /run code/],
      ["admit", /takes the keys/],
      ["retry", /removed with/],
      ["retire", /VMs are removed/],
      ["agree-teardown", /removed with their disks/],
      ["stop-soon", /removed even if training sites still run/],
      ["ask-teardown", /Training sites end first/],
      ["cancel", /Nothing has been created/],
    ]);
    const shown = z.array(
      z.object({
        action_id: z.string(),
        style: z.string().optional(),
        accessibility_label: z.string(),
        confirm: z.object({ text: z.object({ text: z.string() }) }).optional(),
      }),
    );
    const seen = new Set<string>();
    for (const [name, story] of phases()) {
      const { federation, context } = story();
      const all = messages(federation, context).flatMap((message) => (message.kind === "file" ? [] : message.blocks));
      const buttons = all.flatMap((block) => (block.type === "actions" ? shown.parse(block.elements) : []));
      for (const { action_id: action, style, confirm } of buttons) {
        seen.add(action);
        assert.match(confirm?.text.text ?? "", asks.get(action) ?? /^/, `${action} while it is ${name}`);
        if (/retire|agree-teardown|stop-soon|cancel/.test(action)) assert.equal(style, "danger", action);
      }
    }
    for (const action of asks.keys()) assert.ok(seen.has(action), `no phase shows ${action}`);
  });

  it("stays within Slack's limits with eight zones of long names and hostile text everywhere", () => {
    const profile = (name: string): SiteProfile =>
      aZone(name, {
        title: HOSTILE,
        sshKeys: Array.from({ length: 20 }, (_, nth) => `ssh-ed25519 AAAA${"x".repeat(400)}${nth}`),
        nodeConfig: Object.fromEntries(
          Array.from({ length: 40 }, (_, nth) => [`key-${nth}`, "/a/long/path/of/some/data"]),
        ),
        owners: Array.from({ length: 20 }, (_, nth) => ownerOf(name, nth)),
        quorum: 1,
      });
    const context = aDecisionContext({ sites: sitesOf(zoneNames(8).map((name) => profile(name))) });
    const story = aFederation({ zones: zoneNames(8), superNodes: 10, context });
    const hostile = aTemplate({
      name: HOSTILE,
      images: Array.from({ length: 30 }, (_, id) => ({
        id,
        name: HOSTILE,
        registeredAt: 1,
        persistent: false,
        state: "used",
        size: 1,
      })),
    });
    for (const name of zoneNames(8)) {
      story.shows(name, () => aSurvey({ template: hostile, network: aNetwork({ name: HOSTILE, id: 3 }) }));
    }
    story.planned();
    for (const planBlock of [true, false]) messages(story.federation, context, planBlock).forEach(assertTakenBySlack);
    for (const message of messages(story.federation, context)) {
      const loud = textsThatSlackReads(message).filter((text) => text.includes("<!channel>"));
      assert.deepEqual(loud, [], "somebody could address the whole channel");
    }
    for (const site of story.federation.sites.values()) {
      const proposal = currentProposal(site);
      assert.ok(proposal !== null);
      const view = whatRuns(story.federation, site, proposal, context.manifests);
      assert.equal(problemsOf(view), "");
    }
    const looks = zoneNames(8).map((name) => ({ zone: name, version: HOSTILE, problems: [] }));
    for (const { blocks } of zonesCards(looks, context.sites)) {
      assert.equal(checkMessageBlocks(plainJson(blocks), NOTHING_REFUSED).ok, true);
    }
    assert.equal(
      checkMessageBlocks(plainJson(statusAnswer(story.federation, context).blocks), NOTHING_REFUSED).ok,
      true,
    );
  });
});

const plainJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

function problemsOf(view: object): string {
  const checked = checkModal(plainJson(view), NOTHING_REFUSED);
  return checked.ok ? "" : `${checked.error} ${JSON.stringify(checked.complaints)}`;
}

/** Texts in which Slack looks for mentions and links; plain text is shown as it is. */
function textsThatSlackReads(message: DesiredMessage): readonly string[] {
  if (message.kind === "file") return [];
  const found: string[] = [message.text];
  JSON.stringify(message.blocks, (_, value: unknown) => {
    if (typeof value === "object" && value !== null && "type" in value && value.type === "mrkdwn" && "text" in value) {
      found.push(String(value.text));
    }
    return value;
  });
  assert.ok(found.length > 1);
  return found;
}

describe("every modal", () => {
  it("is taken by Slack", () => {
    const story = aFederation({ context: roomy() }).running();
    const { federation, context } = story;
    const beta = story.site("beta");
    const profile = context.sites.get(zone("beta"));
    assert.ok(profile !== undefined);
    const setting = { channel: HOME_CHANNEL, sites: context.sites, running: [federation] };
    const training = [...context.sites.keys()].map((name) => ({ site: name, superNodes: "2" }));
    const views = [
      deploySiteForm(EMPTY_FORM, setting),
      deploySiteForm(
        { ...EMPTY_FORM, training, coordinator: "alpha", addressKind: "given", privateIsReachable: true },
        setting,
      ),
      deploySiteForm({ ...EMPTY_FORM, crossing: "wireguard", hub: "203.0.113.9", range: "10.99.0.0/23" }, setting),
      addSiteForm(federation, { site: "", superNodes: "" }, context.sites),
      adjustForm({ federation, site: beta, proposal: story.proposal("beta"), profile }),
    ];
    for (const view of views) assert.equal(problemsOf(view), "");
  });

  it("that shows what runs says where no service holds the VMs: their names, and all that is put into CONTEXT", () => {
    const story = aFederation({ withoutServices: ["beta"] }).planned();
    const { federation, context } = story;
    const text = JSON.stringify(whatRuns(federation, story.site("beta"), story.proposal("beta"), context.manifests));
    for (const words of [
      "florist-tumour-study-beta-1",
      "florist-tumour-study-beta-2",
      "put over the CONTEXT",
      "FL_ROLE",
    ])
      assert.ok(text.includes(words), words);
    for (const words of ["The service template", "BEGIN CERTIFICATE", context.manifests.current.training.agent.base64])
      assert.ok(!text.includes(words), words);
    assert.ok(text.includes(context.manifests.current.training.agent.sha256));
  });

  it("that shows what runs names the CA by its fingerprint and the agent by its hash", () => {
    const story = aFederation().planned();
    const site = story.site("beta");
    const text = JSON.stringify(whatRuns(story.federation, site, story.proposal("beta"), story.context.manifests));
    assert.equal(problemsOf(whatRuns(story.federation, site, story.proposal("beta"), story.context.manifests)), "");
    assert.ok(!text.includes("BEGIN CERTIFICATE"));
    assert.ok(!text.includes(Buffer.from(currentAuthority(story.federation)?.certificate ?? "").toString("base64")));
    assert.ok(text.includes("the CA certificate with fingerprint CA:CA"));
    assert.ok(text.includes(story.context.manifests.current.training.agent.sha256));
    assert.ok(text.includes("FL_SUPERLINK_ADDRESS"));
  });
});

describe("help and the overview", () => {
  it("are taken by Slack and show the command under its configured name", () => {
    const { blocks } = help({ command: "/tulip", mayRequest: true, ownsZone: true });
    assert.equal(checkMessageBlocks(plainJson(blocks), NOTHING_REFUSED).ok, true);
    assert.ok(JSON.stringify(blocks).includes("/tulip deploy-site"));
    assert.equal(
      checkMessageBlocks(plainJson(overview([], "/tulip deploy-site", true).blocks), NOTHING_REFUSED).ok,
      true,
    );
  });
});

describe("an approval card", () => {
  const card = (story: ReturnType<typeof aFederation>, name: string): string =>
    JSON.stringify(
      messages(story.federation, story.context).filter(
        ({ key, channel }) => key === `approval/${name}/${story.proposal(name).card}` && channel === channelOf(name),
      ),
    );

  it("tells the plain truth, the address and the CA by its fingerprint only", () => {
    const text = card(aFederation().planned(), "beta");
    assert.ok(text.includes("lets the coordinator's organisation run code in these VMs, beside the data you attach"));
    assert.ok(text.includes("CA:CA"));
    assert.ok(!text.includes("BEGIN CERTIFICATE"));
    for (const button of ["Approve", "Adjust and approve", "Reject", "See what runs"])
      assert.ok(text.includes(`"${button}"`));
  });

  it("loses its buttons with the decision and says who decided", () => {
    const text = card(aFederation().approved(), "beta");
    assert.ok(text.includes(`<@${ownerOf("beta").user}> approved`));
    assert.ok(!text.includes('"Approve"') && !text.includes('"Reject"'));
    assert.ok(text.includes('"Withdraw my approval"'));
  });

  it("shows just the difference to owners who had approved the version before", () => {
    const text = card(phase("with a changed template"), "beta");
    assert.ok(text.includes("4096 MB") && text.includes("8192 MB"));
    assert.ok(!text.includes("Traffic"));
  });
});
