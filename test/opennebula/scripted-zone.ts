/** A zone that answers each call as a test says: with a recorded answer, or with a value. */
import { afterEach } from "node:test";
import { ZoneError, type ZoneErrorCode } from "../../src/federation/model/zone-facts.ts";
import type { Zone } from "../../src/federation/ports.ts";
import { type Asked, type Daemons, failure, type Reply, startDaemons } from "./daemons.ts";
import { recording } from "./recording.ts";

/** By method, such as `one.vm.info` or `DELETE /service/7`. */
export type Script = Readonly<Record<string, (asked: Asked) => Reply>>;

/** The whole recorded answer, `xmlrpc.` or `oneflow.` included in its name. */
export const recorded = (name: string) => (): Reply => {
  const { status, body } = recording(name).response;
  return { status, body };
};

export const refusedWith = (code: ZoneErrorCode) => (error: unknown) =>
  error instanceof ZoneError && error.code === code;

let running: Daemons | undefined;
const earlier: Daemons[] = [];
afterEach(async () => {
  await Promise.all(earlier.splice(0).map((daemons) => daemons.close()));
  running = undefined;
});

/** What the client opens fits the port that the rollout wrote: the compiler says so here. */
export async function zoneThatSays(script: Script, oneflow?: string): Promise<Zone> {
  running = await startDaemons((asked) => script[asked.what]?.(asked) ?? failure(2048, `unexpected ${asked.what}`));
  earlier.push(running);
  return running.open(oneflow === undefined ? {} : { oneflow });
}

export const asked = (): readonly Asked[] => running?.asked ?? [];
export const methods = (): readonly string[] => asked().map(({ what }) => what);
