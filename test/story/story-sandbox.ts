/**
 * The sandbox of a story, with the way in which Slack reaches the bot there. A quick run tells all stories over Socket
 * Mode, the whole run every other one over HTTP; with STORY_TURN=1 each takes the way that it did not take before.
 */
import { type Sandbox, type SandboxOptions, startSandbox } from "../../sandbox/composition.ts";
import { THOROUGHNESS } from "../thoroughness.ts";

const TURN = Number(process.env["STORY_TURN"] ?? 0);

export function startStory(options: Omit<SandboxOptions, "transport">): Promise<Sandbox> {
  return startSandbox({ here: true, ...options, transport: transportOf(options.seed) });
}

function transportOf(story: string): NonNullable<SandboxOptions["transport"]> {
  const letters = [...story].reduce((sum, letter) => sum + letter.charCodeAt(0), TURN);
  return THOROUGHNESS < 1 || letters % 2 === 0 ? "socket" : "http";
}
