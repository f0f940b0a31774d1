/** Thousands of mutated deliveries, each correctly signed, seeded: what Slack itself would have to send. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import type { FederationId } from "../../src/federation/model/identity.ts";
import { ACTION, VIEW } from "../../src/slack/names.ts";
import { HOME_CHANNEL, ownerOf, zone } from "../builders/decision-context.ts";
import { aFederation } from "../builders/federation.ts";
import { type Bench, BOT_USER, channel, OUTSIDER, openBench, owner, REQUESTER, STRANGER } from "../slack/bench.ts";
import { HOST } from "../slack/workspace-seed.ts";
import { Dice, inputs, mutatedText, ODD_TEXTS, reshaped, SEED } from "./mutation.ts";

/** Over each transport. */
const DELIVERIES = inputs(0.08);
const SECRETS = ["xoxb-test", "xapp-test", "signing-secret"];

/** Some would end the federation, as they should. */
const ENDING: readonly string[] = [ACTION.cancel, ACTION.askTeardown, ACTION.retire];
const NAMES = [...Object.values(ACTION), ...Object.values(VIEW)].filter((name) => !ENDING.includes(name));
const PEOPLE = [REQUESTER, STRANGER, OUTSIDER, BOT_USER, owner("alpha"), owner("beta"), owner("beta", 2)];
const TEAMS = [HOST, ownerOf("beta").team, ownerOf("gamma").team, "TNOBODY", null];
const ODD = [...ODD_TEXTS, ...NAMES, ...PEOPLE, ...TEAMS, HOME_CHANNEL, channel("beta"), 7, -1, 1e300, true, [], {}];

const FORM = "application/x-www-form-urlencoded";
const JSON_TYPE = "application/json";

/** What is in a delivery, and how it is written. */
interface Delivery {
  readonly form: "event" | "interaction" | "command";
  readonly content: unknown;
}

const record = z.record(z.string(), z.unknown());

function read(kind: string, body: string): Delivery {
  if (kind === "event") return { form: "event", content: JSON.parse(body) };
  const fields = new URLSearchParams(body);
  const payload = fields.get("payload");
  if (payload !== null) return { form: "interaction", content: JSON.parse(payload) };
  return { form: "command", content: Object.fromEntries(fields) };
}

function written({ form, content }: Delivery): string {
  if (form === "event") return JSON.stringify(content);
  if (form === "interaction") return new URLSearchParams({ payload: JSON.stringify(content) }).toString();
  const fields = record.safeParse(content).data ?? {};
  const texts = Object.entries(fields).map(([name, value]): [string, string] => [name, String(value)]);
  return new URLSearchParams(texts).toString();
}

const acting = z.object({
  user: z.object({ id: z.string() }).optional().catch(undefined),
  user_id: z.string().optional().catch(undefined),
});

/** Whoever acts by what is delivered; nobody by what cannot be read. */
function actorOf(kind: string, text: string): string | undefined {
  try {
    const { user, user_id } = acting.safeParse(read(kind, text).content).data ?? {};
    return user?.id ?? user_id;
  } catch {
    return undefined;
  }
}

/** Somebody does each thing that is there to be done, which changes nothing. */
async function gestures(bench: Bench): Promise<readonly Delivery[]> {
  const { control } = bench;
  await control.command({ person: REQUESTER, channel: HOME_CHANNEL, text: "status tumour-study" });
  await control.command({ person: REQUESTER, channel: HOME_CHANNEL, text: "deploy-site" });
  const { viewId } = await bench.modal(REQUESTER);
  const values = { name: "tumour-study", purpose: "A trial.", coordinator: "alpha", training: ["beta"] };
  await control.fill({ person: REQUESTER, viewId, values });
  const { errors } = await control.submit({ person: REQUESTER, viewId });
  assert.ok(errors !== undefined, "the name is taken");
  const card = await bench.read(channel("beta"), "asks to run");
  for (const button of ["Approve", "See what runs"]) await bench.press(STRANGER, card, button);
  await control.mention({ person: owner("beta"), channel: channel("beta"), text: `<@${BOT_USER}> status` });
  const deliveries = await control.deliveries();
  return deliveries.filter(({ kind }) => kind !== "url_verification").map(({ kind, body }) => read(kind, body));
}

/** Somebody else does it, something in it is odd, and it is none that came before. */
function mutated(dice: Dice, { form, content }: Delivery, nth: number): Delivery {
  const copy = record.parse(structuredClone(content));
  const user = record.safeParse(copy["user"]).data;
  if (user !== undefined && dice.below(2) === 0)
    copy["user"] = { ...user, id: dice.of(PEOPLE), team_id: dice.of(TEAMS) };
  if ("user_id" in copy && dice.below(2) === 0)
    Object.assign(copy, { user_id: dice.of(PEOPLE), team_id: dice.of(TEAMS) });
  if ("trigger_id" in copy) copy["trigger_id"] = `${nth}.1.trigger`;
  if ("event_id" in copy) copy["event_id"] = `Ev${nth}`;
  const answers = copy["response_url"];
  const odd = record.safeParse(reshaped(dice, copy, ODD)).data;
  if (odd === undefined) return { form, content: dice.of(ODD) };
  // The bot answers where Slack says, which must not be somewhere else because of this test.
  return { form, content: "response_url" in odd ? { ...odd, response_url: answers } : odd };
}

function body(dice: Dice, sent: Delivery): string {
  const whole = written(sent);
  return dice.below(6) === 0 ? mutatedText(dice, whole, ["&", "=", "%00", "{", "}", '"', ...ODD_TEXTS]) : whole;
}

const ANSWERS: Readonly<Record<Bench["transport"], readonly number[]>> = { http: [200, 400, 401, 404], socket: [200] };

/**
 * Sends it; 404 is for what Bolt takes for a kind that nobody listens to. In Socket Mode everything is acknowledged. What
 * follows was done by whoever it says.
 */
async function sends(bench: Bench, id: FederationId, sent: Delivery, text: string): Promise<void> {
  const before = bench.recorded(id).length;
  const answer = await bench.deliver({ body: text, contentType: sent.form === "event" ? JSON_TYPE : FORM });
  assert.ok(ANSWERS[bench.transport].includes(answer.status), `${answer.status}`);
  for (const secret of SECRETS) assert.ok(!answer.body.includes(secret), answer.body);
  for (const { event } of bench.recorded(id).slice(before)) {
    if ("by" in event) assert.equal(event.by?.user, actorOf(sent.form, text), event.type);
  }
}

const TRANSPORTS = { http: "correctly signed", socket: "in Socket Mode" } as const;

for (const transport of ["http", "socket"] as const)
  describe(`a bot that is sent mutated deliveries, ${TRANSPORTS[transport]},`, () => {
    it(`${DELIVERIES} times answers each, takes nobody for another, tells no secret, and decides and ends as before`, async (context) => {
      const bench = await openBench(context, { transport, story: aFederation().planned() });
      const { id } = bench.federation();
      const usual = await gestures(bench);
      const dice = new Dice();
      for (let nth = 0; nth < DELIVERIES; nth += 1) {
        const sent = mutated(dice, dice.of(usual), nth);
        const text = body(dice, sent);
        await sends(bench, id, sent, text).catch((cause: unknown) => {
          throw new Error(`delivery ${nth} of seed ${SEED}, ${text}: ${cause}`, { cause });
        });
      }
      await bench.settled();
      for (const name of ["beta", "gamma", "alpha"]) {
        if (bench.store.get(id)?.sites.get(zone(name))?.approvalState !== "pending") continue;
        await bench.press(owner(name), await bench.read(channel(name), "asks to run"), "Approve");
      }
      for (const name of ["beta", "gamma", "alpha"]) await bench.read(channel(name), "approved");
      const said = JSON.stringify([await bench.messages(HOME_CHANNEL), await bench.messages(channel("beta"))]);
      for (const secret of SECRETS) assert.ok(!said.includes(secret), secret);
      await bench.press(REQUESTER, await bench.read(HOME_CHANNEL, "tumour-study"), "Cancel the request");
      await bench.control.until("the end", async () => (bench.store.get(id)?.ended == null ? undefined : true));
    });
  });
