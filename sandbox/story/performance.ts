/** A play on the stage: what it says of itself while it goes on, and what it found at its end. */
import type { Sandbox } from "../composition.ts";
import type { ShownMessage } from "../slack/control/control-api.ts";
import { homeChannel } from "../zones-file.ts";
import { Checks } from "./checks.ts";
import { type Scenery, Stage } from "./stage.ts";
import { Stopwatch } from "./stopwatch.ts";

/** `real`: the guests run Flower itself; `network`: how traffic crosses. */
export type StoryScenery = Scenery & Partial<Pick<Sandbox, "network">>;

/** Flower notices a dead SuperNode after a minute, and takes it back only then. */
const PATIENCE_WITH_FLOWER_MS = 240_000;

export class Performance extends Stage {
  readonly checks: Checks;
  readonly watch = new Stopwatch();
  readonly print: (line: string) => void;

  /** `print` gets what people would read. */
  constructor(sandbox: StoryScenery, print: (line: string) => void) {
    super(sandbox, sandbox.real === true ? PATIENCE_WITH_FLOWER_MS : undefined);
    this.checks = new Checks(print);
    this.print = print;
  }

  scene(title: string): void {
    this.print(`\n${title}`);
  }

  /** Prints what is left of it; resolves to whether every check held. */
  async end(): Promise<boolean> {
    this.print("\nThe thread, as people read it:\n");
    this.print(await this.#threadText());
    this.print("\nHow long it took:\n");
    this.print(this.watch.table());
    this.print(`\n${this.checks.summary()}`);
    return this.checks.allHeld;
  }

  async #threadText(): Promise<string> {
    const { messages } = await this.slack.channel(homeChannel);
    return messages
      .map((message) => [shown(message, "  "), ...message.replies.map((reply) => shown(reply, "    ↳ "))].join("\n"))
      .join("\n\n");
  }
}

const shown = ({ text }: ShownMessage, margin: string): string =>
  text
    .split("\n")
    .map((line) => `${margin}${line}`)
    .join("\n");

/** After the end of what it deployed. */
export async function lookForRemains(stage: Performance): Promise<void> {
  for (const zone of stage.zoneNames) {
    const { services } = await stage.zones.zone(zone);
    stage.checks.hold(
      `${zone} holds no service and no running VM.`,
      services.length === 0 && (await stage.runningVms(zone)) === 0,
    );
  }
}
