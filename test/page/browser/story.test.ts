/** The page as a person uses it: the whole story by clicks, mistakes, a stranger, and faults that heal. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, it } from "node:test";
import type { Browser, Page } from "playwright-core";
import { z } from "zod";
import { type Sandbox, startSandbox } from "../../../sandbox/composition.ts";
import { startPage } from "../../../sandbox/page/page.ts";
import type { PageServer } from "../../../sandbox/page/server.ts";
import { slackControl } from "../../../sandbox/slack/client.ts";
import { homeChannel } from "../../../sandbox/zones-file.ts";
import { WAIT_LIMIT_MS } from "../../waiting.ts";
import { launch, leftOut, openPage } from "./chromium.ts";
import { Visitor } from "./visitor.ts";

const SPEED = 20;
const skip = leftOut();
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core"), "utf8");

describe("The sandbox's page", { skip, timeout: 4 * WAIT_LIMIT_MS }, () => {
  let sandbox: Sandbox;
  let server: PageServer;
  let browser: Browser;
  let visitor: Visitor;
  const complaints: string[] = [];

  before(async () => {
    sandbox = await startSandbox({ zones: 3, speed: SPEED, seed: "page", portBase: 0 });
    const setSpeed = (speed: number) => sandbox.setSpeed(speed);
    server = await startPage({ ...sandbox, speed: SPEED, setSpeed, startRun: null, port: 0 });
    browser = await launch();
    visitor = new Visitor(await openPage(browser, server.url, complaints));
  });
  after(async () => {
    await browser?.close();
    await server?.close();
    await sandbox?.stop();
  });

  it("completes the command as it is typed, by keyboard", async () => {
    const { page, channel, dialog } = visitor;
    await channel.getByRole("combobox").focus();
    await page.keyboard.type("/fl");
    await page.keyboard.press("Tab");
    await page.keyboard.type("dep");
    await page.keyboard.press("Enter");
    assert.equal(await channel.getByRole("combobox").inputValue(), "/flower deploy-site");
    await page.keyboard.press("Enter");
    await dialog.getByRole("heading", { name: "Deploy a federation" }).waitFor();
    await fulfilsAxe(page);
  });

  it("shows a form's mistakes at their fields, and keeps what was typed over a reload", async () => {
    const { page, dialog } = visitor;
    await dialog.getByLabel("Name of the federation").fill("Hearts!");
    await dialog.getByLabel("What it is for").fill("Predicts readmission from records.");
    await dialog.getByLabel("Coordinator zone").selectOption({ label: "Hospital A (zone-a)" });
    for (const zone of ["Hospital B (zone-b)", "Hospital C (zone-c)"]) await dialog.getByLabel(zone).check();
    await dialog.getByLabel("SuperNodes in Hospital C").fill("1");
    await dialog.getByRole("button", { name: "Ask the owners" }).click();
    await dialog.getByText("starting with a letter").waitFor();
    assert.equal(await dialog.getByLabel("Name of the federation").getAttribute("aria-invalid"), "true");
    await page.reload();
    assert.equal(await dialog.getByLabel("SuperNodes in Hospital C").inputValue(), "1");
    await fulfilsAxe(page);
    await dialog.getByLabel("Name of the federation").fill("hearts");
    await dialog.getByRole("button", { name: "Ask the owners" }).click();
    await dialog.waitFor({ state: "detached" });
    await visitor.channel.getByRole("heading", { name: "Federation hearts" }).waitFor();
  });

  it("lets a stranger press, and tells them alone that it counts for nothing", async () => {
    const { page } = visitor;
    await visitor.be("stan", "zone-a");
    await visitor.press(/^Approve/, "Approve");
    await visitor.channel.getByText("Only visible to you").waitFor();
    await visitor.be("owner-a", "zone-a");
    await visitor.button(/^Approve/).waitFor();
    assert.equal(await page.getByText("Only visible to you").count(), 0);
  });

  it("shows somebody at the app's home what waits for them, and leads to its card", async () => {
    const { page } = visitor;
    await visitor.button(/^Be owner-a, /).click();
    await page.getByRole("navigation", { name: "Channels" }).getByRole("button", { name: "florist home" }).click();
    await visitor.home.getByText("is asked to run the coordinator").waitFor();
    await fulfilsAxe(page);
    await visitor.home.getByRole("link", { name: "Decide on its card" }).click();
    await visitor.channel.getByRole("heading", { name: "zone-a", exact: true }).waitFor();
    await visitor.button(/^Approve/).waitFor();
    await visitor.button(/^Be owner-b, /).click();
    assert.equal(await page.getByRole("button", { name: "florist home" }).count(), 0, "theirs is another organisation");
  });

  it("leads by its tour from each owner to the next, until the federation serves", async () => {
    const { tour } = visitor;
    for (const owner of ["owner-a", "owner-b", "owner-c"]) {
      await tour.getByRole("button", { name: `Be ${owner}` }).click();
      await visitor.press(/^Approve/, "Approve");
    }
    await tour.getByRole("button", { name: "Watch the thread" }).click();
    await visitor.thread.getByText("is being deployed").first().waitFor();
    await tour.getByText("It serves.").waitFor();
    await visitor.thread.getByText("is up").nth(1).waitFor();
    await visitor.page.getByRole("img", { name: /superlink 0 in zone-a: serving/ }).waitFor();
    await fulfilsAxe(visitor.page);
  });

  it("answers one person's question to that person alone", async () => {
    await visitor.tour.getByRole("button", { name: "Ask for its status" }).click();
    await visitor.channel.getByRole("combobox").press("Enter");
    await visitor.channel.getByText("Only visible to you").waitFor();
  });

  it("cuts a link, shows it at once, and heals it", async () => {
    const { page } = visitor;
    const cut = visitor.fault("Cut", "VM 0 of zone-b");
    await cut.click();
    await page.getByRole("img", { name: /supernode 0 in zone-b: cut off/ }).waitFor();
    await visitor.thread.getByText("is degraded").first().waitFor();
    assert.equal(await cut.getAttribute("aria-checked"), "true");
    await cut.click();
    await page.getByRole("img", { name: /supernode 0 in zone-b: serving/ }).waitFor();
    await visitor.thread.getByText("is up").nth(2).waitFor();
  });

  it("takes a zone away, and the cards say that it cannot be seen until it is back", async () => {
    const down = visitor.fault("Down", "Hospital C");
    await down.click();
    const card = visitor.channel.getByRole("article").filter({ hasText: "Federation hearts" });
    await card
      .getByText(/Hospital C.*since/)
      .first()
      .waitFor();
    await fulfilsAxe(visitor.page);
    await down.click();
    await card.getByText("2 of 2 training sites up").waitFor();
  });

  it("shows at the app's home that nothing waits any more, and how the federation stands", async () => {
    const { page } = visitor;
    await visitor.button(/^Be owner-a, /).click();
    await page.getByRole("navigation", { name: "Channels" }).getByRole("button", { name: "florist home" }).click();
    await visitor.home.getByText("Nothing waits for you").waitFor();
    await visitor.home.getByText("2 of 2 training sites up").waitFor();
    await visitor.button(/^Be rosa, /).click();
    await visitor.channel
      .getByRole("button", { name: /repl(y|ies)/ })
      .last()
      .click();
    await visitor.thread.waitFor();
  });

  it("draws a link that comes and goes calmly: the thread says so a few times, not each time", async () => {
    const flap = visitor.fault("Flap", "VM 1 of zone-b");
    const said = () => visitor.thread.getByRole("article").count();
    const before = await said();
    await flap.click();
    await visitor.page.getByRole("img", { name: /supernode 1 in zone-b: comes and goes/ }).waitFor();
    await visitor.thread.getByText("keeps going up and down").first().waitFor();
    const told = (await said()) - before;
    await flap.click();
    await visitor.page.getByRole("img", { name: /supernode 1 in zone-b: serving/ }).waitFor();
    assert.ok(told <= 8, `${told} messages for one link that flaps`);
  });

  it("is readable in the dark as well", async () => {
    await visitor.button(/^Colours/).click();
    await visitor.button("Colours: light. Change").click();
    await visitor.page.locator('html[data-theme="dark"]').waitFor();
    await fulfilsAxe(visitor.page);
  });

  it("shows a change soon, and loads soon", async (context) => {
    const { page } = visitor;
    const slack = slackControl(sandbox.slackControl);
    const times: number[] = [];
    for (const text of ["one", "two", "three"]) {
      const shown = visitor.channel.getByText(`swift ${text}`).waitFor();
      const began = performance.now();
      await slack.message({ person: "U0STRANGE1", channel: homeChannel, text: `swift ${text}` });
      await shown;
      times.push(performance.now() - began);
    }
    await page.reload();
    await visitor.channel.getByText("swift three").waitFor();
    const loaded = await page.evaluate(() => performance.now());
    context.diagnostic(
      `a change was shown after ${times.map(Math.round).join(", ")} ms, a reload after ${Math.round(loaded)} ms`,
    );
    // 300 ms and 1 s are meant; a machine that is busy with other tests is given twenty times that.
    assert.ok(Math.min(...times) < 6000, `${times}`);
    assert.ok(loaded < 20_000, `${loaded}`);
  });

  it("runs at another speed when somebody chooses one, with the bot started again", async () => {
    const { page } = visitor;
    await page.getByLabel("Speed").selectOption("10");
    await page.getByText("The bot starts again").waitFor();
    await page.getByText("The bot runs").waitFor();
    const before = await visitor.channel.getByText("Only visible to you").count();
    await visitor.write("/flower status hearts");
    await visitor.channel.getByText("Only visible to you").nth(before).waitFor();
  });

  it("draws foreign text as text", async () => {
    const hostile = `<img src=x onerror="document.title='taken'"> <script>document.title='taken'</script>`;
    await visitor.write(hostile);
    await visitor.channel.getByText(hostile).waitFor();
    assert.notEqual(await visitor.page.title(), "taken");
  });

  it("gave the browser nothing to complain of", () => {
    assert.deepEqual(complaints, []);
  });
});

const violations = z.array(
  z.object({
    id: z.string(),
    help: z.string(),
    nodes: z.array(z.object({ html: z.string(), failureSummary: z.string().optional() })),
  }),
);

/** Holds the page as it is now to axe-core's rules. */
async function fulfilsAxe(page: Page): Promise<void> {
  // By the debugger's way: the page's own policy forbids code from text.
  await page.evaluate(axe);
  const found: unknown = await page.evaluate("axe.run().then(({ violations }) => violations)");
  const said = violations
    .parse(found)
    .map(
      ({ id, help, nodes }) =>
        `${id}: ${help}\n${nodes.map(({ html, failureSummary }) => `  ${html.slice(0, 200)}\n  ${failureSummary ?? ""}`).join("\n")}`,
    );
  assert.deepEqual(said, []);
}
