/** The federations that stand in the home channel: what their cards say. */
import { computed } from "@preact/signals";
import { homeChannel } from "../../zones-file.ts";
import { headingOf } from "./message-buttons.ts";
import { messages } from "./store.ts";

export const federationCards = computed(() =>
  (messages.value.get(homeChannel) ?? []).flatMap((message) => {
    if (!message.isBot || message.threadTs !== null) return [];
    const name = /^Federation (\S+)$/.exec(headingOf(message))?.[1];
    return name === undefined ? [] : [{ name, message }];
  }),
);

export const federationNames = computed(() => federationCards.value.map(({ name }) => name));
