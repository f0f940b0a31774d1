/**
 * The sandbox of a story, with the way in which Slack reaches the bot and the zones that have no OneFlow.
 *
 * A quick run tells all stories over Socket Mode, the whole run every other one over HTTP. In every other zone of a story
 * no service holds the VMs. With STORY_TURN=1 each story takes the way, and the zones, that it did not take before; a
 * story that is about the one or the other chooses for itself.
 */
import { type Sandbox, type SandboxOptions, startSandbox } from "../../sandbox/composition.ts";
import { zoneName } from "../../sandbox/zones/seed.ts";
import { THOROUGHNESS } from "../thoroughness.ts";

const TURN = Number(process.env["STORY_TURN"] ?? 0);

export function startStory(options: SandboxOptions): Promise<Sandbox> {
  const { seed, zones, transport = transportOf(seed), withoutOneFlow = withoutOneFlowIn(seed, zones) } = options;
  // Node's runner takes a text that begins with another letter than ASCII's, right behind a report, for a broken report.
  const zonesWithout = withoutOneFlow.join(", ") || "none";
  console.log(`The story “${seed}”: ${transport}, without OneFlow: ${zonesWithout} (STORY_TURN=${TURN})`);
  return startSandbox({ here: true, ...options, transport, withoutOneFlow });
}

function transportOf(story: string): NonNullable<SandboxOptions["transport"]> {
  return THOROUGHNESS < 1 || (lettersOf(story) + TURN) % 2 === 0 ? "socket" : "http";
}

/** Every other zone: in one turn the coordinator's is among them, in the next it is not. */
export function withoutOneFlowIn(story: string, zones: number): readonly string[] {
  // By another digit than the transport, so that neither goes with the other.
  const first = (Math.floor(lettersOf(story) / 2) + TURN) % 2;
  return Array.from({ length: zones }, (_, index) => zoneName(index)).filter((_, index) => index % 2 === first);
}

const lettersOf = (story: string): number => [...story].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
