import { describe } from "node:test";
import type { LabWish } from "./lab.ts";
import { inLab } from "./story.ts";

describe("what a zone answers before anything runs", () => {
  inLab("who may come in, and how a call that is none is told", {}, (story) =>
    story.replays(
      "xmlrpc",
      "system.version",
      "system.version-with-wrong-password",
      "error-bad-password",
      "error-unknown-user",
      "error-empty-session",
      "error-no-such-method",
      "error-malformed-xml",
      "error-wrong-parameter-type",
    ),
  );

  inLab("templates, images and networks as the bot sees them", {}, (story) =>
    story.replays(
      "xmlrpc",
      "templatepool.info-usable",
      "templatepool.info-mine",
      "templatepool.info-outsider",
      "template.info-superlink",
      "template.info-superlink-extended",
      "template.info-two-parameters",
      "template.info",
      "templatepool.info-all",
      "vn.info-outsider",
      "imagepool.info-mine",
      "imagepool.info-outsider",
      "vn.info-ar-pool",
      "vn.info-before-address-asked",
      "documentpool.info-service-templates",
      "document.info-service-template",
    ),
  );

  inLab("accounts as the bot sees them, and an administrator's", {}, (story) =>
    story.replays("xmlrpc", "user.info-oneadmin", "group.info-own", "group.info-minus-one", "grouppool.info"),
  );

  inLab("what is not there, and what is not for this user", {}, (story) =>
    story.replays(
      "xmlrpc",
      "error-acl.info-not-authorized",
      "error-group.info-not-authorized",
      "error-group.info-oneadmin-not-authorized",
      "error-user.info-other-not-authorized",
      "error-image-no-exists",
      "error-image.info-not-authorized",
      "error-template-no-exists",
      "error-template.info-not-authorized",
      "error-instantiate-not-authorized",
      "error-instantiate-restricted-attribute",
      "error-template.allocate-no-name",
      "template.allocate",
      "error-template.allocate-same-name",
      "template.delete",
      "error-vm-no-exists",
      "error-vm.action-no-such-vm",
      "error-vm.update-no-such-vm",
      "error-vn-no-exists",
      "error-vn.info-not-authorized",
      "error-document-no-exists",
    ),
  );

  const administrator = (groups: string[], administers: string[] = []) => ({
    zone: {
      users: [
        { name: "oneadmin", password: "opennebula", groups: ["oneadmin"] },
        { name: "serveradmin", password: "of the lab", groups: ["oneadmin"] },
        { name: "flbot", password: "flbot-secret", groups: ["flower"] },
        { name: "outsider", password: "outsider-secret", groups: ["outsiders"] },
        { name: "fltiny", password: "fltiny-secret", groups: ["flower"] },
        { name: "wire-adm", password: "wire-adm-pw", groups, administers },
      ],
    },
  });

  inLab("an administrator by his primary group", administrator(["oneadmin"]), (story) =>
    story.replays("xmlrpc", "user.info-primary-oneadmin-group"),
  );
  inLab("an administrator by a secondary group", administrator(["flower", "oneadmin"]), (story) =>
    story.replays("xmlrpc", "user.info-secondary-oneadmin-group"),
  );
  inLab("an administrator of his group only", administrator(["flower"], ["flower"]), (story) =>
    story.replays("xmlrpc", "user.info-group-admin", "group.info-with-admins"),
  );
  inLab("one who has rights by rules alone, which show nowhere", administrator(["flower"]), (story) =>
    story.replays("xmlrpc", "user.info-admin-by-acl"),
  );
});

describe("quotas", () => {
  const limited = { florist: { quotas: { vm: { CPU: 3, MEMORY: 5000, RUNNING_VMS: 2, VMS: 2 }, leases: { "0": 3 } } } };

  inLab("a user's own, before and after they are used up", limited, async (story) => {
    await story.replays("xmlrpc", "user.info-with-vm-and-network-quotas");
    await story.makesVm(1, "first");
    await story.makesVm(1, "second");
    await story.replays("xmlrpc", "user.info-quota-used-up", "error-quota-exceeded-vms");
  });

  inLab("a user whose only VM may not have a second beside it", { startIds: { vms: 10 } }, async (story) => {
    await story.sends("xmlrpc.error-quota-exceeded");
    await story.vmComesTo(10, "running");
    await story.replays("xmlrpc", "user.info-with-quotas", "error-quota-exceeded");
  });

  const refusals: [string, LabWish][] = [
    ["cpu", { florist: { quotas: { vm: { CPU: 0.05 } } } }],
    ["memory", { florist: { quotas: { vm: { MEMORY: 10 } } } }],
    ["running-vms", { florist: { quotas: { vm: { RUNNING_VMS: 0 } } } }],
    ["group", { flower: { quotas: { vm: { VMS: 0 } } } }],
    ["default", { zone: { defaultUserQuotas: { VMS: 0 } } }],
  ];
  for (const [name, wish] of refusals) {
    inLab(`the refusal when the limit is of ${name}`, wish, (story) =>
      story.replays("xmlrpc", `error-quota-exceeded-${name}`),
    );
  }
  inLab("no address may be leased", { florist: { quotas: { leases: { "0": 0 } } } }, (story) =>
    story.replays("xmlrpc", "error-quota-network-leases-0"),
  );
  inLab("no second address may be leased", { florist: { quotas: { leases: { "0": 1 } } } }, async (story) => {
    await story.makesVm(0, "the first");
    await story.replays("xmlrpc", "error-quota-network-leases");
  });
  inLab("the default quotas of a zone", { zone: { defaultUserQuotas: { VMS: 0 } } }, (story) =>
    story.replays("xmlrpc", "user.info-default-quotas"),
  );
  const groupLimits = { vm: { VMS: 50, CPU: 100, MEMORY: 204800, RUNNING_VMS: 40 }, leases: { "0": 100 } };
  inLab("a group's quotas, as its member sees them", { flower: { quotas: groupLimits } }, (story) =>
    story.replays("xmlrpc", "group.info-with-quotas"),
  );
});

describe("a VM from its making to its end", () => {
  inLab("states, attributes, pools and refusals", { speed: 4, startIds: { vms: 2 } }, async (story) => {
    await story.replays("xmlrpc", "template.instantiate", "vm.info-pending");
    await story.vmComesTo(2, "running");
    await story.replays(
      "xmlrpc",
      "vm.info-running",
      "vm.update-append",
      "vm.update-append-ready",
      "vm.info-running-with-fl-attributes",
      "vm.update-unterminated-quote",
      "vm.update-multiline-value",
      "vm.info-running-multiline-value",
      "error-vm.action-wrong-state",
      "error-vm.info-not-authorized",
      "error-vm.update-not-authorized",
      "error-vm.action-not-authorized",
      "template.instantiate-hold",
      "vm.info-hold",
      "vm.action-release",
      "vmpool.infoset-extended",
      "vmpool.infoset-short",
      "vmpool.infoset-one-missing",
      "vm.action-terminate",
      "vm.info-shutting-down",
    );
    await story.vmComesTo(2, "done");
    await story.replays("xmlrpc", "vm.info-done");
  });

  inLab("power off, resume, and what each state does not allow", { startIds: { vms: 457 } }, async (story) => {
    await story.makesVm(2, "watch-wire");
    await story.vmComesTo(457, "running");
    await story.replays(
      "xmlrpc",
      "error-vm.action-hold-while-running",
      "error-vm.action-resched-while-running",
      "vm.action-reboot-while-running",
      "vm.action-reboot-hard-while-running",
    );
    await story.replays("xmlrpc", "vm.action-poweroff-hard");
    await story.vmComesTo(457, "poweroff");
    await story.replays("xmlrpc", "error-vm.action-poweroff-while-poweroff", "error-vm.action-reboot-while-poweroff");
    await story.replays("xmlrpc", "vm.action-resume");
    await story.vmComesTo(457, "running");
    await story.replays("xmlrpc", "vm.action-poweroff");
    await story.vmComesTo(457, "poweroff");
    await story.replays("xmlrpc", "vm.info-poweroff");
    await story.acts(457, "resume", "running");
    await story.replays("xmlrpc", "vm.action-undeploy-hard");
    await story.vmComesTo(457, "undeployed");
    await story.replays("xmlrpc", "vm.info-after-undeploy-hard");
    await story.acts(457, "resume", "running");
    await story.replays("xmlrpc", "vm.action-stop");
    await story.vmComesTo(457, "stopped");
    await story.replays("xmlrpc", "vm.info-after-stop");
    await story.acts(457, "resume", "running");
    await story.replays("xmlrpc", "vm.action-suspend");
    await story.vmComesTo(457, "suspended");
    await story.replays("xmlrpc", "vm.info-after-suspend");
    await story.acts(457, "resume", "running");
    await story.acts(457, "terminate-hard", "done");
    await story.replays(
      "xmlrpc",
      "vm.info-done-after-terminate-hard",
      "error-vm.action-poweroff-on-done",
      "error-vm.action-reboot-on-done",
      "error-vm.action-resume-on-done",
    );
  });

  inLab("a host that is lost", { startIds: { vms: 329 } }, async (story) => {
    await story.makesVm(2, "unk-wire", 2833);
    await story.vmComesTo(329, "running", "zone-c");
    await story.lab.control.command("zone-c", { do: "host-lost", vm: 329 });
    await story.replays(
      "xmlrpc",
      "vm.info-unknown",
      "error-vm.action-reboot-while-unknown",
      "error-vm.recover-while-unknown",
      "vm.update-while-unknown",
      "vm.action-poweroff-while-unknown",
    );
    await story.vmComesTo(329, "poweroff", "zone-c");
  });

  inLab("no host that could hold it", { startIds: { vms: 59 } }, async (story) => {
    await story.lab.control.command("zone-a", { do: "update-template", template: 2, text: 'MEMORY="99999999"' });
    await story.makesVm(2, "too-big");
    await story.lab.control.until("zone-a", ({ vms }) =>
      vms.some(({ userTemplate }) => "SCHED_MESSAGE" in userTemplate),
    );
    await story.replays("xmlrpc", "vm.info-pending-no-host", "vm.action-terminate-pending");
  });

  inLab("a boot that fails, which only an administrator tries again", { startIds: { vms: 5 } }, async (story) => {
    await story.lab.control.command("zone-a", { do: "fail-boots", times: 1 });
    await story.makesVm(2, "does not boot");
    await story.vmComesTo(5, "bootFailure");
    await story.replays("xmlrpc", "error-vm.recover-not-authorized", "vm.recover-retry");
    await story.vmComesTo(5, "running");
  });

  inLab("one that is ended at once", { startIds: { vms: 3 } }, async (story) => {
    await story.makesVm(2, "short");
    await story.vmComesTo(3, "running");
    await story.replays("xmlrpc", "vm.action-terminate-hard");
    await story.vmComesTo(3, "done");
  });

  inLab("64 KiB in one value of CONTEXT", { startIds: { vms: 39 } }, (story) =>
    story.replays("xmlrpc", "template.instantiate-64KiB-context-value"),
  );

  inLab("an update that repeats a name and one that empties it", { startIds: { vms: 461 } }, async (story) => {
    await story.makesVm(2, "any");
    await story.replays("xmlrpc", "vm.update-name-twice", "vm.update-remove-by-empty");
  });
});

describe("addresses", () => {
  inLab("are held, let go, reserved and given back", {}, (story) =>
    story.replays(
      "xmlrpc",
      "vn.hold",
      "vn.release",
      "error-vn.hold-not-authorized",
      "vn.reserve",
      "error-vn.reserve-too-big",
      "vn.delete-reserved",
    ),
  );
});

describe("what administrators set", () => {
  inLab("quotas of users and groups", {}, (story) =>
    story.replays(
      "xmlrpc",
      "error-user.quota-not-authorized",
      "error-group.quota-not-authorized",
      "error-zone.raftstatus-not-authorized",
      "user.quota-set",
      "user.quota-set-vm-and-network",
      "user.info-with-vm-and-network-quotas",
      "group.quota-set",
      "group.info-with-quotas",
      "user.info-with-quotas-other-zone",
    ),
  );
});
