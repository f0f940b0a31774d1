/** Files that somebody gives at the page with their own hands: certificates of the coordinator's organisation. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { type Sandbox, startSandbox } from "../../../sandbox/composition.ts";
import { startPage } from "../../../sandbox/page/page.ts";
import type { PageServer } from "../../../sandbox/page/server.ts";
import { Stage } from "../../../sandbox/story/stage.ts";
import {
  HAS_KEY_ID,
  isAuthority,
  made,
  newPair,
  OF_AUTHORITY,
  SIGNS_CERTIFICATES,
} from "../../trust/organisation-bench.ts";
import { WAIT_LIMIT_MS } from "../../waiting.ts";
import { launch, leftOut, openPage } from "./chromium.ts";
import { Visitor } from "./visitor.ts";

const SPEED = 20;
const DAY = 24 * 60 * 60_000;
const LIFE = { from: new Date(Date.now() - DAY), to: new Date(Date.now() + 3650 * DAY) };

const pem = (name: string, text: string) => ({
  name,
  mimeType: "application/x-x509-ca-cert",
  buffer: Buffer.from(text),
});

describe("Files given at the sandbox's page", { skip: leftOut(), timeout: 2 * WAIT_LIMIT_MS }, () => {
  const root = made({ subject: "Aster Root CA", pair: newPair(), extensions: OF_AUTHORITY, ...LIFE });
  const issuing = made({
    subject: "Aster Issuing CA",
    issuer: root,
    pair: newPair(),
    extensions: [isAuthority(0), SIGNS_CERTIFICATES, HAS_KEY_ID],
    ...LIFE,
  });
  let sandbox: Sandbox;
  let server: PageServer;
  let browser: Browser;
  let visitor: Visitor;
  const complaints: string[] = [];

  before(async () => {
    sandbox = await startSandbox({ zones: 2, speed: SPEED, seed: "files", portBase: 0 });
    const setSpeed = (speed: number) => sandbox.setSpeed(speed);
    server = await startPage({ ...sandbox, speed: SPEED, setSpeed, startRun: null, port: 0 });
    const fields = { "Certificates by": "organisation" };
    await new Stage(sandbox).askFor({ name: "hearts", coordinator: "zone-a", training: ["zone-b"], fields });
    browser = await launch();
    visitor = new Visitor(await openPage(browser, server.url, complaints));
    await visitor.be("owner-a", "zone-a");
    await visitor.press(/^Give the CA's certificate/);
  });
  after(async () => {
    await browser?.close();
    await server?.close();
    await sandbox?.stop();
  });

  it("are refused at once where they are of another kind, too many or too large", async () => {
    const { dialog } = visitor;
    const field = dialog.getByLabel("Files in PEM");
    await dialog.getByText("No file is given yet.").waitFor();
    await field.setInputFiles(pem("root.p12", root.pem));
    await dialog.getByText("root.p12 is of another kind. Choose files that end in .pem, .crt, .cer, .txt.").waitFor();
    await field.setInputFiles(Array.from({ length: 6 }, (_, nth) => pem(`${nth}.pem`, root.pem)));
    await dialog.getByText("Choose no more than 5 files.").waitFor();
    await field.setInputFiles(pem("large.pem", root.pem.repeat(100)));
    await dialog.getByText("Choose files of no more than 100 kB together.").waitFor();
  });

  it("reach the bot as they are, which says at the field what is wrong with them", async () => {
    const { dialog, page } = visitor;
    await dialog.getByLabel("Files in PEM").setInputFiles(pem("issuing.pem", issuing.pem));
    await dialog.getByText("1 file is given.").waitFor();
    await dialog.getByRole("button", { name: "Give it" }).click();
    await dialog.getByText("not that of a root CA").waitFor();
    assert.equal(await dialog.getByLabel("Files in PEM").getAttribute("aria-invalid"), "true");
    await page.reload();
    await dialog.getByText("1 file is given.").waitFor();
  });

  it("go with what somebody writes, and a mention brings them to the bot", async () => {
    const { channel, dialog, page } = visitor;
    await dialog.getByRole("button", { name: "Go back" }).click();
    await dialog.waitFor({ state: "detached" });
    const attach = channel.getByLabel("Attach files", { exact: true });
    await attach.setInputFiles(pem("large.pem", root.pem.repeat(100)));
    await page.getByText("Choose files of no more than 100 kB together.").waitFor();
    await attach.setInputFiles(pem("other.pem", root.pem));
    await attach.setInputFiles(pem("issuing.pem", issuing.pem));
    await channel.getByRole("button", { name: "Take other.pem away" }).click();
    await visitor.write("/flower status hearts");
    await page.getByText("Slack sends no files with a command.").waitFor();
    await visitor.write("@florist certificate hearts");
    await channel.getByText("not that of a root CA").waitFor();
    const mine = channel.getByRole("article").filter({ hasText: "issuing.pem" });
    await mine.getByRole("button", { name: /issuing\.pem/ }).click();
    await mine.getByText("BEGIN CERTIFICATE").waitFor();
    assert.equal(await channel.getByRole("list", { name: "Attached files" }).count(), 0);
  });

  it("are taken when they are right, and the card shows what was given", async () => {
    const { dialog, channel } = visitor;
    await visitor.press(/^Give the CA's certificate/);
    await dialog.getByLabel("Files in PEM").setInputFiles(pem("root.crt", root.pem));
    await dialog.getByText("1 file is given.").waitFor();
    await dialog.getByRole("button", { name: "Give it" }).click();
    await dialog.waitFor({ state: "detached" });
    await channel.getByText(new X509Certificate(root.pem).fingerprint256).first().waitFor();
    assert.deepEqual(complaints, []);
  });
});
