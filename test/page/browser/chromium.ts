/** A headless Chromium at the page of a running sandbox, or why there is none. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { WAIT_LIMIT_MS } from "../../waiting.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

function executable(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(canRun);
}

function canRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Why tests in a browser are left out on this machine, or false.
 * @throws Error where leaving out is failing, which CI=true says
 */
export function leftOut(): string | false {
  if (executable() !== undefined) return false;
  const reason = "left out, because Chromium is missing; on Debian: apt-get install chromium";
  if (process.env["CI"] === "true") throw new Error(`Tests in a browser are ${reason}`);
  return reason;
}

/** A laptop's screen. */
export const LAPTOP = { width: 1366, height: 768 };

export async function launch(): Promise<Browser> {
  const executablePath = executable();
  if (executablePath === undefined) throw new Error("Chromium is missing; on Debian: apt-get install chromium");
  // Root has no sandbox of Chromium's; the page is this machine's own.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return await chromium.launch({ executablePath, args });
}

/** @param complaints gets what the browser holds against the page: errors, and what its policy forbade */
export async function openPage(
  browser: Browser,
  url: string,
  complaints: string[],
  options: BrowserContextOptions = {},
): Promise<Page> {
  const context = await browser.newContext({ viewport: LAPTOP, reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(WAIT_LIMIT_MS);
  const page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  await page.goto(url);
  return page;
}
