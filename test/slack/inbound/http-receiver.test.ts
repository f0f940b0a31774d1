/** What reaches the bot's address and is not from Slack, or not as Slack sends it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openBench } from "../bench.ts";
import { command, ODD } from "./odd-deliveries.ts";

describe("a signed request", () => {
  it("is refused with 400 when it holds nothing that Slack sends, and the bot goes on", async (context) => {
    const { deliver } = await openBench(context, { transport: "http" });
    for (const [what, body, contentType] of ODD) {
      const request = contentType === undefined ? { body } : { body, contentType };
      assert.equal((await deliver(request)).status, 400, what);
    }
    assert.equal((await deliver({ body: command({ trigger_id: "after" }) })).status, 200);
  });

  it("is taken when it is dated five minutes back or ahead, and refused with 401 beyond", async (context) => {
    const { deliver } = await openBench(context, { transport: "http" });
    for (const [skew, status] of [
      [-290, 200],
      [290, 200],
      [-320, 401],
      [320, 401],
      [3600, 401],
    ] as const) {
      const { status: answered } = await deliver({ body: command({ trigger_id: `at ${skew}` }), skew });
      assert.equal(answered, status, `dated ${skew} s from now`);
    }
  });

  it("is refused with 401 when it is signed with another secret, whatever it holds", async (context) => {
    const { deliver } = await openBench(context, { transport: "http" });
    for (const body of [command({}), "payload=null"]) {
      assert.equal((await deliver({ body, secret: "another" })).status, 401);
    }
  });

  it("with a command of another name is answered with what this bot can do", async (context) => {
    const { deliver } = await openBench(context, { transport: "http" });
    for (const name of ["/flowers", "/flower-old", "/f(l"]) {
      const { status, body } = await deliver({ body: command({ command: name, trigger_id: name }) });
      assert.equal(status, 200);
      assert.match(body, /"response_type":"ephemeral".*\/flower deploy-site/);
    }
  });

  it("with Slack's question whether the address answers is answered, signed or not", async (context) => {
    const { deliver } = await openBench(context, { transport: "http" });
    assert.equal((await deliver({ body: "ssl_check=1", secret: "another", skew: 9000 })).status, 200);
  });
});
