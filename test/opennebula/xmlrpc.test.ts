import assert from "node:assert/strict";
import { createServer } from "node:net";
import { afterEach, describe, it } from "node:test";
import type { ZoneError, ZoneErrorCode } from "../../src/federation/model/zone-facts.ts";
import { makeIdentity } from "./certificates.ts";
import { Crowd } from "./crowd.ts";
import { type Daemons, errorOf, failure, startDaemons, success } from "./daemons.ts";
import { recording } from "./recording.ts";

let daemons: Daemons | undefined;
afterEach(async () => {
  await daemons?.close();
  daemons = undefined;
});

/** Milliseconds: long enough to connect on a busy machine. */
const SHORT = 700;

/** Reading is `serviceTemplates`, changing is `publish`: one call of oned each. */
const EMPTY = "<DOCUMENT_POOL></DOCUMENT_POOL>";

describe("a call to oned", () => {
  it("carries user and password in its first parameter", async () => {
    daemons = await startDaemons(() => success(EMPTY));
    await daemons.open().serviceTemplates("x");
    assert.deepEqual(daemons.asked[0]?.parameters, ["flbot:flbot-secret", "-3", "0", "-16", "101"]);
  });

  it("ends at its deadline when the zone says nothing, and is ambiguous only if it changes something", async () => {
    daemons = await startDaemons(() => undefined);
    const zone = daemons.open({ deadlines: { xmlrpc: SHORT, oneflow: SHORT } });
    const reading = await errorOf(zone.serviceTemplates("x"));
    assert.deepEqual([reading.code, reading.ambiguous], ["timeout", false]);
    const changing = await errorOf(zone.publish(1, { FL_ADMITTED: "YES" }));
    assert.deepEqual([changing.code, changing.ambiguous], ["timeout", true]);
  });

  it("ends at its deadline when the answer drips", async () => {
    daemons = await startDaemons((_asked, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write("<"), 10);
      response.on("close", () => clearInterval(drip));
      return undefined;
    });
    const error = await errorOf(
      daemons.open({ deadlines: { xmlrpc: SHORT, oneflow: SHORT } }).publish(1, { FL_ADMITTED: "YES" }),
    );
    assert.deepEqual([error.code, error.ambiguous], ["timeout", true]);
  });

  it("stops reading after 8 MB", async () => {
    daemons = await startDaemons((_asked, response) => {
      response.writeHead(200);
      const piece = "<value><string>".padEnd(64 * 1024, "x");
      const pour = (): void => {
        while (!response.destroyed && response.write(piece));
      };
      response.on("drain", pour);
      pour();
      return undefined;
    });
    const error = await errorOf(daemons.open({ deadlines: { xmlrpc: 20_000, oneflow: 100 } }).account());
    assert.equal(error.code, "too-large");
  });

  it("is ambiguous when the connection breaks in the middle of the answer", async () => {
    daemons = await startDaemons((_asked, response) => {
      response.writeHead(200, { "content-length": "500" });
      response.write("<?xml version='1.0'?><methodResponse><params>", () => response.destroy());
      return undefined;
    });
    const error = await errorOf(daemons.open().publish(1, { FL_ADMITTED: "YES" }));
    assert.deepEqual([error.code, error.ambiguous], ["unreachable", true]);
  });

  it("is not ambiguous when nobody listens", async () => {
    daemons = await startDaemons(() => success(EMPTY));
    const free = await startDaemons(() => success(EMPTY));
    await free.close();
    const zone = daemons.open({ xmlrpc: `${free.url}/RPC2`, oneflow: free.url });
    const errors = [
      await errorOf(zone.publish(1, { FL_ADMITTED: "YES" })),
      await errorOf(zone.instantiate(1, SERVICE)),
    ];
    for (const error of errors) assert.deepEqual([error.code, error.ambiguous], ["unreachable", false]);
  });

  for (const [what, reply] of [
    ["an empty body", { body: "" }],
    ["a page of a proxy", { status: 502, body: "<html><body>Bad gateway</body></html>" }],
    ["a proxy's word for too many calls", { status: 429, body: "slow down" }],
    ["a proxy's word for a daemon that is slow", { status: 504, body: "<html><body>Gateway Time-out</body></html>" }],
    ["an answer that was cut where a chunk ends", { body: "<?xml version='1.0'?><methodResponse><params><param>" }],
    ["text", { body: "hello" }],
    [
      "XML of another kind",
      {
        body: "<?xml version='1.0'?><methodResponse><params><param><value><string>x</string></value></param></params></methodResponse>",
      },
    ],
    ["a wrong path", { status: 404, body: "not here" }],
  ] as const) {
    it(`takes ${what} for rubbish`, async () => {
      daemons = await startDaemons(() => reply);
      const error = await errorOf(daemons.open().publish(1, { FL_ADMITTED: "YES" }));
      assert.deepEqual([error.code, error.ambiguous], ["rubbish", true]);
    });
  }

  it("takes what does not speak HTTP for rubbish", async () => {
    const server = createServer((socket) => socket.end("SSH-2.0-OpenSSH\r\n"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    daemons = await startDaemons(() => undefined);
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const error = await errorOf(daemons.open({ xmlrpc: `http://127.0.0.1:${port}/RPC2` }).serviceTemplates("x"));
    server.close();
    assert.equal(error.code, "rubbish");
  });

  for (const [name, code] of [
    ["xmlrpc.error-bad-password", "authentication"],
    ["xmlrpc.error-template.info-not-authorized", "forbidden"],
    ["xmlrpc.error-quota-exceeded", "quota"],
    ["xmlrpc.error-quota-network-leases", "quota"],
    ["xmlrpc.error-vm.update-no-such-vm", "no-such-object"],
    ["xmlrpc.error-vm.action-wrong-state", "wrong-state"],
    ["xmlrpc.error-instantiate-image-gone", "invalid"],
    ["xmlrpc.error-no-such-method", "invalid"],
    ["xmlrpc.error-wrong-parameter-type", "invalid"],
    ["xmlrpc.error-user.login-on-slave-master-down", "internal"],
  ] as const satisfies readonly (readonly [string, ZoneErrorCode])[]) {
    it(`reads ${name.slice("xmlrpc.error-".length)} as ${code}, never ambiguous`, async () => {
      daemons = await startDaemons(() => ({ body: recording(name).response.body }));
      const error = await errorOf(daemons.open().publish(1, { FL_ADMITTED: "YES" }));
      assert.deepEqual([error.code, error.ambiguous], [code, false]);
    });
  }

  it("says when the zone is disabled", async () => {
    daemons = await startDaemons(() => failure(8192, "[one.vm.update] Zone disabled: writes are refused"));
    const error = await errorOf(daemons.open().publish(1, { FL_ADMITTED: "YES" }));
    assert.equal(error.code, "zone-disabled");
  });

  it("never has more in flight than allowed, and the rest waits", async () => {
    const crowd = new Crowd(4);
    daemons = await startDaemons(async () => {
      await crowd.pass();
      return success(7);
    });
    const zone = daemons.open();
    await Promise.all(Array.from({ length: 20 }, () => zone.publish(1, { FL_ADMITTED: "YES" })));
    assert.equal(crowd.most, 4);
    assert.equal(daemons.asked.length, 20);
  });

  it("of the bot's own comes before what people want to see, which never has all places", async () => {
    const waiting: (() => void)[] = [];
    let surveys = 0;
    let most = 0;
    daemons = await startDaemons(async ({ what }) => {
      if (what === "one.vm.info") return failure(1024, "no such VM");
      surveys += 1;
      most = Math.max(most, surveys);
      await new Promise<void>((resolve) => waiting.push(resolve));
      surveys -= 1;
      return what === "one.system.version" ? success("7.4.0") : failure(256, "no");
    });
    const zone = daemons.open();
    const asked = Promise.allSettled(Array.from({ length: 20 }, () => zone.survey({ template: 1, network: 1 })));
    assert.equal(await zone.vmState(1), "unproven", "it is answered although people's looks hang");
    const end = setInterval(() => {
      for (const resolve of waiting.splice(0)) resolve();
    }, 5);
    await asked;
    clearInterval(end);
    assert.ok(most <= 3, `${most}: two of oned's four places, and one of OneFlow's two`);
  });

  it("is not ambiguous when it never got a place", async () => {
    daemons = await startDaemons(() => undefined);
    const { open } = daemons;
    const bothWithin = (deadline: number): Promise<[ZoneError, ZoneError]> => {
      const deadlines = { xmlrpc: deadline, oneflow: deadline };
      const zone = open({ inFlight: { xmlrpc: 1, oneflow: 1 }, deadlines });
      const publish = (vm: number): Promise<ZoneError> => errorOf(zone.publish(vm, { FL_ADMITTED: "YES" }));
      return Promise.all([publish(1), publish(2)]);
    };
    let tries = 0;
    let isSent = false;
    // On a busy machine not even the first call may have left before a short deadline: then nothing was shown yet.
    for (let deadline = SHORT; !isSent && tries < 4; deadline *= 4) {
      tries += 1;
      const [first, second] = await bothWithin(deadline);
      assert.deepEqual([first.code, second.code, second.ambiguous], ["timeout", "timeout", false]);
      isSent = first.ambiguous;
    }
    assert.ok(isSent);
    assert.ok(daemons.asked.length <= tries, "the second call never leaves");
  });

  it("never shows the password in an error", async () => {
    daemons = await startDaemons(() => ({ body: "" }));
    const { inspect } = await import("node:util");
    const zone = daemons.open();
    const errors = [
      await errorOf(zone.publish(1, { FL_ADMITTED: "YES" })),
      await errorOf(zone.instantiate(1, SERVICE)),
    ];
    for (const error of errors) {
      assert.doesNotMatch(inspect(error, { depth: 20, showHidden: true }), /flbot-secret|Zmxib3Q6/);
    }
  });

  it("says what to do about credentials that are refused", async () => {
    daemons = await startDaemons(() => ({ body: recording("xmlrpc.error-bad-password").response.body }));
    const { message } = await errorOf(daemons.open().serviceTemplates("x"));
    assert.match(message, /^Zone zone-a refused one\.documentpool\.info: .* Check the user and the password/);
  });

  it("trusts the zone's own CA", async () => {
    const identity = makeIdentity("127.0.0.1");
    daemons = await startDaemons(() => success(EMPTY), identity);
    assert.deepEqual(await daemons.open({ ca: identity.ca }).serviceTemplates("x"), []);
  });

  for (const [what, ca] of [
    ["another CA", makeIdentity("127.0.0.1").ca],
    ["no CA at all", undefined],
  ] as const) {
    it(`talks to no zone whose certificate is not trusted: ${what}`, async () => {
      daemons = await startDaemons(() => success(EMPTY), makeIdentity("127.0.0.1"));
      const zone = daemons.open(ca === undefined ? {} : { ca });
      const errors = [
        await errorOf(zone.publish(1, { FL_ADMITTED: "YES" })),
        await errorOf(zone.instantiate(1, SERVICE)),
      ];
      assert.deepEqual(
        errors.map(({ code, ambiguous }) => [code, ambiguous]),
        [
          ["tls", false],
          ["tls", false],
        ],
      );
      assert.equal(daemons.asked.length, 0);
    });
  }

  it("talks to no zone whose certificate has another name", async () => {
    const identity = makeIdentity("192.0.2.1");
    daemons = await startDaemons(() => success(EMPTY), identity);
    const zone = daemons.open({ ca: identity.ca });
    assert.equal((await errorOf(zone.serviceTemplates("x"))).code, "tls");
    assert.equal((await errorOf(zone.instantiate(1, SERVICE))).code, "tls");
  });
});

const SERVICE = {
  name: "florist",
  userInputs: {},
  roles: [{ name: "superlink", cardinality: 1, context: { FL_ATTEMPT: "a" }, nics: [] }],
};
