/** The doctor before zones that an OpenNebula federation lists. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { passwordVariable, sandboxPassword } from "../../sandbox/zones-file.ts";
import type { Check } from "../../src/doctor/check.ts";
import { type Plant, type Running, type Visit, visit } from "./clinic.ts";

/** Both zones leave address and account to the pool; `change` may spoil what is there then. */
function pooled(change: (running: Running, file: PooledFile) => void | Promise<void> = () => undefined): Plant {
  return {
    before: (blueprint) => {
      blueprint.federated = true;
      delete blueprint.environment[passwordVariable("zone-b")];
    },
    running: async (running) => {
      const { zones, ...rest } = running.file;
      const xmlrpc = zones["zone-a"]?.xmlrpc ?? assert.fail("no zone");
      const entries = Object.entries(zones).map(([name, { xmlrpc: _at, user: _user, password: _secret, ...entry }]) => {
        return [name, entry] as const;
      });
      const file: PooledFile = {
        ...rest,
        zones: Object.fromEntries(entries),
        zonepool: { xmlrpc, user: "florist", password: { environment: passwordVariable("zone-a") } },
      };
      await change(running, file);
      running.files["zones.yml"] = { text: JSON.stringify(file), openToOthers: false };
    },
  };
}

interface PooledFile {
  readonly zones: Record<string, object>;
  readonly zonepool: { xmlrpc: string; readonly user: string; readonly password: object };
}

const ofPool = ({ report }: Visit): readonly Check[] =>
  report.checks.filter(({ code }) => code === "zone-pool" || code === "zone-pool-login");
const faults = ({ report }: Visit): readonly string[] =>
  report.checks.filter(({ verdict }) => verdict === "fault").map(({ sentence }) => sentence);

suite("The doctor and a zone pool", () => {
  test("finds all right where pool and file agree, and leaves no login token behind", async () => {
    const seen = await visit(pooled());
    assert.deepEqual(faults(seen), []);
    assert.deepEqual(
      ofPool(seen).map(({ code, verdict }) => `${code} ${verdict}`),
      ["zone-pool ok", "zone-pool-login ok"],
    );
    assert.equal(seen.calls.filter((call) => call === "one.user.login").length, 2, "one is made, and taken back");
    assert.deepEqual(seen.data.after, seen.data.before);
    assert.ok(!JSON.stringify(seen.report).includes(sandboxPassword("zone-a")));
  });

  test("tells every difference, with what to do, and offers who is not in the file", async () => {
    const seen = await visit(
      pooled(async ({ zones }, file) => {
        await zones.command("zone-a", { do: "list-others", count: 12 });
        await zones.command("zone-b", { do: "enable-zone", enabled: false });
        file.zones["zone-a"] = {
          ...file.zones["zone-a"],
          xmlrpc: file.zonepool.xmlrpc.replace("127.0.0.1", "localhost"),
        };
      }),
    );
    const told = ofPool(seen).map(({ verdict, sentence }) => `${verdict} ${sentence}`);
    assert.match(told.join("\n"), /ok The zone pool lists 14 zones\./);
    assert.match(
      told.join("\n"),
      /warning zone-a is at http:..localhost.* in the zones file and at .* the file prevails/,
    );
    assert.match(told.join("\n"), /warning zone-b is disabled in the zone pool/);
    assert.match(
      told.join("\n"),
      /ok Zones of the zone pool .*: "Other zone 1000" \(number 1000\), .*, and 2 more\. To let one take part/,
    );
    const offers = seen.report.checks.filter(({ code, subject }) => code === "zone-templates" && subject === "zone-b");
    assert.equal(offers[0]?.verdict, "ok", "a disabled zone is looked at all the same");
  });

  test("says of a pool that does not answer, and of zones that only it knows, why", async () => {
    const seen = await visit(pooled(({ zones }) => zones.command("zone-a", { do: "down" }).then(() => undefined)));
    assert.match(faults(seen).join("\n"), /The zone pool was not told: No connection to zone pool at /);
    assert.match(faults(seen).join("\n"), /zone-b .*The zone pool has not answered yet/);
  });

  test("says where the account makes no login token", async () => {
    const seen = await visit(
      pooled(async ({ zones }) => {
        await zones.command("zone-a", {
          do: "fault",
          fault: { kind: "refuse", operation: "one.user.login", times: 9 },
        });
      }),
    );
    const login = ofPool(seen).find(({ code }) => code === "zone-pool-login");
    assert.equal(login?.verdict, "fault");
    assert.match(login?.sentence ?? "", /No login token could be had for the bot's account florist/);
    assert.match(login?.remedy ?? "", /login: password/);
  });
});
