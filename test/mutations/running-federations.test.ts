/** Mutated answers of zones, seeded, played into federations from their first look to their end. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { inspect } from "node:util";
import { type DirectCommand, decide } from "../../src/federation/deciding/decide.ts";
import { canRetry } from "../../src/federation/deciding/lifecycle.ts";
import { type FederationId, slug } from "../../src/federation/model/identity.ts";
import { rebootUnderWay } from "../../src/federation/model/reboot.ts";
import { currentProposal, type Federation, isSettled, type Site } from "../../src/federation/model/state.ts";
import { statusOf } from "../../src/federation/model/status.ts";
import { OWNER, openHeadless, passwordOf, REQUESTER, requestFor } from "../rollout/headless.ts";
import { until } from "../waiting.ts";
import { MutatingWays, type Passing } from "./mutating-way.ts";
import { inputs, SEED } from "./mutation.ts";
import { secretForms } from "./zone-answer.ts";

const ANSWERS = inputs(0.03);
/** In each part of a federation's life at most so many: then it is shown that it goes on. */
const MOST_AT_ONCE = 400;
const ZONES = 2;
const DONE = 6;
/** What one federation's journal may come to, whatever zones answer. */
const MOST_EVENTS = 2_000;

type Headless = Awaited<ReturnType<typeof openHeadless>>;

/** Texts and numbers among the parameters of an XML-RPC call, the credential first. */
const parametersOf = (body: string): readonly string[] =>
  [...body.matchAll(/<(?:string|int|i4)>([^<]*)</g)].map(([, value = ""]) => value);

/** The journal says that this was to be done. Reads need no intent. */
function isIntended(sites: readonly Site[], { what, body }: Passing): boolean {
  const [, first = "", second = ""] = parametersOf(body);
  const named = Number(/\/(\d+)/.exec(what)?.[1] ?? Number.NaN);
  if (what === "one.vm.update") return sites.some(({ deployment }) => deployment?.vms.has(Number(first)) === true);
  if (what === "one.vm.action") {
    return first.startsWith("terminate")
      ? sites.some(({ removals }) => removals.some(({ ref }) => ref !== null))
      : sites.some((site) => rebootUnderWay(site)?.vms.some((vm) => vm.intended && vm.vmId === Number(second)));
  }
  if (what === "one.template.instantiate") {
    return sites.some(({ deployment }) => {
      const isOpen = deployment !== null && deployment.intendedVms > deployment.madeVms.length;
      return isOpen && deployment.tag !== null && body.includes(deployment.tag);
    });
  }
  if (what === "POST /service_template") {
    return sites.some(({ deployment }) => deployment?.templateName != null && deployment.templateId === null);
  }
  if (what.startsWith("POST /service_template/")) {
    return sites.some(({ deployment }) => deployment?.tag != null && body.includes(deployment.tag));
  }
  if (what.startsWith("DELETE /service/") || what.startsWith("POST /service/")) {
    return sites.some(({ removals }) => removals.some(({ ref }) => ref?.kind === "oneflow" && ref.id === named));
  }
  return true;
}

describe("federations whose zones' answers are mutated", () => {
  const logged: string[] = [];
  const unintended: string[] = [];
  const log = (fields: object, message: string): void =>
    void logged.push(`${message} ${inspect(fields, { depth: 20 })}`);
  let headless: Headless;
  let ways: MutatingWays;
  let secrets: readonly string[];

  const sitesIn = (zone: string): readonly Site[] =>
    [...headless.runtime.store.living()].flatMap(({ sites }) =>
      [...sites.values()].filter((site) => site.name === zone),
    );

  before(async () => {
    const secretsOf = (zone: string) => secretForms({ user: "florist", password: passwordOf(zone) });
    secrets = ["zone-a", "zone-b"].flatMap(secretsOf);
    ways = new MutatingWays(secretsOf, (passing) => {
      if (!isIntended(sitesIn(passing.zone), passing))
        unintended.push(`${passing.zone} ${passing.what} ${passing.body}`);
    });
    headless = await openHeadless(ZONES, {
      log: { info: log, warn: log, error: log },
      looking: { fastest: 20, slowest: 100 },
      withoutServices: ["zone-b"],
      way: async ({ name, xmlrpc, oneflow }) => ({
        name,
        xmlrpc: await ways.to(name, xmlrpc),
        oneflow: await ways.to(name, oneflow),
      }),
    });
  });
  after(async () => {
    await headless.stop();
    await ways.close();
  });

  it(`${ANSWERS} times come up, run and end all the same; nothing is done without intent, and no secret is told`, async () => {
    for (let nth = 1; ways.mutated < ANSWERS; nth += 1) {
      const rest = Math.ceil((ANSWERS - ways.mutated) / 3);
      await life(headless, ways, `life-${nth}`, Math.min(rest, MOST_AT_ONCE)).then(
        (history) => assertPlain(history, secrets),
        (cause: unknown) => {
          throw new Error(`in life ${nth} of seed ${SEED}: ${cause}\n${logged.slice(-8).join("\n")}`, { cause });
        },
      );
    }
    assertPlain(logged.join("\n"), secrets);
    assert.deepEqual(unintended, []);
    for (const name of headless.names) {
      const { services, vms } = await headless.zones.zone(name);
      assert.deepEqual([services.length, vms.filter(({ state }) => state !== DONE).length], [0, 0], name);
    }
  });
});

function assertPlain(text: string, secrets: readonly string[]): void {
  for (const secret of secrets) {
    const at = text.indexOf(secret);
    assert.equal(at, -1, `a secret is told: ${text.slice(Math.max(0, at - 300), at + 100)}`);
  }
}

/** A federation from its request to its end, while so many answers are mutated in each part of it; its journal. */
async function life(headless: Headless, ways: MutatingWays, name: string, answers: number): Promise<string> {
  const { store } = headless.runtime;
  const request = { ...requestFor(headless.names, 1), name: slug.parse(name) };
  const { federation: id } = request;
  const part = async (what: string, isSo: (federation: Federation | undefined) => boolean): Promise<void> => {
    ways.mutates(answers);
    await until(
      `${name} ${what}, and all answers mutated`,
      async () => {
        await people(headless, id);
        return { isMutating: ways.isMutating, isSo: isSo(store.get(id)), sites: standing(store.get(id)) };
      },
      (seen) => !seen.isMutating && seen.isSo,
    );
  };
  assert.equal((await store.create(request)).ok, true);
  await part("up", (state) => state !== undefined && allUp(state));
  await part("up still", (state) => state !== undefined && allUp(state));
  await asks(headless, id, { kind: "ask-teardown", by: REQUESTER });
  await part("ended", (state) => state === undefined || isSettled(state));
  const history = await store.history(id);
  assert.ok(history.length <= MOST_EVENTS, `${history.length} events`);
  return JSON.stringify(history);
}

const allUp = (federation: Federation): boolean =>
  [...federation.sites.values()].every((site) => statusOf(federation, site).status === "up");

/** For whoever reads why it did not come to its end. */
const standing = (federation: Federation | undefined): readonly unknown[] =>
  federation === undefined
    ? []
    : [...federation.sites.values()].map((site) => [
        site.name,
        site.approvalState,
        site.problems,
        statusOf(federation, site).status,
        site.deployment?.failure,
        site.deployment?.account,
        site.removals,
        site.teardown,
      ]);

/** What the owners and the requester can do is done; what is refused may be done at another time. */
async function people(headless: Headless, id: FederationId): Promise<void> {
  const federation = headless.runtime.store.get(id);
  if (federation === undefined) return;
  const by = OWNER;
  for (const site of federation.sites.values()) {
    const card = currentProposal(site)?.card;
    if (site.problems.length > 0) await asks(headless, id, { kind: "check-again", by: REQUESTER });
    if (card === undefined) continue;
    if (site.approvalState === "pending") await asks(headless, id, { kind: "approve", consent: "run", card, by });
    if (canRetry(federation, site)) await asks(headless, id, { kind: "retry", card, by });
    if (site.teardown !== null && site.teardown.agreedBy === null) {
      await asks(headless, id, { kind: "agree-teardown", card: site.teardown.card, by });
    }
  }
}

let asked = 0;
type Wanted = DirectCommand extends infer C ? (C extends { key: string } ? Omit<C, "key"> : never) : never;
/** Each time another command. */
async function asks({ runtime }: Headless, id: FederationId, command: Wanted): Promise<void> {
  asked += 1;
  const key = `command ${asked}`;
  await runtime.store.update(id, (state, context) => decide(state, { ...command, key }, context));
}
