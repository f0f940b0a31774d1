import { describe } from "node:test";
import { recorded } from "./recorded-call.ts";
import { inLab } from "./story.ts";

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
    await story.replays(
      "oneflow",
      "service.show-FAILED_DEPLOYING",
      "error-delete-while-FAILED_DEPLOYING",
      "service.recover-FAILED_DEPLOYING",
    );
    await story.serviceComesTo(9, "WARNING");
    await story.replays("oneflow", "service.show-after-recover", "service.show-WARNING-after-recover");
  });

  inLab("one VM of two, by a user who may have one", { startIds: { documents: 10, vms: 26 } }, async (story) => {
    const { headers } = recorded("oneflow.service.show-FAILED_DEPLOYING-quota").request;
    await story.sends("oneflow.service.instantiate", (body) => body.replace("site-wire", "site-quota"), { headers });
    await story.serviceComesTo(10, "FAILED_DEPLOYING");
    await story.replays("oneflow", "service.show-FAILED_DEPLOYING-quota");
  });

  inLab("a VM that is to come beside those that run", { startIds: { documents: 17, vms: 35 } }, async (story) => {
    await story.sends("oneflow.service.instantiate", (body) => body.replace("site-wire", "site-fscale"));
    await story.vmsSayReady(35, 36);
    await story.serviceComesTo(17, "RUNNING");
    await story.makesVm(2, "between");
    await story.vmComesTo(37, "running");
    await story.lab.control.command("zone-a", { do: "fail-boots", times: 1 });
    await story.sends("oneflow.service.scale-up", undefined, { path: "/service/17/scale" });
    await story.serviceComesTo(17, "FAILED_SCALING");
    await story.replays("oneflow", "service.show-FAILED_SCALING");
  });
});
