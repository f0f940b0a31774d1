/** What people read of tunnels, and where. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { deploySiteForm, EMPTY_FORM, readForm } from "../../../src/slack/blocks/modals/deploy-site-form.ts";
import { statusAnswer } from "../../../src/slack/blocks/status.ts";
import type { DesiredMessage } from "../../../src/slack/message.ts";
import { messagesOf } from "../../../src/slack/projection/projection.ts";
import { retire, rotateTunnelKeys } from "../../builders/commands.ts";
import { channelOf, HOME_CHANNEL, zone } from "../../builders/decision-context.ts";
import { aFederation, type Story } from "../../builders/federation.ts";
import { aTunnelKey } from "../../builders/tunnel-key.ts";
import { phase, roomy, TUNNELS } from "../phases.ts";

const tunnelled = (): Story => aFederation({ context: roomy(), crossing: TUNNELS });

const messages = ({ federation, context }: Story): readonly DesiredMessage[] =>
  messagesOf(federation, { directory: context, planBlock: false });

const shownIn = (story: Story, channel: string): string =>
  JSON.stringify(messages(story).filter((message) => message.channel === channel));

const configurationIn = (story: Story, name: string): string =>
  JSON.stringify(
    messages(story).filter(({ key, channel }) => key.startsWith(`tunnel/${name}/`) && channel === channelOf(name)),
  );

describe("an approval card", () => {
  it("says how traffic crosses, and what that needs from the zone", () => {
    const story = tunnelled().planned();
    const hub = shownIn(story, channelOf("alpha"));
    assert.match(hub, /It crosses by WireGuard: this VM is the hub/);
    assert.match(hub, /UDP that is sent to `hub\.example\.org:51820` has to reach UDP port 51820 of this VM/);
    const site = shownIn(story, channelOf("gamma"));
    assert.match(site, /The VMs may send UDP to `hub\.example\.org:51820`/);
    assert.match(site, /Inside the tunnels the VMs have 10\.99\.0\.5, 10\.99\.0\.7, MTU 1420/);
    assert.match(site, /dials `10\.99\.0\.0:9092` through it, over TLS/);
  });

  it("shows another MTU as the one difference when the zone's network has changed", () => {
    const story = tunnelled().approved();
    story.shows("beta", (usual) => ({
      ...usual,
      network: usual.network.found ? { ...usual.network, guestMtu: 1450 } : usual.network,
    }));
    story.trusted().begins("beta");
    assert.match(shownIn(story, channelOf("beta")), /pairs 0 to 1 of 10\.99\.0\.0\/23, MTU 1420` → `[^`]*MTU 1370`/);
  });
});

describe("a zone's WireGuard configuration", () => {
  it("stands in that zone's channel only, with its own keys, and the hub's with every end's", () => {
    const story = tunnelled().running();
    const keys = (name: string): readonly string[] => story.vms(name).map(({ tunnelKey }) => tunnelKey ?? "none");
    const [hub = ""] = keys("alpha");
    for (const [name, others] of [
      ["beta", "gamma"],
      ["gamma", "beta"],
    ] as const) {
      const shown = configurationIn(story, name);
      for (const key of [...keys(name), hub]) assert.ok(shown.includes(key), `${name} reads ${key}`);
      for (const key of keys(others)) assert.ok(!shownIn(story, channelOf(name)).includes(key));
    }
    for (const key of [hub, ...keys("beta"), ...keys("gamma")]) {
      assert.ok(configurationIn(story, "alpha").includes(key));
      assert.ok(!shownIn(story, HOME_CHANNEL).includes(key));
    }
  });

  it("is rewritten when an end goes, and names no private key", () => {
    const story = tunnelled().running();
    const leaving = story.vm("gamma").tunnelKey ?? "none";
    assert.ok(configurationIn(story, "alpha").includes(leaving));
    story.does(retire("gamma"));
    assert.ok(!configurationIn(story, "alpha").includes(leaving));
    assert.ok(!configurationIn(story, "alpha").includes("PrivateKey"));
  });

  it("is given to a zone's router in that zone only, without a private key, and says what the router does for the VMs", () => {
    const story = phase("waiting for a router's key");
    const shown = shownIn(story, channelOf("gamma"));
    const hub = story.vm("alpha").tunnelKey ?? "none";
    for (const words of [
      "Address = 10.99.0.5/31",
      "MTU = 1420",
      `PublicKey = ${hub}`,
      "Endpoint = hub.example.org:51820",
      "AllowedIPs = 10.99.0.0/32",
      "masquerade",
      "tcp option maxseg size set 1380",
      "Give the router's key",
    ]) {
      assert.ok(shown.includes(words), words);
    }
    assert.doesNotMatch(shown, /PrivateKey = [A-Za-z0-9+/]{20}/);
    for (const channel of [HOME_CHANNEL, channelOf("beta")]) assert.ok(!shownIn(story, channel).includes("masquerade"));
    const key = aTunnelKey("gamma's router");
    assert.ok(
      configurationIn(phase("running with a router"), "alpha").includes(key),
      "and the hub's zone reads its key",
    );
  });

  it("is given to a zone's router as files, too", () => {
    const story = phase("waiting for a router's key");
    const files = () => messages(story).flatMap((message) => (message.kind === "file" ? [message] : []));
    const routers = () => files().filter(({ key }) => key.startsWith("router-file/gamma/"));
    const [device, rules] = routers();
    assert.ok(device !== undefined && rules !== undefined);
    assert.deepEqual(
      [device, rules].map(({ name }) => name.replace(/^.*-router/, "")),
      [".conf", ".nft"],
    );
    for (const { channel, content } of [device, rules]) {
      assert.equal(channel, channelOf("gamma"));
      for (const line of content.trimEnd().split("\n")) {
        assert.ok(shownIn(story, channelOf("gamma")).includes(JSON.stringify(line).slice(1, -1)), line);
      }
    }
    assert.equal(files().filter(({ content }) => /wg genkey|masquerade/.test(content)).length, 2);
  });

  it("is not there without tunnels", () => {
    const story = aFederation({ context: roomy() }).running();
    assert.deepEqual(
      messages(story).filter(({ key }) => key.startsWith("tunnel/")),
      [],
    );
  });
});

describe("the card of what runs", () => {
  it("says which ends of tunnels there are", () => {
    const story = tunnelled().running();
    assert.match(shownIn(story, channelOf("alpha")), /WireGuard: the hub of 4 tunnels\./);
    assert.match(shownIn(story, channelOf("beta")), /WireGuard: 2 of 2 SuperNodes with a tunnel's key\./);
    assert.doesNotMatch(shownIn(aFederation({ context: roomy() }).running(), channelOf("beta")), /WireGuard/);
  });
});

describe("changing tunnel keys", () => {
  const BUTTON = /Change tunnel keys/;

  it("can be asked for on the card of what runs, at either end, while nothing of the kind is under way", () => {
    const story = tunnelled().trusted();
    assert.doesNotMatch(shownIn(story, channelOf("beta")), BUTTON);
    story.running();
    for (const name of ["alpha", "beta"]) assert.match(shownIn(story, channelOf(name)), BUTTON);
    story.does(rotateTunnelKeys("beta"));
    assert.doesNotMatch(shownIn(story, channelOf("beta")), BUTTON);
    assert.match(shownIn(story, channelOf("beta")), /Its tunnel keys are being changed/);
    assert.match(shownIn(story, HOME_CHANNEL), /has the tunnel keys of \*[^*]*beta[^*]*\* changed\. Traffic goes on/);
    assert.match(shownIn(story, channelOf("gamma")), BUTTON);
  });

  it("is not offered without tunnels", () => {
    assert.doesNotMatch(JSON.stringify(messages(aFederation({ context: roomy() }).running())), BUTTON);
  });

  it("tells the owners what is left to do where it has not come to an end, and nothing more where it has", () => {
    const ended = (outcome: "changed" | "partly" | "not-changed"): Story =>
      tunnelled()
        .running()
        .does(rotateTunnelKeys("beta"))
        .happens({ type: "tunnel-rotation-ended", site: zone("beta"), outcome });
    for (const outcome of ["partly", "not-changed"] as const) {
      assert.match(shownIn(ended(outcome), channelOf("beta")), /then change the keys again/);
    }
    assert.doesNotMatch(shownIn(ended("changed"), channelOf("beta")), /change the keys again/);
    assert.match(shownIn(ended("changed"), HOME_CHANNEL), /the old ones count no more/);
  });
});

describe("a refused tunnel key", () => {
  it("is told in the thread, and to the owners with the VM", () => {
    const story = tunnelled().running();
    story
      .showsTunnelKey("beta", 1, `gamma/${story.vm("gamma").vmId}`)
      .observes("beta")
      .tunnels();
    for (const channel of [HOME_CHANNEL, channelOf("beta"), channelOf("gamma")]) {
      assert.match(shownIn(story, channel), /Two VMs published the same tunnel key, so neither has a tunnel/, channel);
    }
  });
});

describe("the answer to status", () => {
  const state = (site: string, vmId: number, age: number | null) => ({
    site: zone(site),
    vmId,
    age,
    isAlive: age !== null && age < 180,
  });
  const linesOf = (...states: Parameters<typeof statusAnswer>[2] & object): string => {
    const { federation, context } = tunnelled().running();
    return JSON.stringify(statusAnswer(federation, context, states).blocks);
  };

  it("shows each site's tunnels, in words that do not change from second to second", () => {
    const well = linesOf(state("beta", 11, 5), state("beta", 12, 130), state("gamma", 21, 8));
    assert.match(well, /Beta Institute[^\n]*: 2 tunnels, each with a handshake in the last three minutes/);
    assert.equal(linesOf(state("beta", 11, 9), state("beta", 12, 131), state("gamma", 21, 7)), well);
  });

  it("names those that are silent, and for how long", () => {
    const lines = linesOf(
      state("beta", 11, 5),
      state("beta", 12, 400),
      state("gamma", 21, null),
      state("gamma", 22, 90_000),
    );
    assert.match(lines, /1 of 2 tunnels without a handshake now: VM 12 had its last 6 minutes ago/);
    assert.match(lines, /2 of 2 tunnels without a handshake now: VM 21 has had none, VM 22 had its last 1 day ago/);
  });

  it("says nothing of tunnels where there are none", () => {
    assert.doesNotMatch(linesOf(), /WireGuard tunnels/);
  });
});

describe("the form", () => {
  const setting = { channel: HOME_CHANNEL, sites: roomy().sites, running: [] };
  const fieldsOf = (form: typeof EMPTY_FORM): readonly string[] =>
    deploySiteForm(form, setting).blocks.flatMap(({ block_id: id }) => (id === undefined ? [] : [id]));

  it("asks for the hub and the range where traffic crosses by WireGuard, and else for the address", () => {
    const tunnel = fieldsOf({ ...EMPTY_FORM, crossing: "wireguard" });
    assert.ok(tunnel.includes("hub") && tunnel.includes("range"));
    assert.ok(!tunnel.includes("port") && !tunnel.includes("addressKind"));
    const address = fieldsOf(EMPTY_FORM);
    assert.ok(!address.includes("hub") && address.includes("addressKind") && address.includes("port"));
  });

  it("reads back what was typed", () => {
    const values = {
      crossing: { chosen: { type: "radio_buttons", selected_option: { value: "wireguard" } } },
      hub: { typed: { type: "plain_text_input", value: "203.0.113.9:5000" } },
      range: { typed: { type: "plain_text_input", value: null } },
    };
    const { crossing, hub, range } = readForm(values);
    assert.deepEqual({ crossing, hub, range }, { crossing: "wireguard", hub: "203.0.113.9:5000", range: "" });
  });
});
