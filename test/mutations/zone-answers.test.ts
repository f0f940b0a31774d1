/** Thousands of mutated answers of oned and OneFlow, seeded, at every call that the bot makes. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { ZoneError } from "../../src/federation/model/zone-facts.ts";
import type { OpenZone } from "../../src/opennebula/zone.ts";
import { type Asked, type Reply, startDaemons } from "../opennebula/daemons.ts";
import { CALLS, type Instead, usualAnswer } from "../opennebula/every-call.ts";
import { recording } from "../opennebula/recording.ts";
import { Dice, inputs, SEED } from "./mutation.ts";
import { mutatedAnswer, piecesWith, secretForms } from "./zone-answer.ts";

const ANSWERS = inputs(0.15);
/** No call asks so often; a call that goes on asking never ends. */
const MOST_REQUESTS = 1000;
/** Looks after which what could not be read is read again. */
const LOOKS_UNTIL_READ_AGAIN = 70;

const PASSWORD = "orchard-lantern-42+/";
const SECRETS = secretForms({ user: "flbot", password: PASSWORD });
const PIECES = piecesWith(SECRETS);

/** More answers to the same question than the usual one. */
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  "one.vm.info": ["xmlrpc.vm.info-done", "xmlrpc.error-vm-no-exists", "xmlrpc.error-vm.info-not-authorized"],
  "one.user.info": ["xmlrpc.user.info-with-vm-and-network-quotas", "xmlrpc.error-bad-password"],
  "one.image.info": ["xmlrpc.image.info-locked", "xmlrpc.error-image-no-exists"],
  "one.template.info": ["xmlrpc.template.info-superlink", "xmlrpc.error-template-no-exists"],
  "one.vn.info": ["xmlrpc.vn.info-ar-pool", "xmlrpc.error-vn.info-not-authorized"],
  "one.vm.action": ["xmlrpc.vm.action-terminate", "xmlrpc.error-vm.action-no-such-vm"],
  "one.vm.update": ["xmlrpc.vm.update-append", "xmlrpc.error-vm.update-no-such-vm"],
  "POST /service_template": ["oneflow.error-400-no-roles", "oneflow.error-401-bad-password", "oneflow.error-oned-down"],
  "POST /service_template/0/action": [
    "oneflow.error-404-instantiate-no-template",
    "oneflow.error-instantiate-not-authorized",
    "oneflow.error-instantiate-cardinality-zero",
  ],
  "DELETE /service/7": ["oneflow.service.delete", "oneflow.error-404-delete-no-service"],
};

interface Written {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}

/** The first two VMs of a page say all that there is to mutate, and are read sooner. */
const brief = (body: string): string =>
  body.replace(/((?:&lt;VM&gt;[\s\S]*?&lt;\/VM&gt;\s*){2})[\s\S]*(&lt;\/VM_POOL&gt;)/, "$1$2");

const numbered = (text: string): number => createHash("sha256").update(text).digest().readUInt32BE();

/** A zone that answers as it likes. */
class Mutating {
  #dice = new Dice();
  answers = 0;
  calls = 0;
  /** One answer of three is mutated: a call that asks much would never get to its end. */
  isSparing = false;
  readonly #asked = new Map<string, number>();

  nextCall(): void {
    this.calls += 1;
    this.#asked.clear();
  }

  answer(asked: Asked, instead: Instead): Written | Reply {
    // Some calls ask several things at once: what is answered may not depend on which of them comes first.
    const nth = (this.#asked.get(asked.what) ?? 0) + 1;
    this.#asked.set(asked.what, nth);
    this.#dice = new Dice(numbered(`${SEED} ${this.calls} ${asked.what} ${nth}`));
    const dice = this.#dice;
    if (this.isSparing && dice.below(3) > 0) return usualAnswer(asked, instead);
    this.answers += 1;
    const other = OTHERS[asked.what];
    const right =
      other !== undefined && dice.below(2) === 0 ? recording(dice.of(other)).response : usualAnswer(asked, instead);
    const { status = 200 } = right;
    const isOneFlow = asked.what.includes(" ");
    const type = isOneFlow ? dice.of(["application/json", "text/html;charset=utf-8", "text/plain"]) : "text/xml";
    return { ...mutatedAnswer(dice, { status, body: brief(right.body), isOneFlow }, PIECES), type };
  }
}

/** What a guest published, and what it was told, is its own word; it is told to nobody as it is. */
const GUESTS_WORDS = new Set(["attributes", "context"]);

function mustBePlain(value: unknown, where: string): void {
  if (typeof value === "number") assert.ok(Number.isFinite(value), `${where}: ${value}`);
  if (typeof value === "string") for (const secret of SECRETS) assert.ok(!value.includes(secret), `${where}: ${value}`);
  if (value instanceof Map) for (const [key, one] of value) mustBePlain(one, `${where}/${key}`);
  if (typeof value !== "object" || value === null) return;
  for (const [name, one] of Object.entries(value)) {
    if (!GUESTS_WORDS.has(name)) mustBePlain(one, `${where}/${name}`);
  }
}

/** OneFlow's own no: in words, with a status of errors. */
function isOneFlowsNo({ status, type, body }: Written): boolean {
  const text = body.toString();
  return (
    [400, 401, 404, 500].includes(status) &&
    type !== "text/plain" &&
    !text.trimStart().startsWith("<") &&
    text.trim() !== ""
  );
}

const CREATES: ReadonlySet<string> = new Set(["registerServiceTemplate", "instantiate"]);
const OBJECT_ID = 2 ** 31;

describe("a zone whose answers are mutated", () => {
  it(`${ANSWERS} times ends each call with a result or an error that says what to do, tells no secret, and never takes a create for refused`, async () => {
    const mutating = new Mutating();
    let instead: Instead = {};
    let requests = 0;
    let last: Written | undefined;
    let isMutating = true;
    const daemons = await startDaemons((asked, response) => {
      requests += 1;
      if (requests > MOST_REQUESTS) response.destroy();
      if (!isMutating) return usualAnswer(asked, instead);
      const answer = mutating.answer(asked, instead);
      if (!("type" in answer)) return answer;
      if (asked.what.startsWith("POST /service_template")) last = answer;
      response.writeHead(answer.status, { connection: "close", "content-type": answer.type });
      response.end(answer.body);
      return undefined;
    });
    try {
      const password = { reveal: () => PASSWORD };
      const zone = daemons.open({ password });
      const ends = async (name: string, call: (zone: OpenZone) => Promise<unknown>): Promise<void> => {
        const where = `${name} in call ${mutating.calls} of seed ${SEED}`;
        const [outcome] = await Promise.allSettled([call(zone)]);
        assert.ok(requests <= MOST_REQUESTS, `${where} goes on asking`);
        if (outcome.status === "fulfilled") {
          mustBePlain(outcome.value, where);
          if (CREATES.has(name)) assert.ok(Number(outcome.value) < OBJECT_ID, `${where}: ${outcome.value}`);
          return;
        }
        const error: unknown = outcome.reason;
        assert.ok(error instanceof ZoneError, `${where}: ${inspect(error)}`);
        mustBePlain(inspect(error, { depth: 20, showHidden: true }), where);
        if (CREATES.has(name) && !error.ambiguous) {
          assert.ok(last !== undefined && isOneFlowsNo(last), `${where}: ${last?.status} ${last?.body}`);
        }
      };
      while (mutating.answers < ANSWERS) {
        for (const [name, call, others = {}] of CALLS) {
          instead = others;
          requests = 0;
          mutating.isSparing = name === "survey";
          mutating.nextCall();
          await ends(name, call);
        }
      }
      isMutating = false;
      instead = {};
      requests = Number.NEGATIVE_INFINITY;
      for (let look = 0; look < LOOKS_UNTIL_READ_AGAIN; look += 1) await zone.vms();
      const [after, fresh] = [await zone.snapshot(), await daemons.open({ password }).snapshot()];
      const untimed = { at: "", servicesAt: "" };
      assert.deepEqual({ ...after, ...untimed }, { ...fresh, ...untimed });
      assert.deepEqual(await zone.vmState(7), "present");
    } finally {
      await daemons.close();
    }
  });
});
