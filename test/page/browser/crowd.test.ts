/** The page beside much: eight zones, many VMs, five hundred messages. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Locator, Page } from "playwright-core";
import { startGuests } from "../../../sandbox/hypervisor/guests.ts";
import { startPage } from "../../../sandbox/page/page.ts";
import { ROUNDS, type StartedRun } from "../../../sandbox/page/training.ts";
import { defaultSeed } from "../../../sandbox/slack/world/default-seed.ts";
import { CONTEXT, PUBLISHED } from "../../../src/guest-protocol/names.ts";
import { encodeNodeList } from "../../../src/guest-protocol/node-list.ts";
import { openWorkspace, type Workspace } from "../../sandbox/slack/workspace.ts";
import { Bench } from "../../sandbox/zones/bench.ts";
import { until, WAIT_LIMIT_MS } from "../../waiting.ts";
import { launch, leftOut, openPage } from "./chromium.ts";
import { Visitor } from "./visitor.ts";

const ZONES = 8;
const VMS = 5;
const MESSAGES = 500;
/** As many as are drawn before somebody asks for earlier ones. */
const DRAWN = 30;
/** A card that is far from being drawn at first. */
const OLD = 7;
const CHANNEL = "C0FEDERATE";

suite("The sandbox's page with eight zones and five hundred messages", { skip: leftOut() }, () => {
  test("draws the newest ones soon, earlier ones when somebody comes to them, and the loss of a run", {
    timeout: WAIT_LIMIT_MS,
  }, async (context) => {
    const workspace = await openWorkspace(context, { seed: defaultSeed(ZONES, "/flower") });
    const bench = await Bench.start({ zones: ZONES });
    context.after(() => bench.stop());
    const guests = await startGuests({
      real: false,
      speed: 20,
      seed: "crowd",
      token: "of the crowd",
      port: 0,
      log: "warn",
    });
    context.after(() => guests.close());
    await fillZones(bench);
    const posted = await fillChannel(workspace);
    const server = await startPage({
      slackControl: workspace.url,
      zonesControl: bench.running.addresses.control,
      guests: { url: guests.url, token: "of the crowd" },
      real: true,
      speed: 20,
      setSpeed: async () => {},
      startRun: async () => scriptedRun,
      port: 0,
    });
    context.after(() => server.close());
    const browser = await launch();
    context.after(() => browser.close());
    const complaints: string[] = [];
    const page = await openPage(browser, server.url, complaints);
    const visitor = new Visitor(page);

    const newest = `card ${MESSAGES - 1}`;
    await visitor.channel.getByRole("heading", { name: newest, exact: true }).waitFor();
    const loaded = await page.evaluate(() => performance.now());
    const work = await workOfLoading(page, () => isDrawnBeyond(visitor, 0));
    assert.equal(await visitor.channel.getByRole("article").count(), DRAWN);
    assert.equal(await page.getByRole("switch", { name: /^Kill/ }).count(), ZONES * VMS);
    await visitor.button(/^Show 30 earlier/).press("Enter");
    const more = await isDrawnBeyond(visitor, DRAWN);
    const list = visitor.channel.getByRole("log");
    await list.press("Home");
    await isDrawnBeyond(visitor, more);
    assert.ok(!(await isWithin(visitor.button(/^Show 30 earlier/), list)), "what was in view stays there");

    const times: number[] = [];
    for (const text of ["one", "two", "three"]) {
      const began = performance.now();
      await workspace.control.message({ person: "U0STRANGE1", channel: CHANNEL, text: `swift ${text}` });
      await visitor.channel.getByText(`swift ${text}`).waitFor();
      times.push(performance.now() - began);
    }
    const began = performance.now();
    await visitor.write("still quick to type in");
    await visitor.channel.getByText("still quick to type in").waitFor();
    const typed = performance.now() - began;
    const said = [loaded, ...times, typed].map(Math.round);
    context.diagnostic(
      `loaded after ${said[0]} ms, changes after ${said.slice(1, 4).join(", ")} ms, own words after ${said[4]} ms; ${Math.round(work * 1000)} ms of work to load`,
    );
    // 1 s and 300 ms are meant; a machine that is busy with other tests is given twenty times that, but works no more.
    assert.ok(loaded < 20_000 && Math.min(...times) < 6000, `${said}`);
    assert.ok(work < 1, `loading is ${work} s of work`);

    await page.getByRole("button", { name: "Start a run on the SuperLink of Hospital A", exact: true }).click();
    const training = page.getByRole("region", { name: "Training", exact: true });
    await training.getByText(`completed after ${ROUNDS} rounds`).waitFor();
    const drawn = await training.getByRole("img").getAttribute("aria-label");
    assert.match(drawn ?? "", /Round 1: loss 1, 3 SuperNodes; .*Round 10: loss 0\.1, 3 SuperNodes\.$/);

    const { permalink } = await workspace.web.chat.getPermalink({ channel: CHANNEL, message_ts: posted[OLD] ?? "" });
    await workspace.web.chat.postMessage({ channel: CHANNEL, text: `It began <${permalink}|here>.` });
    await list.press("End");
    await visitor.channel.getByRole("link", { name: "here" }).click();
    const old = visitor.channel.getByRole("heading", { name: `card ${OLD}`, exact: true });
    await until(`card ${OLD} in view`, () => isWithin(old, list));
    assert.deepEqual(complaints, []);
  });
});

/** Rounds of three SuperNodes, each with less loss. */
const scriptedRun: StartedRun = {
  async *rounds() {
    for (let round = 1; round <= ROUNDS; round += 1) yield { round, nodes: ["1", "2", "3"], loss: 1 / round };
  },
  ended: async () => "finished:completed",
};

/** A SuperLink in the first zone, SuperNodes in the others; every one says how it is. */
async function fillZones(bench: Bench): Promise<void> {
  for (let zone = 0; zone < ZONES; zone += 1) {
    const letter = String.fromCharCode("a".charCodeAt(0) + zone);
    const role = (nth: number) => (zone === 0 && nth === 0 ? "superlink" : "supernode");
    for (let nth = 0; nth < VMS; nth += 1) {
      const context = `CONTEXT=[${CONTEXT.role}="${role(nth)}",${CONTEXT.federation}="crowd"]`;
      const credential = `florist:florist-of-zone-${letter}`;
      await bench.callAt(zone, credential, "one.template.instantiate", 1, "", false, context, false);
      const seen = encodeNodeList([{ key: `SHA256:${"A".repeat(43)}`, nodeId: "1", status: "online" }]);
      const text = `${PUBLISHED.stage}="serving"\n${PUBLISHED.link}="ok"\n${PUBLISHED.nodes}="${seen}"`;
      await bench.control.command(`zone-${letter}`, { do: "update-vm", vm: nth, text });
    }
    await until(`the VMs of zone-${letter}`, async () =>
      (await bench.control.zone(`zone-${letter}`)).vms.every(({ phase }) => phase === "running"),
    );
  }
}

/** Seconds that the browser's processor works for a reload, whatever else the machine does meanwhile. */
async function workOfLoading(page: Page, isThere: () => Promise<unknown>): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const spent = async (): Promise<number> => {
    const { metrics } = await session.send("Performance.getMetrics");
    return metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN;
  };
  const before = await spent();
  await page.reload();
  await isThere();
  const after = await spent();
  await session.detach();
  return after - before;
}

async function isWithin(inner: Locator, outer: Locator): Promise<boolean> {
  const [one, all] = [await inner.boundingBox(), await outer.boundingBox()];
  return one !== null && all !== null && one.y >= all.y && one.y + one.height <= all.y + all.height;
}

/** As soon as there are more messages; so many. */
async function isDrawnBeyond({ channel }: Visitor, before: number): Promise<number> {
  const count = () => channel.getByRole("article").count();
  await until(`more than ${before} messages`, async () => (await count()) > before);
  return count();
}

/** @returns when each was posted, as Slack names it */
async function fillChannel({ web }: Workspace): Promise<readonly string[]> {
  const posted: string[] = [];
  for (let nth = 0; nth < MESSAGES; nth += 1) {
    const { ts = "" } = await web.chat.postMessage({
      channel: CHANNEL,
      text: `card ${nth}`,
      blocks: [
        { type: "header", text: { type: "plain_text", text: `card ${nth}` } },
        {
          type: "section",
          text: { type: "mrkdwn", text: `*Hospital ${nth % ZONES}* says :large_green_circle: \`${"0f".repeat(32)}\`` },
        },
        { type: "context", elements: [{ type: "mrkdwn", text: "as it was seen just now" }] },
      ],
    });
    posted.push(ts);
  }
  return posted;
}
