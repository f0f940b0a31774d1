import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CONDITION_CODES, isClaim } from "../../../src/federation/model/conditions.ts";
import { isCuredByReboot } from "../../../src/federation/model/reboot.ts";
import type { RebootAnswer } from "../../../src/federation/model/reboot-words.ts";
import type { VmState } from "../../../src/federation/model/zone-facts.ts";
import { askTeardown, reboot, retry } from "../../builders/commands.ts";
import { HOUR, MINUTE, ownerOf, STRANGER, zone } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";

/** Long enough for what is so to be told. */
const LONG = 40;
const BETA = zone("beta");

const becomes = (story: Story, name: string, state: VmState): Story => {
  story.zone(name).changeVm(story.vm(name).vmId, (vm) => ({ ...vm, state }));
  return story.watches(name, LONG);
};
const switchedOff = (name = "beta"): Story => becomes(aFederation().running(), name, "poweroff");

/** The zone is asked and answers. */
const answers = (story: Story, answer: RebootAnswer): Story => {
  const { vmId } = story.vm("beta");
  return story.happens(
    { type: "reboot-intended", site: BETA, vmId },
    { type: "reboot-answered", site: BETA, vmId, answer },
  );
};

/** What a task would journal that has become due: the reboot's end. */
const ends = (story: Story): Story => {
  for (const task of story.tasks()) {
    if (task.kind === "end-reboot") story.happens({ type: "reboot-ended", site: task.site, outcome: task.outcome });
  }
  return story;
};

describe("rebooting VMs of a site", () => {
  it("is its owner's, and only when something is wrong that a reboot would cure", () => {
    assert.equal(aFederation().running().refusalOf(reboot("beta")), "nothing-to-reboot");
    const story = switchedOff();
    assert.equal(story.refusalOf(reboot("beta", ownerOf("alpha"))), "not-an-owner");
    assert.equal(story.refusalOf(reboot("beta", STRANGER)), "not-an-owner");
    assert.equal(story.refusalOf(reboot("beta")), null);
    assert.equal(story.refusalOf(reboot("gamma")), "nothing-to-reboot");
  });

  it("asks for what each VM needs: one that is off is switched on, a silent one is reset, a stuck one restarts", () => {
    const story = aFederation({ superNodes: 3 }).running();
    const [off, silent, stuck] = story.vms("beta").map(({ vmId }) => vmId);
    assert.ok(off !== undefined && silent !== undefined && stuck !== undefined);
    story.zone("beta").changeVm(off, (vm) => ({ ...vm, state: "poweroff" }));
    story.says("beta", { FL_STAGE: "failed", FL_REASON: "flower-exits" }, 2);
    story.watches("beta", LONG, { silent: new Set([silent]) }).does(reboot("beta"));
    const event = story.recorded.at(-1)?.event;
    assert.deepEqual(
      event?.type === "reboot-asked" ? new Map(event.vms.map((vm) => [vm.vmId, vm.action])) : null,
      new Map([
        [off, "resume"],
        [silent, "reset"],
        [stuck, "restart"],
      ]),
    );
  });

  it("is no cure for what never served: it would fail again in the same way", () => {
    const story = aFederation().trusted().deployed("beta");
    story.says("beta", { FL_STAGE: "failed", FL_REASON: "flower-exits" }).watches("beta", LONG);
    assert.equal(story.refusalOf(reboot("beta")), "nothing-to-reboot");
  });

  it("changes nothing but what the zone is asked: plan, attempt, keys and certificate stay", () => {
    const story = switchedOff();
    const { keys } = story.federation;
    const { attempt, plan } = story.deployment("beta");
    story.does(reboot("beta"));
    assert.deepEqual(story.due(), [`reboot beta ${story.vm("beta").vmId}`]);
    answers(story, "taken");
    assert.deepEqual([story.federation.keys, story.deployment("beta").plan], [keys, plan]);
    assert.deepEqual([story.deployment("beta").attempt, story.site("beta").removals], [attempt, []]);
  });

  it("ends well when nothing is left that it was asked for", () => {
    const story = answers(switchedOff().does(reboot("beta")), "taken");
    assert.deepEqual(story.due(), []);
    becomes(story, "beta", "running");
    assert.deepEqual(story.due(), ["end-reboot beta well"]);
    assert.equal(ends(story).status("beta"), "up");
    assert.equal(story.refusalOf(reboot("beta")), "nothing-to-reboot");
  });

  it("ends at once when the zone takes it for none of the VMs", () => {
    const story = answers(switchedOff().does(reboot("beta")), "wrong-state");
    assert.deepEqual(story.due(), ["end-reboot beta not-taken"]);
  });

  it("ends by time when it has not helped, or when the zone has not answered", () => {
    const inVain = answers(switchedOff().does(reboot("beta")), "taken").passes(21 * MINUTE);
    assert.deepEqual(inVain.due(), ["end-reboot beta no-help"]);
    const unanswered = switchedOff()
      .does(reboot("beta"))
      .passes(21 * MINUTE);
    assert.deepEqual(unanswered.due(), ["end-reboot beta unanswered"]);
  });

  it("is one at a time, three within the hour, and then again later", () => {
    const story = switchedOff();
    for (let nth = 0; nth < 3; nth += 1) {
      story.does(reboot("beta"));
      assert.equal(story.refusalOf(reboot("beta", ownerOf("beta", 2))), "reboot-under-way");
      ends(answers(story, "wrong-state"));
    }
    assert.equal(story.refusalOf(reboot("beta")), "too-many-reboots");
    assert.equal(story.passes(HOUR).refusalOf(reboot("beta")), null);
  });

  it("that is delivered twice is one", () => {
    const story = switchedOff();
    const asked = reboot("beta")(story);
    assert.deepEqual(story.does(asked).decides(asked), { ok: true, events: [] });
  });

  it("is not asked for while the site is to be made anew, its zone cannot be looked at, or all is torn down", () => {
    assert.equal(switchedOff().does(retry("beta")).refusalOf(reboot("beta")), "nothing-to-reboot");
    const away = switchedOff().losesSightOf("beta");
    for (let second = 0; second < LONG; second += 1) away.losesSightOf("beta");
    assert.equal(away.refusalOf(reboot("beta")), "nothing-to-reboot");
    assert.equal(switchedOff().does(askTeardown()).refusalOf(reboot("beta")), "teardown-under-way");
  });

  it("leaves a retry possible: what a reboot has not cured is made anew", () => {
    const story = switchedOff().does(reboot("beta"));
    assert.equal(story.refusalOf(retry("beta")), null);
    story.does(retry("beta")).begins("beta");
    assert.deepEqual(story.deployment("beta").reboots, []);
  });
});

describe("what a reboot can cure", () => {
  it("is never what is wrong with a host, a template, an image, a clock, a key or another zone", () => {
    const cured = CONDITION_CODES.filter(isCuredByReboot);
    assert.deepEqual(cured, [
      "vm-stopped",
      "vm-silent",
      "guest-agent-error",
      "guest-flower-exits",
      "guest-port-taken",
      "guest-own-handshake-failed",
    ]);
    assert.equal(cured.filter(isClaim).length, 4);
  });
});
