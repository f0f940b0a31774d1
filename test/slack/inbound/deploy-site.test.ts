import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HOME_CHANNEL } from "../../builders/decision-context.ts";
import { channel, openBench, owner, REQUESTER } from "../bench.ts";

describe("deploy-site", () => {
  it("turns one form into a card in the home channel and one in each zone's channel", async (context) => {
    const bench = await openBench(context);
    const { control } = bench;
    const typed = await control.command({ person: REQUESTER, channel: HOME_CHANNEL, text: "deploy-site" });
    assert.equal(typed.problem, undefined);
    const { viewId } = await bench.modal(REQUESTER);
    await control.fill({
      person: REQUESTER,
      viewId,
      values: { name: "spring-trial", coordinator: "alpha", training: ["beta", "gamma"] },
    });
    const form = await control.until("fields for the SuperNodes", async () => {
      const view = await bench.modal(REQUESTER);
      return view.fields.some(({ blockId }) => blockId === "superNodes:gamma") ? view : undefined;
    });
    assert.deepEqual(
      form.fields
        .map(({ blockId, value }) => [blockId, value])
        .filter(([block]) => String(block).startsWith("superNodes")),
      [
        ["superNodes:beta", "2"],
        ["superNodes:gamma", "2"],
      ],
    );
    const submitted = await control.submit({ person: REQUESTER, viewId, values: { "superNodes:gamma": "3" } });
    assert.deepEqual(submitted.errors ?? {}, {});
    await bench.read(HOME_CHANNEL, "The zones are being looked at");
    await bench.happens({
      type: "authority-created",
      generation: 1,
      fingerprint: "AA:BB",
      certificate: "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n",
      expiresAt: "2027-03-02T08:00:00.000Z",
    });
    await bench.plans();
    await bench.read(HOME_CHANNEL, "Waiting for approvals");
    const asked = await bench.read(channel("gamma"), "3 SuperNodes");
    await bench.press(owner("gamma"), asked, "Approve");
    await bench.read(channel("gamma"), "approved");
    const site = [...bench.federation().sites.values()].find(({ zone }) => zone === "gamma");
    assert.equal(site?.approvalState, "approved");
  });
});
