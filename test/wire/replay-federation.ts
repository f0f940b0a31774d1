import { describe } from "node:test";
import { recorded } from "./recorded-call.ts";
import { inLab, type Story } from "./story.ts";

/** Makes a login token of a length of time, as the one that the recording was made with. */
async function makesToken(story: Story, token: string): Promise<void> {
  const wish = (body: string) => body.replace("<string></string>", `<string>${token}</string>`);
  await story.sends("xmlrpc.user.login-create-token", wish);
}

describe("login tokens", () => {
  inLab("are made, and stand in the place of the password", {}, async (story) => {
    await story.replays("xmlrpc", "user.login-create-token", "error-expired-token");
  });

  inLab("one works in every zone and with OneFlow, until it is revoked", {}, async (story) => {
    await story.makesVm(0, "x");
    await story.makesVm(0, "x");
    await story.vmComesTo(1, "running");
    const [, token = ""] =
      /flbot:([0-9a-f]{64})/.exec(recorded("xmlrpc.user.info-with-token").request.body ?? "") ?? [];
    await makesToken(story, token);
    await story.replays(
      "xmlrpc",
      "user.info-with-token",
      "user.info-with-token-on-slave-zone",
      "user.login-on-slave-zone",
      "user.login-revoke-token",
    );
    const { headers } = recorded("oneflow.service_template.list-with-token").request;
    const basic = Buffer.from((headers["Authorization"] ?? "").replace("Basic ", ""), "base64").toString();
    await makesToken(story, basic.replace("flbot:", ""));
    await story.replays("oneflow", "service_template.list-with-token");
  });
});

describe("the zones of a federation", () => {
  inLab("are told by each of them", {}, (story) =>
    story.replays("xmlrpc", "zonepool.info", "zonepool.info-asked-of-slave", "zone.info"),
  );

  inLab("one that is disabled still says what it holds", {}, async (story) => {
    await story.lab.control.command("zone-b", { do: "enable-zone", enabled: false });
    await story.replays("xmlrpc", "system.version-on-disabled-zone", "vmpool.info-on-disabled-zone");
  });

  inLab(
    "while the master is down the others work, and write nothing that is shared",
    { startIds: { vms: 5 } },
    async (story) => {
      await story.lab.control.command("zone-a", { do: "down", part: "oned" });
      await story.replays(
        "xmlrpc",
        "error-user.login-on-slave-master-down",
        "template.instantiate-on-slave-master-down",
        "zonepool.info-on-slave-master-down",
      );
    },
  );
});

describe("pools with VMs in them", () => {
  inLab("what a user with two running VMs sees of himself, of networks and of images", {}, async (story) => {
    await story.makesVm(0, "x");
    await story.makesVm(0, "y");
    await story.vmComesTo(1, "running");
    await story.replays(
      "xmlrpc",
      "user.info-self",
      "user.info-self-decrypt-false",
      "vn.info-without-optional-bool",
      "vnpool.info",
      "template.info-extended",
    );
  });

  inLab("networks that had leases and have none any more", {}, async (story) => {
    for (const [vm, template] of [0, 2].entries()) {
      await story.makesVm(template, `VM ${vm}`);
      await story.vmComesTo(vm, "running");
      await story.acts(vm, "terminate-hard", "done");
    }
    await story.replays("xmlrpc", "vnpool.info-usable", "vnpool.info-outsider");
  });

  inLab("VMs that run, of a service, and that wait for a host", {}, async (story) => {
    await story.makesVm(0, "x");
    await story.sends("oneflow.error-401-not-authorized-create-document");
    await story.vmsSayReady(1);
    await story.serviceComesTo(2, "RUNNING");
    await story.sends("xmlrpc.template.instantiate");
    await story.vmComesTo(2, "running");
    await story.lab.control.setSpeed(NOTHING_MOVES);
    for (const update of ["append", "append-ready", "unterminated-quote", "multiline-value"]) {
      await story.sends(`xmlrpc.vm.update-${update}`);
    }
    await story.sends("xmlrpc.template.instantiate-hold");
    await story.sends("xmlrpc.vm.action-release");
    await story.makesVm(0, "x");
    const vm4 = (body: string) => body.replace("<int>2</int>", "<int>4</int>").replace("X=", "FOO=");
    await story.sends("xmlrpc.vm.update-unterminated-quote", vm4);
    await story.replays(
      "xmlrpc",
      "vmpool.info-all-not-done",
      "vmpool.info-incl-done",
      "vmpool.info-with-filter-argument",
      "vmpool.infoextended",
    );
  });
});

/** A second of the zone is a quarter of an hour. */
const NOTHING_MOVES = 0.001;
