/** A story with every kind of delivery: one owner approves, one adjusts, one rejects, somebody asks, and all is torn down. */
import type { SandboxOptions } from "../../sandbox/composition.ts";
import type { SlackControl } from "../../sandbox/slack/client.ts";
import { Stage } from "../../sandbox/story/stage.ts";
import { homeChannel, zoneChannel } from "../../sandbox/zones-file.ts";
import { FederationStory } from "../story/federation-story.ts";
import { startStory } from "../story/story-sandbox.ts";
import { type StoredEvent, untilJournal } from "./data-directory.ts";

/** What is left to compare when the story is over. */
export interface Ending {
  /** How often each kind of event was journalled for each site; how often a zone was looked at does not matter. */
  readonly events: Readonly<Record<string, number>>;
  /** What stands more than once in a channel, threads included. How many messages stand there is timing's to decide. */
  readonly repeated: Readonly<Record<string, readonly string[]>>;
  /** How many messages were shown to one person alone. */
  readonly privately: Readonly<Record<string, number>>;
  /** What the zones hold at the end. */
  readonly zones: readonly string[];
}

const COUNTED =
  /^(federation-|authority-|site-(approved|excluded|planned)|consent-|attempt-|deployment-|duplicate-|teardown-|coordinator-verified)/;

/** `prepare`: what goes wrong with the deliveries from then on. */
export async function tellDecidedStory(
  transport: NonNullable<SandboxOptions["transport"]>,
  prepare: (slack: SlackControl) => Promise<void> = async () => undefined,
): Promise<Ending> {
  const sandbox = await startStory({ zones: 4, speed: 20, seed: "twice", portBase: 0, transport });
  try {
    const stage = new Stage(sandbox);
    await prepare(stage.slack);
    const told = new FederationStory(stage, {
      name: "spring-trial",
      coordinator: "zone-a",
      training: ["zone-b", "zone-c", "zone-d"],
    });
    await told.ask();
    await adjust(told, "zone-b");
    await reject(told, "zone-c");
    await told.press("zone-d", "Approve");
    await told.press("zone-a", "Approve");
    await told.isUp("zone-b");
    await told.isUp("zone-d");
    await told.says("ready for runs");
    const owner = stage.owner("zone-b");
    await owner.mention(zoneChannel("zone-b"), "status spring-trial");
    await owner.told("spring-trial");
    await stage.requester.type(homeChannel, "teardown spring-trial");
    for (const zone of ["zone-b", "zone-d", "zone-a"]) await told.press(zone, "Tear down here");
    await told.says("Nothing of it runs any more");
    const events = await untilJournal(sandbox, "spring-trial", "the CA's end", (now) =>
      now.some(({ type }) => type === "authority-destroyed"),
    );
    return await endingOf(stage, events);
  } finally {
    await sandbox.stop();
  }
}

async function adjust(told: FederationStory, zone: string): Promise<void> {
  const owner = told.stage.owner(zone);
  await told.press(zone, "Adjust and approve");
  const form = await owner.view("Adjust and approve");
  await owner.fill(form, { SuperNodes: "1" });
  await owner.submit(form);
  await told.zoneReads(zone, "Adjusted");
}

async function reject(told: FederationStory, zone: string): Promise<void> {
  const owner = told.stage.owner(zone);
  await told.press(zone, "Reject");
  const form = await owner.view("Reject");
  await owner.fill(form, { [form.fields[0]?.label ?? ""]: "No data this spring." });
  await owner.submit(form);
  await told.says(`(${zone})`, "No data this spring");
}

async function endingOf(stage: Stage, events: readonly StoredEvent[]): Promise<Ending> {
  const { channels, people } = await stage.slack.world();
  const repeated: Record<string, readonly string[]> = {};
  for (const { id } of channels) {
    const texts = await stage.texts(id);
    // What holds a file has no text of its own.
    const again = texts.filter((text, at) => text !== "" && texts.indexOf(text) !== at);
    if (again.length > 0) repeated[id] = again;
  }
  const privately: Record<string, number> = {};
  for (const { id } of people) privately[id] = (await stage.slack.person(id)).ephemerals.length;
  const zones = await Promise.all(stage.zoneNames.map((name) => stage.zones.zone(name)));
  return {
    events: tally(events.filter(({ type }) => COUNTED.test(type)).map(({ type, site = "" }) => `${type} ${site}`)),
    repeated,
    privately,
    zones: zones.map(({ name, services, serviceTemplates, vms }) =>
      [name, services.length, serviceTemplates.length, vms.length].join(" "),
    ),
  };
}

function tally(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words.toSorted()) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
