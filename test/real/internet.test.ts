import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { z } from "zod";
import { Inside } from "../../sandbox/hypervisor/real/inside.ts";
import { until } from "../waiting.ts";
import { leftOut } from "./left-out.ts";
import { LoneGuests } from "./lone-guests.ts";

const HOST = "203.0.113.10";
const PORT = 7;
const numbers = z.array(z.number().nullable());

/** Sends back whatever comes. */
const ECHO = `#!/usr/bin/env python3
import os, socketserver, sys
class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while words := self.request.recv(100):
            self.request.sendall(words)
if os.fork():
    sys.exit()
socketserver.ThreadingTCPServer(("", ${PORT}), Echo).serve_forever()
`;

/**
 * Opens as many connections as there are arguments, keeps each silent for so many seconds at a time over the time of the
 * longest, and prints how many milliseconds a word on each takes to come back then, one after the other and the best of
 * three; null is never.
 */
const TALK = `import json, socket, sys, time
pauses = [float(pause) for pause in sys.argv[1:]]
lines = [socket.create_connection(("${HOST}", ${PORT}), 10) for _ in pauses]
def said(line):
    line.settimeout(2)
    start = time.monotonic()
    line.sendall(b"x")
    try:
        line.recv(1)
    except TimeoutError:
        return None
    return (time.monotonic() - start) * 1000
end = time.monotonic() + max(pauses)
due = [time.monotonic() + pause for pause in pauses]
while (now := time.monotonic()) < end:
    for number, line in enumerate(lines):
        if due[number] <= now < end - 0.1:
            said(line)
            due[number] = now + pauses[number]
    time.sleep(0.05)
def best(line):
    times = [said(line)]
    return times[0] and min(times + [said(line), said(line)])
print(json.dumps([best(line) for line in lines]))
`;

describe("the router between zones of real guests", { skip: await leftOut() }, () => {
  let guests: LoneGuests;
  let caller: Inside;

  before(async () => {
    guests = await LoneGuests.start();
    await boot({ zone: "zone-a", vmId: 1 }, "203.0.113", ECHO);
    caller = await boot({ zone: "zone-b", vmId: 2 }, "10.20.0", "#!/bin/sh\n");
    await until("somebody answers", () => talk(0).then(Boolean, () => false));
  });
  after(() => guests?.end());

  test("delays every packet by what it is told, on connections that were open too, until it is told otherwise", async () => {
    const [quick] = await talk(0);
    assert.ok(isBetween(quick, 0, 50), `${quick} ms`);
    const open = talk(2);
    const established = ["ss", "-Htn", "state", "established"];
    await until("the connection is open", async () => (await caller.run(established)) !== "");
    await guests.client.delay(100);
    const [late] = await open;
    assert.ok(isBetween(late, 200, 300), `${late} ms`);
    await guests.client.delay(50);
    const [less] = await talk(0);
    assert.ok(isBetween(less, 100, 200), `${less} ms`);
    await guests.client.delay(0);
    const [again] = await talk(0);
    assert.ok(isBetween(again, 0, 50), `${again} ms`);
  });

  test("forgets a connection that is silent for too long, and none that is not", async () => {
    await guests.client.firewall([], 2);
    const [talking, silent] = await talk(0.5, 4);
    assert.equal(silent, null);
    assert.ok(isBetween(talking, 0, 50), `${talking} ms`);
    await guests.client.firewall([]);
    const [spared] = await talk(4);
    assert.ok(isBetween(spared, 0, 50), `${spared} ms`);
  });

  async function boot(vm: { zone: string; vmId: number }, subnet: string, script: string): Promise<Inside> {
    const network = { ETH0_IP: `${subnet}.10`, ETH0_MASK: "255.255.255.0", ETH0_GATEWAY: `${subnet}.1` };
    const context = { ...network, START_SCRIPT_BASE64: Buffer.from(script).toString("base64") };
    await guests.client.start({ ...vm, context, oneGate: guests.oneGate.accessFor(vm) });
    const view = (await guests.client.realGuests()).find(({ zone }) => zone === vm.zone);
    assert.ok(view);
    return new Inside(view);
  }

  async function talk(...pauses: readonly number[]): Promise<readonly (number | null)[]> {
    return numbers.parse(JSON.parse(await caller.run(["python3", "-c", TALK, ...pauses.map(String)])));
  }
});

function isBetween(value: number | null | undefined, least: number, most: number): boolean {
  return typeof value === "number" && value >= least && value < most;
}
