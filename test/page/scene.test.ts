import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { CallRates } from "../../sandbox/page/call-rates.ts";
import { Flapping } from "../../sandbox/page/flapping.ts";
import type { Message, Push } from "../../sandbox/page/protocol.ts";
import { Scene } from "../../sandbox/page/scene.ts";
import { changeText, isChanged } from "../../sandbox/page/template-change.ts";
import { until } from "../waiting.ts";

const app = { id: "A1", name: "florist", command: "/flower", workspace: "T1", botUserId: "U1", connections: 0 };
const world = { app, workspaces: [], people: [], channels: [] };
const message = (ts: string, fallback = ts): Message => ({
  ts,
  channel: "C1",
  threadTs: null,
  author: "U1",
  isBot: true,
  fallback,
  blocks: [],
  isEdited: false,
  files: [],
  onlyFor: null,
});

suite("What an open page is sent", () => {
  test("is everything at first, then only what is different", () => {
    const scene = new Scene(world);
    scene.takeMessages([message("1"), message("2")], []);
    scene.take("channels", []);
    const pushes: Push[] = [];
    const end = scene.listen((push) => pushes.push(push));
    scene.take("channels", []);
    scene.takeMessages([], []);
    scene.takeMessages([message("2", "edited")], [{ channel: "C1", ts: "1" }]);
    end();
    scene.takeMessages([message("3")], []);
    assert.equal(pushes.length, 2);
    assert.deepEqual(pushes[0], { world, messages: [message("1"), message("2")], channels: [] });
    assert.deepEqual(pushes[1], { messages: [message("2", "edited")], gone: [{ channel: "C1", ts: "1" }] });
  });

  test("holds for a page that comes later what stands then", () => {
    const scene = new Scene(world);
    scene.takeMessages([message("1"), message("2")], []);
    scene.takeMessages([message("2", "edited")], [{ channel: "C1", ts: "1" }]);
    let first: Push | undefined;
    scene.listen((push) => {
      first ??= push;
    });
    assert.deepEqual(first?.messages, [message("2", "edited")]);
  });
});

suite("Calls per minute", () => {
  test("are those of the last minute, span by span", () => {
    let now = 0;
    const rates = new CallRates(2000, () => now);
    rates.of("zone-a", 100);
    now = 2000;
    assert.equal(rates.of("zone-a", 105).callsPerMinute, 5);
    now = 3000;
    const { calls, callsPerMinute } = rates.of("zone-a", 108);
    assert.equal(callsPerMinute, 8);
    assert.equal(calls.length, 30);
    assert.equal(calls.at(-1), 8);
    now = 50_000;
    assert.equal(rates.of("zone-a", 109).callsPerMinute, 9);
    now = 200_000;
    assert.equal(rates.of("zone-a", 109).callsPerMinute, 0);
  });
});

suite("A flapping link", () => {
  test("comes and goes until it is switched off, and stands then", async () => {
    const done: string[] = [];
    const turnsOf = (vmId: number): readonly string[] => done.filter((turn) => turn.endsWith(` ${vmId}`));
    const guests = {
      cut: async ({ vmId }: { vmId: number }) => void done.push(`cut ${vmId}`),
      heal: async ({ vmId }: { vmId: number }) => void done.push(`heal ${vmId}`),
    };
    const flapping = new Flapping(guests, () => 5);
    const vm = { zone: "zone-b", vmId: 1 };
    await flapping.begin(vm);
    await flapping.begin(vm);
    await until("several turns", () => turnsOf(1).length >= 4);
    await flapping.end(vm);
    const after = turnsOf(1).length;
    assert.equal(done.at(-1), "heal 1");
    assert.deepEqual(done.slice(0, 3), ["cut 1", "heal 1", "cut 1"]);
    assert.ok(!flapping.has(vm));
    await flapping.begin({ zone: "zone-c", vmId: 2 });
    await until("as many turns of another link, which goes on", () => turnsOf(2).length >= 4);
    flapping.stop();
    assert.equal(turnsOf(1).length, after);
  });

  test("ends with its VM", async () => {
    let cuts = 0;
    const guests = {
      cut: async () => {
        cuts += 1;
      },
      heal: () => Promise.reject(new Error("no such VM")),
    };
    const flapping = new Flapping(guests, () => 5);
    await flapping.begin({ zone: "zone-b", vmId: 1 });
    await until("its end", () => !flapping.has({ zone: "zone-b", vmId: 1 }));
    assert.equal(cuts, 1);
  });
});

suite("The template's switch", () => {
  test("changes the memory by a step that it finds again, and takes it back", () => {
    const template = { id: 1, memoryMb: 4096 };
    assert.equal(changeText(template, true), 'MEMORY="4097"');
    assert.ok(isChanged({ id: 1, memoryMb: 4097 }));
    assert.equal(changeText({ id: 1, memoryMb: 4097 }, true), undefined);
    assert.equal(changeText({ id: 1, memoryMb: 4097 }, false), 'MEMORY="4096"');
    assert.equal(changeText(template, false), undefined);
  });
});
