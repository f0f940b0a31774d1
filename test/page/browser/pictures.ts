/** Makes the README's pictures of the sandbox's page: a federation that serves, and the card that its owners approve. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { startSandbox } from "../../../sandbox/composition.ts";
import { startPage } from "../../../sandbox/page/page.ts";
import { packageRoot } from "../../../src/package-root.ts";
import { LAPTOP, launch, openPage } from "./chromium.ts";
import { Visitor } from "./visitor.ts";

const SPEED = 20;
const folder = join(packageRoot(), "docs/pictures");

async function takePictures(): Promise<void> {
  await mkdir(folder, { recursive: true });
  const sandbox = await startSandbox({ zones: 3, speed: SPEED, seed: "pictures", portBase: 0 });
  const server = await startPage({
    ...sandbox,
    speed: SPEED,
    setSpeed: (speed) => sandbox.setSpeed(speed),
    startRun: null,
    port: 0,
  });
  const browser = await launch();
  try {
    const page = await openPage(browser, server.url, []);
    await story(new Visitor(page));
  } finally {
    await browser.close();
    await server.close();
    await sandbox.stop();
  }
}

async function story(visitor: Visitor): Promise<void> {
  const { page, tour, dialog } = visitor;
  await visitor.write("/flower deploy-site");
  await dialog.getByRole("button", { name: "Fill it in for me" }).click();
  await dialog.getByLabel("SuperNodes in Hospital C").waitFor();
  await dialog.getByRole("button", { name: "Ask the owners" }).click();
  await tour.getByRole("button", { name: "Be owner-a" }).click();
  await visitor.button(/^Approve/).waitFor();
  await visitor.be("owner-b", "zone-b");
  // High enough for the card as a whole.
  await page.setViewportSize({ ...LAPTOP, height: 1100 });
  await visitor.channel
    .getByRole("article")
    .last()
    .screenshot({ path: join(folder, "approval.png") });
  await page.setViewportSize(LAPTOP);
  for (const owner of ["a", "b", "c"]) await visitor.approve(`owner-${owner}`, `zone-${owner}`);
  await tour.getByRole("button", { name: "Watch the thread" }).click();
  await tour.getByText("It serves.").waitFor();
  await visitor.thread.getByText("is up").nth(1).waitFor();
  // As JPEG it stays under 200 kB.
  await page.screenshot({ path: join(folder, "page.jpg"), type: "jpeg", quality: 84 });
}

await takePictures();
