import { type Address, parseAddress } from "../../guest-protocol/address.ts";
import { parseVersion } from "../../guest-protocol/claims.ts";
import { parseExtraSan } from "../../guest-protocol/extra-san.ts";
import { CONTEXT } from "../../guest-protocol/names.ts";
import { GuestFailure } from "./guest.ts";

const FLEET_PORT = 9092;

/** What CONTEXT tells a SuperLink beyond what every guest is told. */
export type SuperlinkSettings = {
  readonly dialled: Address;
  /** The names its certificate is asked for, each once. */
  readonly names: readonly string[];
  readonly version: string;
};

/** @throws GuestFailure `context-invalid`, `flower-version`. */
export function readSuperlinkSettings(context: Readonly<Record<string, string>>): SuperlinkSettings {
  const own = context["ETH0_IP"] ?? "";
  const dialled = parseAddress(context[CONTEXT.dialledAddress] || `${own}:${FLEET_PORT}`);
  const extra = parseExtraSan(context[CONTEXT.extraSan] ?? "");
  const version = parseVersion(context[CONTEXT.flowerVersion] ?? "");
  if (!dialled.ok || !extra.ok) {
    throw new GuestFailure("context-invalid", "The dialled address or the additional names cannot be read.");
  }
  if (!version.ok) {
    throw new GuestFailure("flower-version", "FLOWER_VERSION is not a version.");
  }
  const names = [
    "localhost",
    "127.0.0.1",
    "::1",
    own,
    dialled.value.host.value,
    ...extra.value.map(({ value }) => value),
  ];
  return {
    dialled: dialled.value,
    names: [...new Set(names)].filter((name) => name !== ""),
    version: version.value,
  };
}
