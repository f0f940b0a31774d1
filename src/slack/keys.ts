/** Keys of messages that others link to or stand under. */
import { sha256 } from "../federation/model/digest.ts";
import type { CardId, ChannelId, ZoneName } from "../federation/model/identity.ts";
import type { Attachment } from "./message.ts";

export const siteCardKey = (zone: ZoneName, card: CardId): string => `approval/${zone}/${card}`;
export const admitCardKey = (zone: ZoneName, card: CardId): string => `admit/${zone}/${card}`;
export const teardownCardKey = (zone: ZoneName, card: CardId): string => `teardown/${zone}/${card}`;
export const goOnCardKey = (zone: ZoneName, card: CardId): string => `go-on/${zone}/${card}`;
export const tunnelKey = (zone: ZoneName, card: CardId): string => `tunnel/${zone}/${card}`;
export const routerKey = (zone: ZoneName, card: CardId): string => `router/${zone}/${card}`;
/** A file is posted as it is: with another content it is another one. */
export const routerFileKey = (zone: ZoneName, card: CardId, { name, content }: Pick<Attachment, "name" | "content">) =>
  `router-file/${zone}/${card}/${name}/${sha256(content).slice(0, 12)}`;
export const preflightKey = (zone: ZoneName): string => `preflight/${zone}`;
export const trustKey = (channel: ChannelId): string => `trust/${channel}`;
/** Asks the coordinator's owners for their organisation's CA. */
export const AUTHORITY_KEY = "authority";
export const certificateKey = (vmId: number): string => `certificate/${vmId}`;
/** How to start a run. */
export const CONNECTION_KEY = "connection";
