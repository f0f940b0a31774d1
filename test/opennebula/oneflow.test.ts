import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import type { ZoneErrorCode } from "../../src/federation/model/zone-facts.ts";
import { Crowd } from "./crowd.ts";
import { type Daemons, errorOf, type Reply, startDaemons, success } from "./daemons.ts";
import { recording } from "./recording.ts";

let daemons: Daemons | undefined;
afterEach(async () => {
  await daemons?.close();
  daemons = undefined;
});

const recorded = (name: string): Reply => {
  const { status, body } = recording(`oneflow.${name}`).response;
  return { status, body };
};

const nic = { NAME: "_NIC0", NETWORK_ID: "0", IP: "10.10.10.77" };
const service = {
  name: "florist-demo",
  userInputs: { FL_SUPERLINK_ADDRESS: "10.10.10.12:9092", FL_CERT_EXTRA_SAN: "" },
  roles: [{ name: "superlink", cardinality: 1, context: { FL_ATTEMPT: "f1:zone-a:0123:1" }, nics: [nic] }],
};

describe("OneFlow", () => {
  it("registers a service template and tells its id", async () => {
    daemons = await startDaemons(() => recorded("service_template.create"));
    assert.equal(await daemons.open().registerServiceTemplate({ name: "wire-tpl", roles: [] }), 3);
    const [asked] = daemons.asked;
    assert.equal(asked?.what, "POST /service_template");
    assert.equal(asked?.authorization, `Basic ${Buffer.from("flbot:flbot-secret").toString("base64")}`);
    assert.deepEqual(JSON.parse(asked?.body ?? ""), { name: "wire-tpl", roles: [] });
  });

  it("is asked for a service with every input, the role's CONTEXT and its NIC", async () => {
    daemons = await startDaemons(() => recorded("service.instantiate-nic-with-address"));
    assert.equal(await daemons.open().instantiate(5, service), 297);
    const [asked] = daemons.asked;
    assert.equal(asked?.what, "POST /service_template/5/action");
    assert.deepEqual(JSON.parse(asked?.body ?? ""), {
      action: {
        perform: "instantiate",
        params: {
          merge_template: {
            name: "florist-demo",
            user_inputs_values: service.userInputs,
            roles: [
              {
                name: "superlink",
                cardinality: 1,
                template_contents: { CONTEXT: { FL_ATTEMPT: "f1:zone-a:0123:1" }, NIC: [nic] },
              },
            ],
          },
        },
      },
    });
  });

  for (const [name, code] of [
    ["error-400-instantiate-optional-input-missing", "invalid"],
    ["error-401-bad-password", "authentication"],
    ["error-oned-down", "authentication"],
    ["error-401-not-authorized-create-document", "forbidden"],
    ["error-instantiate-not-authorized", "forbidden"],
    ["error-404-instantiate-no-template", "no-such-object"],
    ["error-instantiate-cardinality-above-max", "invalid"],
  ] as const satisfies readonly (readonly [string, ZoneErrorCode])[]) {
    it(`refuses a service with ${code} as recorded in ${name}`, async () => {
      daemons = await startDaemons(({ what }) => (what.startsWith("one.") ? success("7.4.0") : recorded(name)));
      const error = await errorOf(daemons.open().instantiate(5, service));
      assert.deepEqual([error.code, error.ambiguous], [code, false]);
    });
  }

  it("refuses credentials also when its oned is down, and then oned's silence is told instead", async () => {
    daemons = await startDaemons(({ what }, response) => {
      if (!what.startsWith("one.")) return recorded("error-oned-down");
      response.destroy();
      return undefined;
    });
    const error = await errorOf(daemons.open().instantiate(5, service));
    assert.deepEqual([error.code, error.ambiguous], ["unreachable", false]);
  });

  for (const [what, reply] of [
    [
      "an error OneFlow did not expect",
      { status: 500, body: '{"message":"undefined method","reason":"NoMethodError"}' },
    ],
    ["a page of a proxy", { status: 404, body: "<!DOCTYPE html><html></html>" }],
    ["no document", { status: 201, body: "{}" }],
    ["cut JSON", { status: 201, body: '{"DOCUMENT": {"ID": "1"' }],
    ["a redirection", { status: 302, body: "" }],
  ] as const) {
    it(`leaves open whether the service was created after ${what}`, async () => {
      daemons = await startDaemons(() => reply);
      const error = await errorOf(daemons.open().instantiate(5, service));
      assert.deepEqual([error.code, error.ambiguous], ["rubbish", true]);
    });
  }

  for (const [what, reply] of [
    ["429", { status: 429, body: "Too many requests" }],
    ["502", { status: 502, body: "<html><h1>502 Bad Gateway</h1></html>" }],
    ["503", { status: 503, body: "no healthy upstream" }],
    ["504", { status: 504, body: "<html><h1>504 Gateway Time-out</h1></html>" }],
  ] as const) {
    it(`leaves it open when a proxy answers ${what} in its place, and says so`, async () => {
      daemons = await startDaemons(() => reply);
      const error = await errorOf(daemons.open().instantiate(5, service));
      assert.deepEqual([error.code, error.ambiguous], ["rubbish", true]);
      assert.match(error.message, new RegExp(`something before it did \\(HTTP ${what}: `));
    });
  }

  for (const [what, reply] of [
    ["no words with 500", { status: 500, body: "" }],
    ["no words with 401", { status: 401, body: " " }],
    ["a page with 403", { status: 403, body: "<html>Forbidden</html>" }],
    ["a page with 400", { status: 400, body: "<html>Bad Request</html>" }],
    ["what it says when its oned dies meanwhile", { status: 500, body: "end of file reached" }],
    ["a failure that nobody knows", { status: 500, body: "Connection reset by peer" }],
    ["a status that it never gives", { status: 418, body: "teapot" }],
  ] as const) {
    it(`leaves it open after ${what}`, async () => {
      daemons = await startDaemons(() => reply);
      const error = await errorOf(daemons.open().instantiate(5, service));
      assert.deepEqual([error.code, error.ambiguous], ["rubbish", true]);
    });
  }

  for (const [code, body] of [
    ["zone-disabled", "[one.document.allocate] zone disabled"],
    ["zone-disabled", '{"message":"Internal server error","reason":"[one.document.allocate] Zone disabled"}'],
    ["quota", "[one.template.instantiate] User [4] : user [4] limit of 1 reached for VMS quota in VM."],
  ] as const) {
    it(`has clearly refused with ${code}, which is not left open: ${body.slice(0, 30)}`, async () => {
      daemons = await startDaemons(() => ({ status: 500, body }));
      const error = await errorOf(daemons.open().instantiate(5, service));
      assert.deepEqual([error.code, error.ambiguous], [code, false]);
    });
  }

  it("leaves it open when its answer is cut, chunked or with a length", async () => {
    for (const headers of [{ "content-length": "500" }, {}]) {
      daemons = await startDaemons((_asked, response) => {
        response.writeHead(201, headers);
        response.write('{"DOCUMENT": {"ID": "1"', () => response.destroy());
        return undefined;
      });
      const error = await errorOf(daemons.open().instantiate(5, service));
      assert.deepEqual([error.code, error.ambiguous], ["unreachable", true]);
      await daemons.close();
    }
  });

  it("leaves it open when its answer is lost", async () => {
    daemons = await startDaemons((_asked, response) => {
      response.destroy();
      return undefined;
    });
    const error = await errorOf(daemons.open().instantiate(5, service));
    assert.deepEqual([error.code, error.ambiguous], ["unreachable", true]);
    assert.equal(daemons.asked.length, 1, "a create is never repeated");
  });

  it("leaves it open when its answer does not come, or drips, or has no end", async () => {
    const answers = [
      () => undefined,
      (response: { writeHead(status: number): void; write(text: string): void }) => {
        response.writeHead(201);
        response.write("{");
      },
    ];
    for (const answer of answers) {
      daemons = await startDaemons((_asked, response) => {
        answer(response);
        return undefined;
      });
      const error = await errorOf(daemons.open({ deadlines: { xmlrpc: 700, oneflow: 700 } }).instantiate(5, service));
      assert.deepEqual([error.code, error.ambiguous], ["timeout", true]);
      await daemons.close();
    }
    daemons = await startDaemons(() => ({ status: 201, body: " ".repeat(9 * 1024 * 1024) }));
    const error = await errorOf(daemons.open().instantiate(5, service));
    assert.deepEqual([error.code, error.ambiguous], ["too-large", true]);
  });

  it("never has more than two calls in flight", async () => {
    const crowd = new Crowd(2);
    daemons = await startDaemons(async () => {
      await crowd.pass();
      return recorded("service.delete");
    });
    const zone = daemons.open();
    await Promise.all([1, 2, 3, 4, 5, 6].map((id) => zone.removeService(id)));
    assert.equal(crowd.most, 2);
  });
});

describe("removing a service", () => {
  it("deletes it where its state allows", async () => {
    daemons = await startDaemons(() => recorded("service.delete"));
    await daemons.open().removeService(7);
    assert.deepEqual(
      daemons.asked.map(({ what }) => what),
      ["DELETE /service/7"],
    );
  });

  for (const name of [
    "error-delete-while-DEPLOYING",
    "error-delete-while-COOLDOWN",
    "error-delete-while-FAILED_DEPLOYING",
  ]) {
    it(`recovers it with delete where its state does not: ${name}`, async () => {
      daemons = await startDaemons(({ what }) => recorded(what.startsWith("DELETE") ? name : "service.recover-delete"));
      await daemons.open().removeService(8);
      const [, second] = daemons.asked;
      assert.equal(second?.what, "POST /service/8/action");
      assert.deepEqual(JSON.parse(second?.body ?? ""), { action: { perform: "recover", params: { delete: true } } });
    });
  }

  it("is done when the service is gone", async () => {
    daemons = await startDaemons(() => recorded("error-404-delete-no-service"));
    await daemons.open().removeService(9999);
    assert.equal(daemons.asked.length, 1);
  });

  it("is not done when something else answers 404", async () => {
    daemons = await startDaemons(() => ({ status: 404, body: "<h1>Not Found</h1>" }));
    assert.equal((await errorOf(daemons.open().removeService(1))).code, "rubbish");
  });

  it("is refused to a stranger", async () => {
    daemons = await startDaemons(() => recorded("error-delete-not-authorized"));
    assert.equal((await errorOf(daemons.open().removeService(7))).code, "forbidden");
  });
});

describe("creating", () => {
  it("stays open when the new number is larger than any that oned gives", async () => {
    for (const id of ["2147483647", "9".repeat(400)]) {
      daemons = await startDaemons(() => ({ status: 201, body: JSON.stringify({ DOCUMENT: { ID: id } }) }));
      const error = await errorOf(daemons.open().registerServiceTemplate({ name: "x" }));
      assert.deepEqual([error.code, error.ambiguous], ["rubbish", true]);
      await daemons.close();
    }
  });
});
