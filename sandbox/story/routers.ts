/** An owner and the zone's administrator, who set the zone's router up as the bot's message says. */
import type { RouterConfiguration } from "../hypervisor/tunnel/zone-routers.ts";
import { zoneChannel } from "../zones-file.ts";
import type { Stage } from "./stage.ts";

const FORM = "The router's key";
const KEY = "Public key of the router";
const READY = "What the bot cannot see";

/** What is posted for the router, read as a person reads it. */
export function routerConfigurationIn(text: string): RouterConfiguration {
  const value = (name: string): string => new RegExp(`^${name} = (\\S+)$`, "m").exec(text)?.[1] ?? "";
  return {
    address: value("Address"),
    mtu: Number(value("MTU")),
    peer: { key: value("PublicKey"), endpoint: value("Endpoint"), allowed: [value("AllowedIPs")] },
    rules: /^table [\s\S]*?^\}$/m.exec(text)?.[0] ?? "",
  };
}

/** @returns the router's public key, which the bot has been given */
export async function setUpRouter(stage: Stage, zone: string, federation: string): Promise<string> {
  const key = await configure(stage, zone, federation, "[Peer]");
  await giveRouterKey(stage, zone, federation, key);
  return key;
}

/** Once the hub has another key. @returns the router's own new one, which the bot has been given */
export async function followHub(stage: Stage, zone: string, federation: string, hubKey: string): Promise<string> {
  const key = await configure(stage, zone, federation, `PublicKey = ${hubKey}`);
  await giveRouterKey(stage, zone, federation, key, "Give another key");
  return key;
}

async function configure(stage: Stage, zone: string, federation: string, words: string): Promise<string> {
  const text = await stage.reads(zoneChannel(zone), `router for federation ${federation}`, words);
  return await stage.guests.setUpRouter(zone, routerConfigurationIn(text));
}

/** `button`: another one once a key was given. */
export async function giveRouterKey(
  stage: Stage,
  zone: string,
  federation: string,
  key: string,
  button = "Give the router's key",
): Promise<void> {
  const owner = stage.owner(zone);
  await owner.press(zoneChannel(zone), button, `federation ${federation}`);
  const view = await owner.view(FORM);
  await owner.fill(view, { [KEY]: key, [READY]: ["The router has this configuration"] });
  const { errors } = await owner.submit(view);
  if (errors !== undefined) throw new Error(`The router's key: ${JSON.stringify(errors)}`);
}
