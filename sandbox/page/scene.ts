/** Everything the page shows, as it is now, and the stream of what is different that each open page gets. */
import type { Channel, Homes, Machinery, Message, Push, ShownTraining, ShownZone, View, World } from "./protocol.ts";

type Listener = (push: Push) => void;
/** What is sent whole whenever it is different. */
interface Small {
  channels: readonly Channel[];
  views: Readonly<Record<string, readonly View[]>>;
  homes: Homes;
  zones: readonly ShownZone[];
  machinery: Machinery;
  training: ShownTraining;
}

export class Scene {
  readonly world: World;
  readonly #messages = new Map<string, Message>();
  readonly #listeners = new Set<Listener>();
  /** Each as JSON, which is how they are compared. */
  readonly #small = new Map<keyof Small, string>();

  constructor(world: World) {
    this.world = world;
  }

  /** The first call brings everything there is, the later ones what is different. @returns how to end it */
  listen(listener: Listener): () => void {
    const small = Object.fromEntries([...this.#small].map(([name, json]) => [name, JSON.parse(json)]));
    listener({ world: this.world, messages: [...this.#messages.values()], ...small });
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get isWatched(): boolean {
    return this.#listeners.size > 0;
  }

  takeMessages(changed: readonly Message[], gone: readonly { channel: string; ts: string }[]): void {
    for (const { channel, ts } of gone) this.#messages.delete(`${channel}/${ts}`);
    for (const message of changed) this.#messages.set(`${message.channel}/${message.ts}`, message);
    if (changed.length + gone.length > 0) this.#tell({ messages: [...changed], gone: [...gone] });
  }

  take<Name extends keyof Small>(name: Name, value: Small[Name]): void {
    const json = JSON.stringify(value);
    if (this.#small.get(name) === json) return;
    this.#small.set(name, json);
    this.#tell({ [name]: value });
  }

  #tell(push: Push): void {
    for (const listener of this.#listeners) listener(push);
  }
}
