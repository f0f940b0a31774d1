/** A configuration that loads, to be spoilt one place at a time. */
import type { FileRead, ReadFile } from "../../src/config/file-reader.ts";

export const ZONES_FILE = `
zones:
  zone-a:
    title: Aster
    xmlrpc: https://one.aster.example:2633/RPC2
    oneflow: https://one.aster.example:2474
    user: florist
    password: {environment: ZONE_A_PASSWORD}
    channel: C0ZONEA001
    owners:
      - {team: T0ASTER001, user: U0OWNERA01}
    coordinate:
      template: Flower SuperLink 1.31.0
    train:
      templates: {none: Flower SuperNode 1.31.0}
    network: public
  zone-b:
    title: Birch
    xmlrpc: https://one.birch.example:2633/RPC2
    oneflow: https://one.birch.example:2474
    user: florist
    password: {file: birch-password}
    channel: C0ZONEB001
    owners:
      - {team: T0BIRCH001, user: U0OWNERB01}
    train:
      templates: {none: 7}
    network: 3
requesters:
  channels: [C0FEDERATE]
`;

export const ENVIRONMENT: Readonly<Record<string, string>> = {
  SLACK_BOT_TOKEN: "xoxb-sample",
  SLACK_APP_TOKEN: "xapp-sample",
  FLORIST_KEY: "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
  ZONE_A_PASSWORD: "password of zone a",
};

type Content = string | { readonly text: string; readonly openToOthers: boolean };

/** Files by their name, wherever they are looked for. */
export function filesOf(contents: Readonly<Record<string, Content>>): ReadFile {
  return (path): FileRead => {
    const content = contents[path.split("/").at(-1) ?? ""];
    if (content === undefined) return { ok: false, problem: "cannot be read (no such file)" };
    return typeof content === "string" ? { ok: true, text: content, openToOthers: false } : { ok: true, ...content };
  };
}

export const FILES = { "zones.yml": ZONES_FILE, "birch-password": "password of zone b\n" };
