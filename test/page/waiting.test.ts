import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { isApproval, waiting } from "../../sandbox/page/client/waiting.ts";
import type { Message } from "../../sandbox/page/protocol.ts";
import { zoneChannel, zoneOwner } from "../../sandbox/zones-file.ts";

const plain = (text: string) => ({ type: "plain_text", text });
const posted = (channel: string, heading: string, ...buttons: readonly string[]): Message => ({
  channel,
  ts: heading,
  threadTs: null,
  author: "U0FLORIST1",
  isBot: true,
  onlyFor: null,
  fallback: heading,
  isEdited: false,
  files: [],
  blocks: [
    ...(heading === "" ? [] : [{ type: "header", text: plain(heading) }]),
    ...(buttons.length === 0
      ? []
      : [
          {
            type: "actions",
            elements: buttons.map((text) => ({ type: "button", action_id: text, text: plain(text), value: "v" })),
          },
        ]),
  ],
});
const DEPARTMENT = zoneChannel("zone-d");

suite("What waits for owners", () => {
  test("is theirs by their channel, also where a department has no zone of its letter", () => {
    const card = posted(
      DEPARTMENT,
      "Hospital B, cardiology (zone-b/cardiology): federation hearts",
      "Approve",
      "Reject",
    );
    const [one, ...others] = waiting(new Map([[DEPARTMENT, [card]]]));
    assert.deepEqual(
      [one?.person, one?.place, others],
      [zoneOwner("zone-d", 1), "Hospital B, cardiology (zone-b/cardiology)", []],
    );
    assert.ok(one !== undefined && isApproval(one));
  });

  test("is a certificate, too, and nothing that nobody has to decide or that stands elsewhere", () => {
    const asked = posted(DEPARTMENT, "", "Give the CA's certificate");
    const decided = posted(DEPARTMENT, "Hospital B: federation hearts", "See what runs");
    const home = posted("C0FEDERATE", "Federation hearts", "Approve");
    const all = waiting(
      new Map([
        [DEPARTMENT, [decided, asked]],
        ["C0FEDERATE", [home]],
      ]),
    );
    assert.deepEqual(
      all.map(({ button }) => button),
      ["Give the CA's certificate"],
    );
  });
});
