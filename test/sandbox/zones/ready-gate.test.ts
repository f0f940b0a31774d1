import assert from "node:assert/strict";
import { test } from "node:test";
import { onBench, oneVm, role } from "./bench.ts";

test("a service waits in DEPLOYING until every VM of it says READY=YES", () =>
  onBench({}, async (bench) => {
    const template = await bench.createTemplate({
      name: "two",
      ready_status_gate: true,
      roles: [role("supernode", 2)],
    });
    const service = await bench.instantiate(template, {});
    await bench.vmsCome("running", 2);
    await bench.gate(0, "PUT", "/vm", "READY=YES");
    const [waiting] = (await bench.control.zone("zone-a")).services;
    assert.equal(waiting?.word, "DEPLOYING");
    await bench.gate(1, "PUT", "/vm", "READY=YES");
    await bench.serviceComesTo(service, "RUNNING");
  }));

test("FL_READY=YES alone opens the gate, because the text of the update is what is looked at", () =>
  onBench({}, async (bench) => {
    const service = await bench.instantiate(await bench.createTemplate(oneVm));
    await bench.vmsCome("running", 1);
    await bench.gate(0, "PUT", "/vm", "FL_READY=YES");
    await bench.serviceComesTo(service, "RUNNING");
  }));

test("a missed READY=YES is made good by the poll, which looks at READY only", () =>
  onBench({}, async (bench) => {
    const service = await bench.instantiate(await bench.createTemplate(oneVm));
    await bench.vmsCome("running", 1);
    await bench.control.command("zone-a", { do: "miss-ready", times: 1 });
    await bench.gate(0, "PUT", "/vm", "READY=YES");
    await bench.serviceComesTo(service, "RUNNING");
  }));

test("a missed FL_READY=YES is made good by nothing", () =>
  onBench({ speed: 1000 }, async (bench) => {
    const service = await bench.instantiate(await bench.createTemplate(oneVm));
    await bench.vmsCome("running", 1);
    await bench.control.command("zone-a", { do: "miss-ready", times: 1 });
    await bench.gate(0, "PUT", "/vm", "FL_READY=YES");
    // Another service that fails by the poll shows that a poll has gone by.
    await bench.control.command("zone-a", { do: "fail-boots", times: 1 });
    const failing = await bench.instantiate(await bench.createTemplate({ ...oneVm, name: "failing" }));
    await bench.serviceComesTo(failing, "FAILED_DEPLOYING");
    const state = await bench.control.zone("zone-a");
    assert.equal(state.services.find(({ id }) => id === service)?.word, "DEPLOYING");
  }));

test("without the gate a VM that runs is ready", () =>
  onBench({}, async (bench) => {
    const template = await bench.createTemplate({ ...oneVm, ready_status_gate: false });
    await bench.serviceComesTo(await bench.instantiate(template), "RUNNING");
  }));
