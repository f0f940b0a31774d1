import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { concludeTeardown } from "../../src/federation/deciding/teardown.ts";
import { ZoneError } from "../../src/federation/model/zone-facts.ts";
import type { ChangeListener, RecordedEvent } from "../../src/federation/ports.ts";
import { tellEvents } from "../../src/health/event-lines.ts";
import { ZoneLooks } from "../../src/rollout/zone-looks.ts";
import { agreeTeardown, askTeardown, reject } from "../builders/commands.ts";
import { zone } from "../builders/decision-context.ts";
import { aFederation, type Story } from "../builders/federation.ts";

/** Long enough for everything that stands to be told. */
const A_WHILE = 40;

interface Line {
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

/** What the operator reads of all that is recorded of a federation. */
function linesOf(story: Story, since = 0): readonly Line[] {
  const lines: Line[] = [];
  const listeners: ChangeListener[] = [];
  tellEvents(
    { onChange: (listener) => void listeners.push(listener) },
    { info: (fields, message) => void lines.push({ fields: { ...fields }, message }) },
  );
  const recorded: readonly RecordedEvent[] = story.recorded.slice(since);
  for (const listener of listeners) listener(story.federation, null, recorded);
  return lines;
}

const concludes = (story: Story): Story => story.takes(concludeTeardown(story.federation, story.context));

suite("What the operator reads", () => {
  test("is a line for each decision and step of a federation's life", () => {
    const story = aFederation({ zones: ["alpha", "beta"], superNodes: 1 }).planned();
    story.approvedBy("alpha").approvedBy("beta");
    story.deployed("alpha").trusted().joins("beta");
    story.does(askTeardown()).does(agreeTeardown("beta")).removes("beta").does(agreeTeardown("alpha"));
    concludes(concludes(story).removes("alpha"));
    assert.deepEqual(
      linesOf(story).map(
        ({ message, fields }) => `${message}${fields["by"] === undefined ? "" : ` — ${fields["by"]}`}`,
      ),
      [
        "tumour-study: asked for, over alpha, beta — THOST/UREQUESTER",
        "tumour-study: CA 1 made, until 2027-03-02T08:00:00.000Z",
        "tumour-study: sites are to dial 203.0.113.92:9092",
        "tumour-study in alpha: a plan stands before the owners (requested)",
        "tumour-study in beta: a plan stands before the owners (requested)",
        "tumour-study in alpha: approved — TALPHA/UALPHA1",
        "tumour-study in alpha: approved by all who have to",
        "tumour-study in beta: approved — TBETA/UBETA1",
        "tumour-study in beta: approved by all who have to",
        "tumour-study in alpha: attempt 1 begins",
        "tumour-study in alpha: oneflow 1001 created",
        "tumour-study in alpha: certificate 1 issued to VM 1002, until 2026-04-01T08:00:02.000Z",
        "tumour-study in alpha: VM 1002 is the SuperLink that was approved",
        "tumour-study in beta: attempt 1 begins",
        "tumour-study in beta: oneflow 2001 created",
        "tumour-study in beta: key of VM 2002 accepted",
        "tumour-study: the SuperLink was told which keys may join: 1, and which no more: 0",
        "tumour-study in beta: VM 2002 serves",
        "tumour-study in beta: up",
        "tumour-study: teardown asked for — THOST/UREQUESTER",
        "tumour-study in beta: key of VM 2002 revoked",
        "tumour-study in beta: teardown agreed to — TBETA/UBETA1",
        "tumour-study in beta: what ran is removed",
        "tumour-study in beta: removed",
        "tumour-study in alpha: teardown agreed to — TALPHA/UALPHA1",
        "tumour-study in alpha: what ran is removed",
        "tumour-study in alpha: removed",
        "tumour-study: ended: torn-down — THOST/UREQUESTER",
      ],
    );
  });

  test("names the federation by its id too, and says what went wrong with its code and the zone's own words", () => {
    const story = aFederation().running();
    const { length } = story.recorded;
    story.happens({
      type: "site-failed",
      site: zone("beta"),
      reason: { code: "deployment-failed", detail: "limit of VMS reached" },
    });
    assert.deepEqual(linesOf(story, length), [
      {
        fields: {
          federation: story.federation.id,
          name: "tumour-study",
          zone: "beta",
          site: "beta",
          detail: "limit of VMS reached",
        },
        message: "tumour-study in beta: failed: deployment-failed",
      },
    ]);
  });

  test("says when something begins to be wrong and when it is over, once each", () => {
    const story = aFederation().running();
    const { length } = story.recorded;
    const [first = ""] = story.vms("beta").map(({ acceptedKey }) => acceptedKey ?? "");
    story
      .sees("online", { [first]: "offline" })
      .watchesAll(A_WHILE)
      .sees("online")
      .watchesAll(A_WHILE);
    assert.deepEqual(
      linesOf(story, length).map(({ message }) => message),
      ["tumour-study in beta: began: supernodes-offline", "tumour-study in beta: over: supernodes-offline"],
    );
  });

  test("holds nothing of what somebody wrote as their reason", () => {
    const story = aFederation().planned();
    story.does(reject("beta", undefined, "because of Mrs Smith's data"));
    const lines = linesOf(story);
    assert.ok(lines.some(({ message }) => message === "tumour-study in beta: rejected"));
    assert.ok(!JSON.stringify(lines).includes("Smith"));
  });
});

suite("A zone that cannot be looked at", () => {
  const refused = new ZoneError("unreachable", "No connection to zone beta (ECONNREFUSED).");
  const failure = (error: unknown, failures: number) =>
    ({ error, of: "zone", failures, since: "2026-03-01T08:00:00.000Z" }) as const;

  test("is told once, however often it fails, and once that it can be looked at again", () => {
    const told: string[] = [];
    const note = (level: string) => (_fields: object, message: string) => void told.push(`${level}: ${message}`);
    const looks = new ZoneLooks([zone("beta")], { info: note("info"), warn: note("warn"), error: note("error") });
    looks.seen(zone("beta"));
    for (let failures = 1; failures < 5; failures += 1) looks.failed(zone("beta"), failure(refused, failures));
    looks.failed(zone("beta"), failure(new Error("something else"), 5));
    looks.seen(zone("beta"));
    looks.seen(zone("beta"));
    assert.deepEqual(told, [
      "warn: No connection to zone beta (ECONNREFUSED).",
      "info: The zone can be looked at again.",
    ]);
  });
});
