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
    await story.replays("oneflow", "service.instantiate");
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
      "service.scale-up",
      "service.show-SCALING",
      "error-scale-while-SCALING",
    );
    await story.vmsSayReady(10);
    await story.serviceComesTo(7, "COOLDOWN");
    await story.replays(
      "oneflow",
      "service.show-COOLDOWN",
      "error-delete-while-COOLDOWN",
      "error-scale-while-COOLDOWN",
    );
    await story.serviceComesTo(7, "RUNNING");
    await story.replays("oneflow", "role.action-reboot", "error-role-action-no-params", "service.add_role");
    await story.vmsSayReady(11);
    await story.serviceComesTo(7, "RUNNING");
    await story.replays("oneflow", "service.remove_role");
    await story.vmComesTo(11, "done");
    await story.serviceComesTo(7, "RUNNING");
    await story.replays("oneflow", "service_pool.purge_done");
    await story.replays("oneflow", "service.delete", "service.delete-while-UNDEPLOYING");
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
      await story.replays(
        "oneflow",
        "error-scale-above-max",
        "error-scale-below-min",
        "error-scale-to-zero",
        "service.recover-delete",
      );
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
      await story.sends("oneflow.service.instantiate-over-quota", (body) =>
        body.replace('"cardinality": 3', '"cardinality": 2'),
      );
      await story.vmsSayReady(458, 459);
      await story.serviceComesTo(307, "RUNNING");
      const { control } = story.lab;
      await control.command("zone-a", { do: "vm-action", vm: 458, action: "poweroff" });
      await story.serviceComesTo(307, "WARNING");
      await story.sends("oneflow.service.show-WARNING-vm-powered-off");
      await control.command("zone-a", { do: "vm-action", vm: 458, action: "resume" });
      await story.serviceComesTo(307, "RUNNING");
    },
  );
});

describe("deployments that fail", () => {
  inLab(
    "an address that is taken, out of range, or asked for twice",
    { startIds: { documents: 297, vms: 443 } },
    async (story) => {
      await story.replays("xmlrpc", "vn.info-before-address-asked");
      await story.replays("oneflow", "service.instantiate-nic-with-address");
      await story.vmComesTo(443, "running");
      await story.replays("xmlrpc", "vn.info-address-asked");
      await story.publishesAsRecorded("xmlrpc.vm.info-oneflow-node-with-address", 443);
      await story.serviceComesTo(297, "RUNNING");
      await story.replays("xmlrpc", "vm.info-oneflow-node-with-address");
      await story.replays("oneflow", "service.show-nic-with-address", "service.instantiate-nic-address-taken");
      await story.serviceComesTo(298, "FAILED_DEPLOYING");
      await story.replays(
        "oneflow",
        "service.show-FAILED_DEPLOYING-address-taken",
        "service.instantiate-nic-address-out-of-range",
      );
      await story.serviceComesTo(299, "FAILED_DEPLOYING");
      await story.replays(
        "oneflow",
        "service.show-FAILED_DEPLOYING-address-out-of-range",
        "service.instantiate-networks_values-and-address",
      );
      await story.serviceComesTo(300, "FAILED_DEPLOYING");
      await story.vmComesTo(444, "running");
      await story.publishesAsRecorded("xmlrpc.vm.info-partly-deployed-double-nic", 444);
      await story.replays("xmlrpc", "vm.info-partly-deployed-double-nic");
      await story.replays(
        "oneflow",
        "service.show-FAILED_DEPLOYING-partly",
        "error-delete-while-FAILED_DEPLOYING-partly",
        "service.recover-delete-FAILED_DEPLOYING-partly",
      );
      await story.serviceIsGone(300);
      await story.replays("oneflow", "service.show-after-recover-delete-404");
      await story.replays("xmlrpc", "vm.info-left-behind-after-recover-delete");
      await story.replays("oneflow", "service.instantiate-networks_values-and-nic-id");
      await story.vmsSayReady(445, 446);
      await story.serviceComesTo(301, "RUNNING");
      await story.replays("oneflow", "service.show-networks_values-and-nic-id");
    },
  );

  inLab("an address without a network", { startIds: { documents: 315, vms: 474 } }, async (story) => {
    await story.replays("oneflow", "service.instantiate-nic-address-without-network");
    await story.vmComesTo(474, "running");
    await story.publishesAsRecorded("xmlrpc.vm.info-address-without-network", 474);
    await story.replays("xmlrpc", "vm.info-address-without-network");
  });

  inLab(
    "a quota that is used up on the way",
    { florist: { quotas: { vm: { VMS: 2 } } }, startIds: { documents: 306, vms: 452 } },
    async (story) => {
      await story.replays("oneflow", "service.instantiate-over-quota");
      await story.serviceComesTo(306, "FAILED_DEPLOYING");
      await story.replays("oneflow", "service.show-FAILED_DEPLOYING-quota-partly");
    },
  );

  inLab("VMs that do not boot", { startIds: { documents: 9, vms: 24 } }, async (story) => {
    await story.lab.control.command("zone-a", { do: "fail-boots", times: 2 });
    await story.sends("oneflow.service.instantiate", (body) => body.replace("site-wire", "site-fail"));
    await story.serviceComesTo(9, "FAILED_DEPLOYING");
    await story.replays("oneflow", "error-delete-while-FAILED_DEPLOYING", "service.recover-FAILED_DEPLOYING");
    await story.serviceComesTo(9, "WARNING");
  });
});
