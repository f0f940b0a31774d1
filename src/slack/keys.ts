/** Keys of messages that others link to or stand under. */
import { sha256 } from "../federation/model/digest.ts";
import type { CardId, ChannelId, SiteName } from "../federation/model/identity.ts";
import type { Attachment } from "./message.ts";

export const siteCardKey = (site: SiteName, card: CardId): string => `approval/${site}/${card}`;
export const admitCardKey = (site: SiteName, card: CardId): string => `admit/${site}/${card}`;
export const teardownCardKey = (site: SiteName, card: CardId): string => `teardown/${site}/${card}`;
export const goOnCardKey = (site: SiteName, card: CardId): string => `go-on/${site}/${card}`;
export const tunnelKey = (site: SiteName, card: CardId): string => `tunnel/${site}/${card}`;
export const routerKey = (site: SiteName, card: CardId): string => `router/${site}/${card}`;
/** A file is posted as it is: with another content it is another one. */
export const routerFileKey = (site: SiteName, card: CardId, { name, content }: Pick<Attachment, "name" | "content">) =>
  `router-file/${site}/${card}/${name}/${sha256(content).slice(0, 12)}`;
/** Said once of each key that the hub has had. */
export const routerChangeKey = (site: SiteName, card: CardId, hub: string): string =>
  `router-change/${site}/${card}/${sha256(hub).slice(0, 12)}`;
export const preflightKey = (site: SiteName): string => `preflight/${site}`;
export const trustKey = (channel: ChannelId): string => `trust/${channel}`;
/** Asks the coordinator's owners for their organisation's CA. */
export const AUTHORITY_KEY = "authority";
export const certificateKey = (vmId: number): string => `certificate/${vmId}`;
/** How to start a run. */
export const CONNECTION_KEY = "connection";
