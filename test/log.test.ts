import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { createLog } from "../src/log.ts";
import { Redactor, Secret } from "../src/secret.ts";

function logged(
  level: string,
  write: (log: ReturnType<typeof createLog>) => void,
  secrets: readonly Secret[] = [],
): string {
  let text = "";
  const to = {
    write: (line: string) => {
      text += line;
    },
  };
  write(createLog(level, { to, redactor: new Redactor(secrets) }));
  return text;
}

suite("The log", () => {
  test("is one JSON object a line, with its level by name and an ISO time", () => {
    const line = logged("info", (log) => log.info({ zone: "zone-a" }, "looked at"));
    const { time, ...rest } = JSON.parse(line);
    assert.deepEqual(rest, { level: "info", zone: "zone-a", msg: "looked at" });
    assert.equal(new Date(time).toISOString(), time);
  });

  test("leaves out what is below its level, and everything when it is silent", () => {
    assert.equal(
      logged("warn", (log) => log.info("a detail")),
      "",
    );
    assert.equal(
      logged("silent", (log) => log.fatal("the end")),
      "",
    );
  });

  test("shows no secret, whatever it hangs on", () => {
    const refused = Object.assign(new Error("refused with xoxb-1234-abcd"), {
      config: { headers: { authorization: "Bearer hunter2" } },
      token: "hunter2",
    });
    const text = logged("info", (log) => {
      log.info({ password: new Secret("hunter2"), slack: { botToken: "hunter2" } }, "xapp-1-A0-hunter2 is not valid");
      log.error({ err: refused }, "a call was refused");
      log.child({ token: "hunter2" }).warn("a child");
      log.warn({ headers: { authorization: "Bearer hunter2" }, url: "https://slack.com/?token=xoxe.xoxp-1-hunter2" });
    });
    assert.doesNotMatch(text, /hunter2|xoxb-1234/);
    assert.equal(text.trim().split("\n").length, 4);
    for (const line of text.trim().split("\n")) assert.doesNotThrow(() => JSON.parse(line), line);
  });

  test("shows no secret that it was told of, however it is spelled, and stays JSON", () => {
    const secret = new Secret('gr\u00fcn",":{}&7+/');
    const basic = Buffer.from(`florist:${secret.reveal()}`).toString("base64");
    const text = logged(
      "info",
      (log) => {
        log.error({ err: new Error(`no ${secret.reveal()}`), said: [`Basic: ${basic}`] }, secret.reveal());
        log.info({ url: `/?key=${encodeURIComponent(secret.reveal())}`, [secret.reveal()]: 1 }, JSON.stringify(basic));
      },
      [secret],
    );
    const [first, second] = text.trim().split("\n");
    assert.equal(JSON.parse(first ?? "").msg, "[secret]");
    assert.equal(JSON.parse(second ?? "").url, "/?key=[secret]");
    for (const spelled of [secret.reveal(), JSON.stringify(secret.reveal()).slice(1, -1), basic, "gr%C3%BCn"]) {
      assert.ok(!text.includes(spelled), spelled);
    }
  });

  test("keeps an error's words, stack and cause", () => {
    const error = new Error("the journal is full", { cause: new Error("ENOSPC") });
    const { err } = JSON.parse(logged("error", (log) => log.error({ err: error }, "could not go on")));
    assert.match(err.message, /the journal is full/);
    assert.match(err.stack, /ENOSPC/);
  });

  test("names trouble that has a code without where in the program it came up, which it tells at debug", () => {
    const error = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED", config: { deep: {} } });
    const { err } = JSON.parse(logged("info", (log) => log.warn({ err: error }, "not reached")));
    assert.deepEqual(err, { type: "Error", code: "ECONNREFUSED", message: "connect ECONNREFUSED" });
    const whole = JSON.parse(logged("debug", (log) => log.warn({ err: error }, "not reached")));
    assert.match(whole.err.stack, /log\.test/);
  });
});
