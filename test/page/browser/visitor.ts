/** Somebody at the page, who sees and presses what is there by the words on it. */
import type { Locator, Page } from "playwright-core";

export class Visitor {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole("button", typeof name === "string" ? { name, exact: true } : { name });
  }

  get dialog(): Locator {
    return this.page.getByRole("dialog");
  }

  get tour(): Locator {
    return this.page.getByRole("region", { name: "Next step" });
  }

  /** Becomes somebody by their face, and opens a channel. */
  async be(person: string, channel: string): Promise<void> {
    await this.button(new RegExp(`^Be ${person}, `)).click();
    await this.page.getByRole("navigation", { name: "Channels" }).getByRole("button", { name: channel }).click();
  }

  /** The pane of the channel, not that of a thread. */
  get channel(): Locator {
    return this.page.getByRole("region", { name: /^Channel / });
  }

  get home(): Locator {
    return this.page.getByRole("region", { name: /^Home of / });
  }

  get thread(): Locator {
    return this.page.getByRole("region", { name: "Thread" });
  }

  async write(text: string): Promise<void> {
    const composer = this.channel.getByRole("combobox");
    await composer.fill(text);
    await composer.press("Enter");
  }

  /** Presses a button of the newest card that has it, and confirms if that is asked. */
  async press(name: RegExp, confirm?: string): Promise<void> {
    await this.channel.getByRole("button", { name }).last().click();
    if (confirm !== undefined) await this.dialog.getByRole("button", { name: confirm, exact: true }).click();
  }

  async approve(owner: string, channel: string): Promise<void> {
    await this.be(owner, channel);
    await this.press(/^Approve/, "Approve");
  }

  zone(title: string): Locator {
    return this.page.getByRole("region", { name: title, exact: true });
  }

  fault(name: string, about: string): Locator {
    return this.page.getByRole("switch", { name: `${name}: ${about}`, exact: true });
  }
}
