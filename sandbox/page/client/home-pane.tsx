/** The app's home, as it was published for whoever looks: opening it tells the app, which then publishes it. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { Blocks } from "./blocks.tsx";
import type { Use } from "./elements.tsx";
import { send } from "./gestures.ts";
import { Icon } from "./icons.tsx";
import { choice, homes, world } from "./store.ts";

const NOTHING_TO_USE: Use = () => Promise.resolve("This page uses no element of a home.");

export function HomePane(): JSX.Element {
  const { person } = choice.value;
  useEffect(() => {
    void send({ do: "home", what: { person } });
  }, [person]);
  const name = world.value?.app.name ?? "";
  const blocks = homes.value[person];
  return (
    <main class="panes">
      <section class="pane" aria-label={`Home of ${name}`}>
        <header class="pane-head">
          <h1>
            <Icon name="home" />
            {name}
          </h1>
          <span class="pane-facts">Home · only you see it</span>
        </header>
        <section
          class="messages home"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
          tabIndex={0}
          aria-label="What the home says"
        >
          {blocks === undefined ? <p class="nothing">One moment…</p> : <Blocks blocks={blocks} use={NOTHING_TO_USE} />}
        </section>
      </section>
    </main>
  );
}
