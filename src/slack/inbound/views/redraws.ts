/** What a modal shows while somebody chooses in it: what the newest choice says, whichever came or was drawn first. */

import type { View } from "@slack/types";
import type { WebClient } from "@slack/web-api";
import type { Click, ViewState } from "../payloads.ts";

/** Modals that are remembered; one that is older than so many is no longer chosen in. */
const MOST_MODALS = 1000;

interface Drawn {
  /** By Slack's clock. */
  readonly newest: number;
  /** Fulfilled when nothing is being drawn. */
  readonly idle: Promise<void>;
}

export class Redraws {
  readonly #views: Pick<WebClient["views"], "update">;
  /** By the modal's id, the one that was drawn last at the end. */
  readonly #drawn = new Map<string, Drawn>();

  constructor(views: Pick<WebClient["views"], "update">) {
    this.#views = views;
  }

  /** @throws as `views.update` does */
  async draw(modal: ViewState, { at }: Pick<Click, "at">, view: View): Promise<void> {
    if (this.#isOverdue(modal.id, at)) return;
    const before = this.#drawn.get(modal.id)?.idle ?? Promise.resolve();
    const drawing = before.then(async () => {
      // A newer choice that came meanwhile is next, and says it all.
      if (!this.#isOverdue(modal.id, at)) await this.#views.update({ view_id: modal.id, view });
    });
    this.#remember(modal.id, { newest: at, idle: drawing.catch(() => undefined) });
    await drawing;
  }

  #isOverdue(id: string, at: number): boolean {
    return (this.#drawn.get(id)?.newest ?? at) > at;
  }

  #remember(id: string, drawn: Drawn): void {
    this.#drawn.delete(id);
    this.#drawn.set(id, drawn);
    const [oldest] = this.#drawn.keys();
    if (this.#drawn.size > MOST_MODALS && oldest !== undefined) this.#drawn.delete(oldest);
  }
}
