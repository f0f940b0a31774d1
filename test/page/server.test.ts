/** Who may drive the page's server, and what it lets a browser do. */
import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, suite, test } from "node:test";
import { GuestsClient } from "../../sandbox/hypervisor/client.ts";
import { Flapping } from "../../sandbox/page/flapping.ts";
import { Scene } from "../../sandbox/page/scene.ts";
import { type PageServer, servePage } from "../../sandbox/page/server.ts";
import { slackControl } from "../../sandbox/slack/client.ts";
import { ZonesControl } from "../../sandbox/zones/client.ts";

/** Nothing listens there: a gesture that gets through fails, and says so. */
const NOWHERE = "http://127.0.0.1:9";
const HTML = "<!doctype html>";

let server: PageServer;
let port: string;

before(async () => {
  const app = { id: "A1", name: "florist", command: "/flower", workspace: "T1", botUserId: "U1", connections: 0 };
  const scene = new Scene({ app, workspaces: [], people: [], channels: [] });
  const guests = new GuestsClient({ url: NOWHERE });
  const reach = {
    slack: slackControl(NOWHERE),
    zones: new ZonesControl(NOWHERE),
    guests,
    flapping: new Flapping(guests, () => 1000),
    setSpeed: async () => {},
    lookAtGuests: async () => {},
    training: { begin: async () => {} },
    addresses: { slackControl: NOWHERE },
  };
  const assets = new Map([["/", { type: "text/html", content: Buffer.from(HTML) }]]);
  server = await servePage(scene, reach, assets, 0);
  ({ port } = new URL(server.url));
});
after(() => server.close());

interface Answered {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

function ask(method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, method, path, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part) => {
        text += String(part);
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text, headers: response.headers }));
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

const speed = JSON.stringify({ do: "speed", speed: 5 });
const own = () => ({ origin: server.url, "content-type": "application/json" });

suite("The page's server", () => {
  test("takes gestures from its own page", async () => {
    const { status, body } = await ask("POST", "/gestures", own(), speed);
    assert.equal(status, 200);
    assert.deepEqual(JSON.parse(body), { ok: true, experience: null });
  });

  test("refuses another site's page, whatever it sends", async () => {
    for (const origin of ["http://evil.example", "null", `http://127.0.0.1:${Number(port) + 1}`]) {
      assert.equal((await ask("POST", "/gestures", { ...own(), origin }, speed)).status, 403, origin);
      assert.equal((await ask("GET", "/events", { origin })).status, 403, origin);
    }
    assert.equal((await ask("POST", "/gestures", { "content-type": "application/json" }, speed)).status, 403);
    assert.equal(
      (await ask("POST", "/gestures", { origin: server.url, "content-type": "text/plain" }, speed)).status,
      403,
    );
  });

  test("refuses a foreign name that was made to lead here", async () => {
    for (const host of ["evil.example", `evil.example:${port}`, "127.0.0.1"]) {
      assert.equal((await ask("GET", "/", { host })).status, 403, host);
    }
    assert.equal((await ask("GET", "/", { host: `localhost:${port}` })).body, HTML);
  });

  test("lets the page run, load and frame nothing foreign", async () => {
    const { headers } = await ask("GET", "/");
    const policy = String(headers["content-security-policy"]);
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    assert.equal(headers["x-content-type-options"], "nosniff");
  });

  test("answers what is no gesture, is too long, or cannot be done with a sentence", async () => {
    const unknown = await ask("POST", "/gestures", own(), JSON.stringify({ do: "delete-everything" }));
    assert.match(unknown.body, /"ok":false/);
    const long = await ask(
      "POST",
      "/gestures",
      own(),
      JSON.stringify({ do: "speed", speed: 5, more: "x".repeat(1_000_001) }),
    );
    assert.match(long.body, /"ok":false/);
    const what = { person: "U1", channel: "C1", text: "status" };
    assert.match((await ask("POST", "/gestures", own(), JSON.stringify({ do: "command", what }))).body, /"ok":false/);
  });

  test("has nothing else", async () => {
    for (const path of ["/../package.json", "/%2e%2e/package.json", "/index.html.map", "/control/world"]) {
      assert.equal((await ask("GET", path)).status, 404, path);
    }
  });
});
