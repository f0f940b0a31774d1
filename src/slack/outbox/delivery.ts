/** What is still to be sent of a federation's messages, and what became of an attempt. Pure. */
import type { ChannelId } from "../../federation/model/identity.ts";
import type { Federation, PostedMessage } from "../../federation/model/state.ts";
import { contentHash, type DesiredMessage } from "../message.ts";

export type Step =
  | {
      readonly kind: "post";
      readonly message: Exclude<DesiredMessage, { kind: "file" }>;
      readonly threadTs: string | null;
    }
  | {
      readonly kind: "update";
      readonly message: DesiredMessage & { kind: "card" };
      readonly posted: PostedMessage;
      readonly threadTs: string | null;
    }
  | { readonly kind: "upload"; readonly message: DesiredMessage & { kind: "file" }; readonly threadTs: string };

/** Every step that is open in one channel, in the order in which messages are to appear there. */
export function openSteps(
  federation: Federation,
  messages: readonly DesiredMessage[],
  channel: ChannelId,
  isReopened: (key: string) => boolean,
): readonly Step[] {
  return messages.flatMap((message) => {
    if (message.channel !== channel) return [];
    const posted = federation.messages.get(message.key);
    if (posted !== undefined) return rewriting(federation, message, posted);
    if (federation.givenUp.has(message.key) && !isReopened(message.key)) return [];
    return posting(federation, message, messages);
  });
}

function rewriting(federation: Federation, message: DesiredMessage, posted: PostedMessage): readonly Step[] {
  if (message.kind !== "card" || contentHash(message) === posted.content) return [];
  const threadTs = message.thread === null ? null : (federation.messages.get(message.thread)?.ts ?? null);
  return [{ kind: "update", message, posted, threadTs }];
}

function posting(
  federation: Federation,
  message: DesiredMessage,
  messages: readonly DesiredMessage[],
): readonly Step[] {
  const parent = message.thread === null ? null : federation.messages.get(message.thread);
  if (parent === undefined) return [];
  if (message.kind !== "file") return [{ kind: "post", message, threadTs: parent?.ts ?? null }];
  return parent === null
    ? []
    : [{ kind: "upload", message, threadTs: rootOf(federation, message, messages) ?? parent.ts }];
}

/** Threads do not nest: what follows a reply stands in the thread of the reply's own parent. */
function rootOf(federation: Federation, message: DesiredMessage, messages: readonly DesiredMessage[]): string | null {
  const above = messages.find(({ key }) => key === message.thread)?.thread ?? null;
  return above === null ? null : (federation.messages.get(above)?.ts ?? null);
}

/** The Web API method that a step needs. */
export function methodOf(step: Step): string {
  switch (step.kind) {
    case "post":
      return "chat.postMessage";
    case "update":
      return "chat.update";
    case "upload":
      return "files.upload";
  }
}
