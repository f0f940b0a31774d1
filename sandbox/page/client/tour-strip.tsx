/** The tour: one line that says the next step and goes there. */
import { computed } from "@preact/signals";
import type { JSX } from "preact";
import { homeChannel } from "../../zones-file.ts";
import type { View } from "../protocol.ts";
import { offered } from "./composer.tsx";
import { federationCards, federationNames } from "./federations.ts";
import { send } from "./gestures.ts";
import { Icon } from "./icons.tsx";
import { buttonsOf } from "./message-buttons.ts";
import { goTo } from "./sidebar.tsx";
import { choice, choose, messages, nameOf, views, world, zones } from "./store.ts";
import { isComplete, nextStep, type Offer, STEPS } from "./tour.ts";
import { waiting } from "./waiting.ts";

const REQUESTER = "U0REQUEST1";

const step = computed(() =>
  nextStep({
    requester: REQUESTER,
    home: homeChannel,
    command: world.value?.app.command ?? "",
    zones: zones.value,
    views: views.value,
    // A card without buttons is that of a federation that has ended.
    federations: federationCards.value
      .filter(({ message }) => buttonsOf(message).length > 0)
      .map(({ name, message }) => ({ name, ts: message.ts })),
    waiting: waiting(messages.value),
    nameOf,
  }),
);

/** Where a modal covers the strip: what the tour would do in it. */
export function TourInModal({ view }: { readonly view: View }): JSX.Element | null {
  const { offer, button } = step.value;
  if (!choice.value.tour || offer?.do !== "fill-form" || offer.view.viewId !== view.viewId) return null;
  return isComplete(view) ? null : (
    <button type="button" class="button tour-button" onClick={() => void accept(offer)}>
      <Icon name="route" />
      {button}
    </button>
  );
}

export function TourStrip(): JSX.Element | null {
  if (!choice.value.tour) return null;
  const { done, number, title, says, button, offer } = step.value;
  return (
    <section class={`tour ${done ? "done" : ""}`} aria-label="Next step">
      <ol class="dots" aria-label={`Step ${number} of ${STEPS}`}>
        {Array.from({ length: STEPS }, (_, nth) => (
          <li key={nth} class={nth + 1 < number ? "past" : nth + 1 === number ? "now" : ""} />
        ))}
      </ol>
      <p aria-live="polite">
        <strong>{title}.</strong> {says}
      </p>
      {offer?.do === "fill-form" && offer.person === choice.value.person ? null : (
        <button type="button" class="button primary" onClick={() => void accept(offer)}>
          {button}
        </button>
      )}
      <button type="button" class="icon-button" aria-label="Hide the tour" onClick={() => choose({ tour: false })}>
        <Icon name="close" />
      </button>
    </section>
  );
}

async function accept(offer: Offer): Promise<void> {
  if (offer === null) return;
  switch (offer.do) {
    case "go":
      goTo(offer.channel, offer.person);
      if (offer.thread !== undefined) choose({ thread: { channel: offer.channel, ts: offer.thread } });
      if (offer.composer !== undefined) offered.value = { text: offer.composer };
      return;
    case "fill-form":
      goTo(homeChannel, offer.person);
      await fillForm(offer.person, offer.view);
      return;
  }
}

/** As somebody would: a name, the first zone as coordinator, and all that train elsewhere. */
async function fillForm(person: string, view: View): Promise<void> {
  const field = (label: string) => view.fields.find((one) => one.label === label && isEmptyValue(one.value));
  const values: Record<string, string | string[]> = {};
  const name = field("Name of the federation");
  const purpose = field("What it is for");
  const leads = field("Coordinator zone");
  const trains = field("Training sites");
  if (name !== undefined) values[name.blockId] = freeName();
  if (purpose !== undefined) values[purpose.blockId] = "Predicts readmission from records that stay where they are.";
  const coordinator = leads?.options?.[0]?.value;
  if (leads !== undefined && coordinator !== undefined) values[leads.blockId] = coordinator;
  const sites = trains?.options?.map(({ value }) => value) ?? [];
  if (trains !== undefined) values[trains.blockId] = sites.filter((site) => site !== (coordinator ?? sites[0]));
  if (Object.keys(values).length > 0) await send({ do: "fill", what: { person, viewId: view.viewId, values } });
}

const isEmptyValue = (value: View["fields"][number]["value"]): boolean => value === null || value.length === 0;

const NAMES = ["hearts", "lungs", "kidneys", "retina", "marrow"];
const freeName = (): string =>
  NAMES.find((name) => !federationNames.value.includes(name)) ?? `hearts-${federationNames.value.length + 1}`;
