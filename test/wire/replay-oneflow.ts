import { describe } from "node:test";
import { inLab } from "./story.ts";

describe("service templates over OneFlow", () => {
  inLab("are listed, made, refused and deleted", { startIds: { documents: 3 } }, (story) =>
    story.replays(
      "oneflow",
      "service_template.list",
      "service_template.show-coordinator",
      "service_template.show-site",
      "service_template.create",
      "service_template.create-same-name",
      "service_template.unknown-action",
      "service_template.rename",
      "service_template.chmod",
      "error-action-malformed-json",
      "service_template.delete",
      "error-400-no-name",
      "error-400-no-roles",
      "error-400-role-name-bad",
      "error-400-role-without-type",
      "error-400-cardinality-below-min",
      "error-400-malformed-json",
      "error-404-no-service-template",
    ),
  );

  inLab("one of 6.x is brought to today's form", { startIds: { documents: 6 } }, (story) =>
    story.replays("oneflow", "service_template.create-6x-format", "service_template.put"),
  );

  inLab("credentials that are missing, wrong, or of somebody who may not", {}, (story) =>
    story.replays(
      "oneflow",
      "error-401-no-credentials",
      "error-401-bad-password",
      "error-instantiate-not-authorized",
      "zone-disabled",
    ),
  );

  inLab("a group without the right to create documents", { flower: { mayCreate: ["VM", "TEMPLATE"] } }, (story) =>
    story.replays("oneflow", "error-401-not-authorized-create-document"),
  );

  inLab("OneFlow while its oned is down", {}, async (story) => {
    await story.lab.control.command("zone-a", { do: "down", part: "oned" });
    await story.replays("oneflow", "error-oned-down");
  });
});

describe("what instantiate refuses at once", () => {
  inLab("inputs, networks, numbers", {}, (story) =>
    story.replays(
      "oneflow",
      "error-400-instantiate-no-user-inputs",
      "error-400-instantiate-optional-input-missing",
      "error-400-networks_values-missing-key",
      "error-instantiate-cardinality-above-max",
      "error-instantiate-cardinality-below-min_vms",
      "error-instantiate-cardinality-negative",
      "error-instantiate-cardinality-zero",
      "error-404-instantiate-no-template",
      "error-404-no-service",
      "error-404-delete-no-service",
    ),
  );

  inLab("numbers as text or with a fraction are taken", { startIds: { documents: 309 } }, (story) =>
    story.replays("oneflow", "service.instantiate-cardinality-as-string", "service.instantiate-cardinality-as-float"),
  );

  inLab("the default network, and the keys of 6.x", { startIds: { documents: 14 } }, (story) =>
    story.replays("oneflow", "service.instantiate-default-network", "service.instantiate-6x-custom_attrs_values"),
  );
});

describe("a service from its making to its end", () => {
  inLab("the training site of the recordings", { speed: 4, startIds: { documents: 7, vms: 8 } }, async (story) => {
    await story.replays("oneflow", "service.instantiate", "service.show-just-after-instantiate");
    await story.serviceComesTo(7, "DEPLOYING");
    await story.replays("oneflow", "service.show-DEPLOYING", "error-delete-while-DEPLOYING");
    await story.vmComesTo(8, "running");
    await story.replays("xmlrpc", "vm.info-oneflow-node");
    await story.vmsSayReady(8, 9);
    await story.serviceComesTo(7, "RUNNING");
    await story.replays(
      "oneflow",
      "service.show-RUNNING",
      "error-delete-not-authorized",
      "error-scale-not-authorized",
      "error-scale-malformed-json",
      "error-scale-without-force",
      "error-service-unknown-action",
    );
    await story.holdsCooldowns();
    await story.replays("oneflow", "service.scale-up", "service.show-SCALING", "error-scale-while-SCALING");
    await story.vmsSayReady(10);
    await story.duringCooldown(7, () =>
      story.replays("oneflow", "service.show-COOLDOWN", "error-delete-while-COOLDOWN", "error-scale-while-COOLDOWN"),
    );
    await story.replays("oneflow", "role.action-reboot", "error-role-action-no-params", "service.add_role");
    await story.vmsSayReady(11);
    await story.serviceComesTo(7, "RUNNING");
    await story.replays("oneflow", "service.remove_role");
    await story.vmComesTo(11, "done");
    await story.serviceComesTo(7, "RUNNING");
    await story.acts(9, "poweroff-hard", "poweroff");
    await story.serviceComesTo(7, "WARNING");
    await story.acts(9, "resume", "running");
    await story.serviceComesTo(7, "RUNNING");
    await story.acts(9, "terminate-hard", "done");
    await story.replays("oneflow", "service_pool.purge_done", "service.rename");
    await story.replays("oneflow", "service.delete", "service.show-UNDEPLOYING", "service.delete-while-UNDEPLOYING");
    await story.serviceIsGone(7);
  });

  inLab(
    "overrides of a role, limits of scaling, and a recovery that deletes",
    { startIds: { documents: 8, vms: 12 } },
    async (story) => {
      await story.replays("oneflow", "service.instantiate-with-role-overrides");
      await story.vmComesTo(12, "running");
      await story.replays("xmlrpc", "vm.info-oneflow-node-with-overrides");
      await story.vmsSayReady(12, 13, 14);
      await story.serviceComesTo(8, "RUNNING");
      await story.replays("oneflow", "error-scale-above-max", "error-scale-below-min", "error-scale-to-zero");
      await story.holdsCooldowns();
      await story.replays("oneflow", "service.scale-down");
      await story.duringCooldown(8, () => story.replays("oneflow", "service.recover-COOLDOWN"));
      await story.replays("oneflow", "service.scale-up-forced-above-max");
      for (let vm = 15; vm < 24; vm += 1) await story.vmComesTo(vm, "running");
      await story.replays("oneflow", "service.recover-delete");
      await story.serviceIsGone(8);
      await story.replays("oneflow", "service.show-after-delete-404");
    },
  );

  inLab(
    "two of the same name, with other numbers than the template's",
    { startIds: { documents: 311, vms: 468 } },
    async (story) => {
      await story.replays("oneflow", "service_template.create-min_vms-1", "service.instantiate-min_vms-1");
      await story.vmsSayReady(468);
      await story.serviceComesTo(312, "RUNNING");
      await story.replays("oneflow", "service.show-min_vms-1", "service.instantiate-cardinality-3-of-1");
      await story.vmsSayReady(469, 470, 471);
      await story.serviceComesTo(313, "RUNNING");
      await story.replays("oneflow", "service.show-cardinality-3", "service.list-two-of-the-same-name");
    },
  );

  inLab("a coordinator, also as a document of oned", {}, async (story) => {
    await story.makesVm(0, "x");
    await story.sends("oneflow.error-401-not-authorized-create-document");
    await story.vmComesTo(1, "running");
    await story.replays("xmlrpc", "vn.info");
    await story.sends("xmlrpc.template.instantiate");
    await story.vmComesTo(2, "running");
    await story.replays("xmlrpc", "vmpool.info-mine-active");
    await story.vmsSayReady(1);
    await story.serviceComesTo(2, "RUNNING");
    await story.replays("xmlrpc", "document.info-service", "documentpool.info-services");
  });

  inLab(
    "a VM that is switched off, comes back, and then is ended from outside",
    { speed: 50, startIds: { documents: 307, vms: 458 } },
    async (story) => {
      await story.sends("oneflow.service.instantiate-over-quota", twoNamed("watch-svc"));
      await story.vmsSayReady(458, 459);
      await story.serviceComesTo(307, "RUNNING");
      await story.acts(458, "poweroff-hard", "poweroff");
      await story.serviceComesTo(307, "WARNING");
      await story.replays("oneflow", "service.show-WARNING-vm-powered-off");
      await story.acts(458, "resume", "running");
      await story.serviceComesTo(307, "RUNNING");
      await story.replays("oneflow", "service.show-RUNNING-after-warning");
      await story.lab.control.command("zone-a", { do: "guest-shutdown", vm: 458 });
      await story.serviceComesTo(307, "WARNING");
      await story.replays("xmlrpc", "vm.info-poweroff-from-inside");
      await story.acts(458, "resume", "running");
      await story.serviceComesTo(307, "RUNNING");
      await story.acts(458, "poweroff", "poweroff");
      await story.serviceComesTo(307, "WARNING");
      await story.acts(458, "resume", "running");
      await story.serviceComesTo(307, "RUNNING");
      await story.acts(458, "terminate", "done");
      await story.replays("oneflow", "service.show-after-node-terminated-outside");
    },
  );

  inLab("a VM whose host is lost", { startIds: { documents: 295, vms: 330 } }, async (story) => {
    await story.sends("oneflow.service.instantiate-over-quota", twoNamed("unk-svc"), { port: 2674 });
    for (const vm of [330, 331]) await story.vmSaysReady(vm, "zone-c");
    await story.serviceComesTo(295, "RUNNING", "zone-c");
    await story.lab.control.command("zone-c", { do: "host-lost", vm: 330 });
    await story.serviceComesTo(295, "WARNING", "zone-c");
    await story.replays("oneflow", "service.show-WARNING-vm-unknown");
  });

  inLab("two services in the list", { startIds: { documents: 2, vms: 1 } }, async (story) => {
    await story.sends("oneflow.error-401-not-authorized-create-document");
    for (let between = 3; between < 7; between += 1) await story.sends("oneflow.service_template.create");
    for (let between = 2; between < 8; between += 1) await story.makesVm(2, `between ${between}`);
    await story.sends("oneflow.service.instantiate");
    await story.vmsSayReady(1, 8, 9);
    for (const service of [2, 7]) await story.serviceComesTo(service, "RUNNING");
    await story.replays("oneflow", "service.list", "service_template.delete-2");
  });

  inLab("a network reserved for the service", { startIds: { documents: 11, vms: 27 } }, async (story) => {
    for (const id of [2, 3])
      await story.sends("xmlrpc.vn.reserve", (body) => body.replace("wire-res", `reserved-${id}`));
    await story.replays("oneflow", "service.instantiate-reserve");
    await story.serviceComesTo(11, "DEPLOYING");
    await story.replays("oneflow", "service.show-with-reserved-network");
  });

  inLab("inputs of one role", { startIds: { documents: 20, vms: 51, templates: 4 } }, async (story) => {
    await story.lab.control.command("zone-a", { do: "add-template", name: "gpu", text: 'CPU="1"\nMEMORY="64"' });
    await story.sends("oneflow.service_template.create", () => JSON.stringify(gpuService));
    await story.replays("oneflow", "service.instantiate-role-user-inputs");
    await story.serviceComesTo(21, "DEPLOYING");
    await story.replays("oneflow", "service.show-gpu-role");
  });
});

/** Two VMs, with the inputs that the recorded service had. */
const twoNamed = (name: string) => (body: string) =>
  body.replace('"cardinality": 3', '"cardinality": 2').replace("quota-wire", name);

const gpuService = {
  name: "gpu",
  deployment: "straight",
  ready_status_gate: true,
  roles: [
    {
      name: "supernode",
      type: "vm",
      cardinality: 1,
      min_vms: 1,
      template_id: 4,
      user_inputs: { FL_X: "O|text|x" },
    },
  ],
};
