/** What the page knows: pushed by its server, and what somebody chose to look at. */
import { batch, computed, type Signal, signal } from "@preact/signals";
import {
  type Channel,
  type Homes,
  type Machinery,
  type Message,
  type Push,
  push,
  type ShownTraining,
  type ShownZone,
  type View,
  type World,
} from "../protocol.ts";
import { initialChoice, keepChoice } from "./choice.ts";

export const connection = signal<"connecting" | "live" | "lost">("connecting");
export const world = signal<World | null>(null);
export const channels = signal<readonly Channel[]>([]);
export const views = signal<Readonly<Record<string, readonly View[]>>>({});
/** What the app has published for each person. */
export const homes = signal<Homes>({});
export const zones = signal<readonly ShownZone[]>([]);
export const machinery = signal<Machinery>({ speed: 1, real: false, bot: "running" });
/** The newest run of Flower that was started here. */
export const training = signal<ShownTraining | null>(null);
/** All messages by channel, by when they were posted. */
export const messages = signal<ReadonlyMap<string, readonly Message[]>>(new Map());

/** Who somebody is, what they look at; kept over a reload. */
export const choice = signal(initialChoice());
choice.subscribe(keepChoice);

export function choose(change: Partial<typeof choice.value>): void {
  choice.value = { ...choice.value, ...change };
}

export const person = computed(() => world.value?.people.find(({ id }) => id === choice.value.person));
export const ownChannels = computed(() =>
  channels.value.filter(({ members }) => members.includes(choice.value.person)),
);
export const channel = computed(
  () => ownChannels.value.find(({ id }) => id === choice.value.channels[choice.value.person]) ?? ownChannels.value[0],
);
/** What stands for a channel where somebody looks at the app's home. */
export const HOME = "home";
/** Slack shows an app's home to members of the workspace that installed it. */
export const hasHome = computed(() => person.value?.workspace === world.value?.app.workspace);
export const isAtHome = computed(() => hasHome.value && choice.value.channels[choice.value.person] === HOME);
export const topView = computed(() => views.value[choice.value.person]?.at(-1));

/** Whether the person who looks can see a message. */
export const isSeen = ({ onlyFor }: Message): boolean => onlyFor === null || onlyFor === choice.value.person;

export function nameOf(id: string): string {
  const known = world.value;
  if (known === null) return id;
  if (id === known.app.botUserId) return known.app.name;
  return known.people.find((one) => one.id === id)?.name ?? channels.value.find((one) => one.id === id)?.name ?? id;
}

export function follow(): void {
  const source = new EventSource("/events");
  source.onopen = () => {
    connection.value = "live";
  };
  source.onerror = () => {
    connection.value = "lost";
  };
  source.onmessage = ({ data }) => {
    const read: unknown = JSON.parse(String(data));
    take(push.parse(read));
  };
}

function take(news: Push): void {
  batch(() => {
    if (news.world !== undefined) beginAnew(news.world);
    keep(channels, news.channels);
    keep(views, news.views);
    keep(homes, news.homes);
    keep(zones, news.zones);
    keep(machinery, news.machinery);
    keep(training, news.training);
    takeMessages(news.messages ?? [], news.gone ?? []);
  });
}

function keep<T>(kept: Signal<T>, news: T | undefined): void {
  if (news !== undefined) kept.value = news;
}

/** What came before, perhaps from a sandbox that is gone, counts no more. */
function beginAnew(whole: World): void {
  world.value = whole;
  messages.value = new Map();
  training.value = null;
}

function takeMessages(changed: readonly Message[], gone: readonly { channel: string; ts: string }[]): void {
  if (changed.length + gone.length === 0) return;
  const next = new Map(messages.value);
  const touched = new Set([...changed, ...gone].map(({ channel: id }) => id));
  for (const id of touched) {
    const byTs = new Map((next.get(id) ?? []).map((message) => [message.ts, message]));
    for (const { channel: at, ts } of gone) if (at === id) byTs.delete(ts);
    for (const message of changed) if (message.channel === id) byTs.set(message.ts, message);
    next.set(
      id,
      [...byTs.values()].sort((a, b) => (a.ts < b.ts ? -1 : 1)),
    );
  }
  messages.value = next;
}
