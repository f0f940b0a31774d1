/** Calls and answers recorded from an OpenNebula 7.4.0 front-end. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";

const recorded = z.object({
  request: z.object({ params: z.array(z.unknown()).nullish(), json: z.unknown().optional() }),
  response: z.object({ status: z.number(), headers: z.record(z.string(), z.string()), body: z.string() }),
});

function folder(): string {
  let at = import.meta.dirname;
  while (!existsSync(join(at, "package.json"))) at = dirname(at);
  return join(at, "test", "wire", "recorded");
}

/** `name` such as `xmlrpc.vm.info-running`. */
export function recording(name: string): z.output<typeof recorded> {
  return recorded.parse(JSON.parse(readFileSync(join(folder(), `${name}.json`), "utf8")));
}

const ENTITIES: Readonly<Record<string, string>> = { "&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"' };

/** The value inside a recorded XML-RPC answer: XML of its own, or plain text. */
export function recordedValue(name: string): string {
  const value = /<boolean>1<\/boolean><\/value>\s*<value><string>([\s\S]*?)<\/string>/.exec(
    recording(name).response.body,
  );
  if (value?.[1] === undefined) throw new Error(`${name} is no answer with a text`);
  return value[1].replace(/&(lt|gt|amp|quot);/g, (entity) => ENTITIES[entity] ?? entity);
}

/** The names of all recordings that begin so. */
export const recordings = (start: string): readonly string[] =>
  readdirSync(folder())
    .filter((name) => name.startsWith(start) && name.endsWith(".json"))
    .map((name) => name.slice(0, -".json".length));
