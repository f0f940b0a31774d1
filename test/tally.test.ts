/** The closing of `npm test` is what people and machines go by. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TestEvent } from "node:test/reporters";
import { Tally } from "./tally.ts";

const FILE = "/checkout/dist/test/trust/authority.test.js";
const place = { file: FILE, line: 1, column: 1, nesting: 0, testNumber: 1 };

const passed = (name: string, more: { skip?: boolean; todo?: boolean; type?: "suite" } = {}): TestEvent => {
  const { type, ...rest } = more;
  const details = { duration_ms: 1, ...(type === undefined ? {} : { type }) };
  return { type: "test:pass", data: { ...place, name, details, ...rest } };
};

function failed(name: string, failureType: string, type?: "suite"): TestEvent {
  const error = Object.assign(new Error(failureType), { failureType, cause: new Error("why") });
  const details = { duration_ms: 1, error, ...(type === undefined ? {} : { type }) };
  return { type: "test:fail", data: { ...place, name, details } };
}

const told = (message: string, nesting = 0): TestEvent => ({ type: "test:diagnostic", data: { message, nesting } });

function tallyOf(...events: readonly TestEvent[]): Tally {
  const tally = new Tally((file) => file.replace("/checkout/dist/test/", ""));
  for (const event of events) tally.take(event);
  return tally;
}

describe("The closing of all runs", () => {
  it("adds them up and ends with one plain line", () => {
    const tally = tallyOf(passed("one"), told("fail 0"), passed("two", { skip: true }), told("fail 0"));
    assert.equal(tally.hasFailed, false);
    assert.match(tally.closing(), /^ℹ tests 2\n[\s\S]*\nℹ pass 1\nℹ fail 0\n[\s\S]*\n1 passed, 0 failed, 1 skipped$/);
  });

  it("names failed tests with their files, also when a later run is well", () => {
    const tally = tallyOf(
      failed("signs", "testCodeFailure"),
      failed("suite", "subtestsFailed", "suite"),
      passed("two"),
    );
    assert.equal(tally.hasFailed, true);
    assert.match(
      tally.closing(),
      /Failed:\n {2}trust\/authority\.test\.js: signs\n\n[\s\S]*\nℹ fail 1\n[\s\S]*1 passed, 1 failed$/,
    );
  });

  it("counts a hook that failed, a file that crashed and a file without tests as failures", () => {
    for (const event of [failed("suite", "hookFailed", "suite"), failed(FILE, "testCodeFailure"), passed(FILE)]) {
      const tally = tallyOf(passed("one"), event);
      assert.equal(tally.hasFailed, true);
      assert.match(tally.closing(), /1 passed, 1 failed$/);
    }
  });

  it("counts a file that shares a process and brings no test as a failure", () => {
    const tally = tallyOf(passed("one"));
    tally.awaits([FILE, FILE.replace("authority", "key-store")]);
    tally.take(passed("two"));
    assert.equal(tally.hasFailed, true);
    assert.match(
      tally.closing(),
      /Failed:\n {2}trust\/key-store\.test\.js: it has no tests\n\n[\s\S]*2 passed, 1 failed$/,
    );
  });

  it("holds testing nothing to be a failure", () => {
    assert.equal(tallyOf().hasFailed, true);
    assert.match(tallyOf().closing(), /Nothing was tested\.\n0 passed, 0 failed$/);
  });

  it("lets through what a test tells of itself, and no run's own totals", () => {
    const tally = tallyOf();
    assert.equal(tally.take(told("fail 0")), false);
    assert.equal(tally.take(told("well again after 20 ms", 1)), true);
  });
});
