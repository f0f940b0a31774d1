/**
 * OpenNebula's command-line tools as far as docs/preparing-a-zone.md uses them, over XML-RPC to the zones' stand-in:
 * `node one-command.js onegroup create florist`. As the real ones it takes its address from ONE_XMLRPC and its account from
 * the file ONE_AUTH. What the stand-in has no notion of (clusters and VDCs, the marketplace) it lets pass, and says so.
 */
import { readFileSync } from "node:fs";
import xmlrpc from "xmlrpc";
import { z } from "zod";
import { parseXml, textAt } from "./one-xml.ts";

const { ONE_XMLRPC = "", ONE_AUTH = "" } = process.env;
const [tool = "", verb = "", ...rest] = process.argv.slice(2);
const fileOption = (name: string): string | undefined => {
  const at = rest.indexOf(name);
  return at < 0 ? undefined : rest[at + 1];
};
const answered = z.tuple([z.boolean(), z.union([z.string(), z.number()])]).rest(z.unknown());

function call(method: string, ...parameters: readonly unknown[]): Promise<string> {
  const client = xmlrpc.createClient(ONE_XMLRPC);
  return new Promise((resolve, reject) => {
    client.methodCall(
      method,
      [readFileSync(ONE_AUTH, "utf8").trim(), ...parameters],
      (error: unknown, value: unknown) => {
        if (error) return reject(error);
        const [ok, said] = answered.parse(value);
        return ok ? resolve(String(said)) : reject(new Error(String(said)));
      },
    );
  });
}

const POOLS: Readonly<Record<string, { readonly word: string; readonly pool: string; readonly element: string }>> = {
  onetemplate: { word: "template", pool: "one.templatepool.info", element: "VMTEMPLATE" },
  oneimage: { word: "image", pool: "one.imagepool.info", element: "IMAGE" },
  onevnet: { word: "vn", pool: "one.vnpool.info", element: "VNET" },
};

const listed = async (pool: string, element: string) => parseXml(await call(pool, -2, -1, -1), element);

/** A number, or the name of something that the account may use. */
async function idOf(
  name: string,
  { pool, element }: { readonly pool: string; readonly element: string },
): Promise<number> {
  const found = (await listed(pool, element)).find((one) => textAt(one, "NAME") === name || textAt(one, "ID") === name);
  if (found === undefined) throw new Error(`${tool}: there is no ${name}`);
  return Number(textAt(found, "ID"));
}

async function groupId(name: string): Promise<number> {
  const found = parseXml(await call("one.grouppool.info"), "GROUP").find((one) => textAt(one, "NAME") === name);
  if (found === undefined) throw new Error(`there is no group ${name}`);
  return Number(textAt(found, "ID"));
}

const KINDS: Readonly<Record<string, bigint>> = { VM: 1n << 36n, TEMPLATE: 1n << 41n, DOCUMENT: 1n << 46n };

/** `@100 VM+DOCUMENT/* CREATE #0` in oned's hexadecimal numbers. */
function ruleOf(text: string): readonly string[] {
  const [, group = "", kinds = "", zone = ""] = /^@(\d+) ([A-Z+]+)\/\* CREATE #(\d+)$/.exec(text) ?? [];
  if (group === "") throw new Error(`no rule: ${text}`);
  const resource = kinds.split("+").reduce((sum, kind) => sum | (KINDS[kind] ?? 0n), 1n << 34n);
  const numbers = [(1n << 33n) | BigInt(group), resource, 8n, (1n << 32n) | BigInt(zone)];
  return numbers.map((number) => number.toString(16));
}

async function ofPool(pool: NonNullable<(typeof POOLS)[string]>): Promise<string> {
  const [name = "", value = ""] = rest;
  switch (verb) {
    case "list":
      return (await listed(pool.pool, pool.element))
        .map((one) => `${textAt(one, "ID")} ${textAt(one, "NAME")}`)
        .join("\n");
    case "chgrp":
      await call(`one.${pool.word}.chown`, await idOf(name, pool), -1, await groupId(value));
      return "";
    case "chmod": {
      const bits = [...value].flatMap((digit) => [4, 2, 1].map((bit) => (Number(digit) & bit ? 1 : 0)));
      await call(`one.${pool.word}.chmod`, await idOf(name, pool), ...bits);
      return "";
    }
    case "create":
      return `ID: ${await call("one.template.allocate", readFileSync(name, "utf8"))}`;
    case "instantiate": {
      const vm = await call(
        "one.template.instantiate",
        await idOf(name, pool),
        fileOption("--name") ?? "",
        false,
        "",
        false,
      );
      return `VM ID: ${vm}`;
    }
    default:
      throw new Error(`${tool} ${verb} is not known here`);
  }
}

async function carriedOut(): Promise<string> {
  const pool = POOLS[tool];
  if (pool !== undefined) return await ofPool(pool);
  switch (`${tool} ${verb}`) {
    case "onegroup create":
      return `ID: ${await call("one.group.allocate", rest[0])}`;
    case "onegroup quota":
      await call("one.group.quota", await groupId(rest[0] ?? ""), readFileSync(rest[1] ?? "", "utf8"));
      return "";
    case "oneuser create": {
      const password = readFileSync(fileOption("-r") ?? "", "utf8").trim();
      const groups = [await groupId(fileOption("--group") ?? "")];
      return `ID: ${await call("one.user.allocate", rest[0], password, "", groups)}`;
    }
    case "oneacl create":
      return `ID: ${await call("one.acl.addrule", ...ruleOf(rest[0] ?? ""))}`;
    case "onevm terminate":
      await call("one.vm.action", "terminate-hard", Number(rest.at(-1)));
      return "";
    case "onevdc create":
    case "onevdc addgroup":
    case "onevdc addcluster":
    case "onevdc delgroup":
    case "onemarketapp export":
      return `not modelled: ${tool} ${verb}`;
    default:
      throw new Error(`${tool} ${verb} is not known here`);
  }
}

try {
  console.log(await carriedOut());
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 255;
}
