import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { parse } from "yaml";
import { z } from "zod";
import { EVENT } from "../../src/slack/names.ts";

/** Slack's method data: what a call needs in any kind of channel, public and private. */
const SCOPES_OF_METHODS: Readonly<Record<string, readonly string[]>> = {
  "auth.test": [],
  "chat.postMessage": ["chat:write"],
  "chat.postEphemeral": ["chat:write"],
  "chat.update": ["chat:write"],
  "conversations.info": ["channels:read", "groups:read"],
  "conversations.members": ["channels:read", "groups:read"],
  filesUploadV2: ["files:write"],
  "files.info": ["files:read"],
  "users.info": ["users:read"],
  "views.open": [],
  "views.publish": [],
  "views.push": [],
  "views.update": [],
};
const SCOPES_OF_EVENTS: Readonly<Record<string, readonly string[]>> = {
  [EVENT.mentioned]: ["app_mentions:read"],
  [EVENT.homeOpened]: [],
  [EVENT.renumbered]: ["channels:read", "groups:read"],
  [EVENT.joined]: ["channels:read", "groups:read"],
  [EVENT.shared]: ["channels:read", "groups:read"],
  [EVENT.unshared]: ["channels:read", "groups:read"],
  [EVENT.unarchived]: ["channels:read"],
  [EVENT.privateUnarchived]: ["groups:read"],
};

const url = z.url({ protocol: /^https$/ });
const appManifest = z.strictObject({
  _metadata: z.strictObject({ major_version: z.literal(1), minor_version: z.literal(1) }),
  display_information: z.strictObject({
    name: z.string().max(35),
    description: z.string().max(140),
    background_color: z.string().regex(/^#[0-9a-f]{6}$/),
  }),
  features: z.strictObject({
    app_home: z.strictObject({
      home_tab_enabled: z.literal(true),
      messages_tab_enabled: z.boolean(),
      messages_tab_read_only_enabled: z.boolean(),
    }),
    bot_user: z.strictObject({ display_name: z.string().max(80), always_online: z.boolean() }),
    slash_commands: z.array(
      z.strictObject({
        command: z.string().regex(/^\/[a-z0-9_-]{1,31}$/),
        url: url.optional(),
        description: z.string().max(2000),
        usage_hint: z.string().max(1000),
        should_escape: z.boolean(),
      }),
    ),
  }),
  oauth_config: z.strictObject({ scopes: z.strictObject({ bot: z.array(z.string()) }) }),
  settings: z.strictObject({
    event_subscriptions: z.strictObject({ request_url: url.optional(), bot_events: z.array(z.string()) }),
    interactivity: z.strictObject({ is_enabled: z.literal(true), request_url: url.optional() }),
    org_deploy_enabled: z.boolean(),
    socket_mode_enabled: z.boolean(),
    token_rotation_enabled: z.boolean(),
  }),
});

const root = projectRoot();
const textOf = (name: string): string => readFileSync(join(root, name), "utf8");
const manifestIn = (name: string): z.infer<typeof appManifest> => appManifest.parse(parse(textOf(name)));
const SOCKET = "app-manifest.yml";
const HTTP = "app-manifest.http.yml";

for (const name of [SOCKET, HTTP]) {
  const manifest = manifestIn(name);
  describe(name, () => {
    it("asks for the scopes that the calls and events in the code need, and for no other", () => {
      const needed = new Set(["commands"]);
      for (const method of methodsCalled())
        for (const scope of SCOPES_OF_METHODS[method] ?? [`?${method}`]) needed.add(scope);
      for (const event of Object.values(EVENT)) for (const scope of SCOPES_OF_EVENTS[event] ?? []) needed.add(scope);
      assert.deepEqual([...manifest.oauth_config.scopes.bot].sort(), [...needed].sort());
    });

    it("says of each scope what it is for", () => {
      for (const scope of manifest.oauth_config.scopes.bot)
        assert.match(textOf(name), new RegExp(`^ +- ${scope} # .{10,}$`, "m"), scope);
    });

    it("subscribes to the events that the code listens to, and to no other", () => {
      assert.deepEqual([...manifest.settings.event_subscriptions.bot_events].sort(), Object.values(EVENT).sort());
    });

    it("has the one slash command that the bot has unless it is told otherwise", () => {
      assert.deepEqual(
        manifest.features.slash_commands.map(({ command }) => command),
        ["/flower"],
      );
    });
  });
}

describe("The two manifests", () => {
  it("differ in nothing but how Slack reaches the bot", () => {
    const { features, settings, ...rest } = manifestIn(HTTP);
    const withoutAddresses = {
      ...rest,
      features: { ...features, slash_commands: features.slash_commands.map(({ url: _url, ...command }) => command) },
      settings: {
        ...settings,
        event_subscriptions: { bot_events: settings.event_subscriptions.bot_events },
        interactivity: { is_enabled: true },
        socket_mode_enabled: true,
      },
    };
    assert.deepEqual(withoutAddresses, manifestIn(SOCKET));
  });

  it("send everything to the same place over HTTP, and name none in Socket Mode", () => {
    const placesOf = (name: string) => {
      const { features, settings } = manifestIn(name);
      return [
        features.slash_commands[0]?.url,
        settings.event_subscriptions.request_url,
        settings.interactivity.request_url,
      ];
    };
    const [place, ...others] = placesOf(HTTP);
    assert.match(place ?? "", /\/slack\/events$/);
    assert.deepEqual(others, [place, place]);
    assert.deepEqual(placesOf(SOCKET), [undefined, undefined, undefined]);
    assert.equal(manifestIn(HTTP).settings.socket_mode_enabled, false);
  });
});

/** Every Web API method that the Slack side's sources call. */
function methodsCalled(): ReadonlySet<string> {
  const folder = join(root, "src", "slack");
  const sources = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const calls = sources.flatMap((name) => [
    ...readFileSync(join(folder, name), "utf8").matchAll(/\bslack\s*\.\s*((?:\w+\s*\.\s*)?\w+)\(/g),
  ]);
  const methods = new Set(calls.map((call) => (call[1] ?? "").replaceAll(/\s/g, "")));
  assert.ok(methods.has("chat.postMessage"), "no call was found in the sources");
  return methods;
}

function projectRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "app-manifest.yml"))) folder = dirname(folder);
  return folder;
}
