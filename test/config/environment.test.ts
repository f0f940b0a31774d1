import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { readFileFromDisk } from "../../src/config/file-reader.ts";
import { describeMistakes, loadConfiguration } from "../../src/config/load-configuration.ts";
import type { Mistake } from "../../src/config/mistake.ts";
import { ENVIRONMENT, FILES, filesOf } from "./sample.ts";

type Changes = Readonly<Record<string, string | undefined>>;

async function load(changes: Changes, files: Parameters<typeof filesOf>[0] = {}) {
  return loadConfiguration({ environment: { ...ENVIRONMENT, ...changes }, readFile: filesOf({ ...FILES, ...files }) });
}

async function mistakesOf(changes: Changes, files: Parameters<typeof filesOf>[0] = {}): Promise<readonly Mistake[]> {
  const loaded = await load(changes, files);
  return loaded.ok ? [] : loaded.mistakes;
}

const CASES: readonly (readonly [name: string, changes: Changes, where: string, problem: RegExp, remedy: RegExp])[] = [
  ["a port that is none", { FLORIST_PORT: "70000" }, "FLORIST_PORT", /no port/, /0 to 65535/],
  ["a command without its slash", { FLORIST_COMMAND: "flower" }, "FLORIST_COMMAND", /no command/, /\/flower/],
  ["a log level that is none", { FLORIST_LOG_LEVEL: "loud" }, "FLORIST_LOG_LEVEL", /"loud"/, /debug/],
  ["a transport that is none", { FLORIST_TRANSPORT: "pigeon" }, "FLORIST_TRANSPORT", /"pigeon"/, /socket .* or http/],
  ["an API address without TLS", { SLACK_API_URL: "http://slack.example/api" }, "SLACK_API_URL", /TLS/, /https/],
  ["no bot token", { SLACK_BOT_TOKEN: undefined }, "SLACK_BOT_TOKEN", /not set/, /xoxb-.*SLACK_BOT_TOKEN_FILE/],
  ["an empty bot token", { SLACK_BOT_TOKEN: "" }, "SLACK_BOT_TOKEN", /not set/, /xoxb-/],
  ["a token of another kind", { SLACK_BOT_TOKEN: "xoxp-person" }, "SLACK_BOT_TOKEN", /another form/, /xoxb-/],
  [
    "HTTP without the signing secret",
    { FLORIST_TRANSPORT: "http" },
    "SLACK_SIGNING_SECRET",
    /not set/,
    /Basic Information.*FLORIST_TRANSPORT=socket/,
  ],
  [
    "no app-level token",
    { SLACK_APP_TOKEN: undefined },
    "SLACK_APP_TOKEN",
    /not set/,
    /connections:write.*FLORIST_TRANSPORT=http/,
  ],
  ["a bot token for the app-level one", { SLACK_APP_TOKEN: "xoxb-x" }, "SLACK_APP_TOKEN", /another form/, /xapp-/],
  ["no key", { FLORIST_KEY: undefined }, "FLORIST_KEY", /not set/, /openssl rand -hex 32/],
  ["a short key", { FLORIST_KEY: "abcd" }, "FLORIST_KEY", /32 bytes/, /openssl rand -hex 32/],
  ["a misspelt variable", { FLORIST_DATA_DIR: "x" }, "FLORIST_DATA_DIR", /not known/, /FLORIST_DATA_DIRECTORY/],
  ["a variable of no use", { FLORIST_COLOUR: "blue" }, "FLORIST_COLOUR", /not known/, /Unset it/],
  ["a secret given twice", { FLORIST_KEY_FILE: "key" }, "FLORIST_KEY", /given twice/, /Unset one/],
  [
    "a secret's file that is not there",
    { FLORIST_KEY: undefined, FLORIST_KEY_FILE: "nowhere" },
    "FLORIST_KEY_FILE",
    /nowhere, which cannot be read/,
    /mode 600/,
  ],
];

suite("A mistake in the environment names its variable and what to do:", () => {
  for (const [name, changes, where, problem, remedy] of CASES) {
    test(name, async () => {
      const [mistake, ...others] = await mistakesOf(changes);
      assert.equal(mistake?.where, `environment: ${where}`);
      assert.match(mistake.problem, problem);
      assert.match(mistake.remedy, remedy);
      assert.deepEqual(others, []);
    });
  }
});

suite("The environment", () => {
  test("has its mistakes told together with those of the zones file", async () => {
    const mistakes = await mistakesOf(
      { FLORIST_PORT: "x", SLACK_BOT_TOKEN: undefined, FLORIST_KEY: "short", FLORIST_ZONE_FILE: "x" },
      { "zones.yml": "zones: []\n" },
    );
    const places = mistakes.map(({ where }) => where);
    assert.deepEqual(places, [
      "environment: FLORIST_PORT",
      "environment: SLACK_BOT_TOKEN",
      "environment: FLORIST_KEY",
      "zones.yml:1: zones",
      "zones.yml: requesters",
      "environment: FLORIST_ZONE_FILE",
    ]);
  });

  test("means Socket Mode unless it says HTTP, and asks each for its own secret only", async () => {
    const socket = await load({});
    assert.equal(socket.ok && socket.configuration.slack.delivery.kind, "socket");
    const http = await load({
      FLORIST_TRANSPORT: "http",
      SLACK_APP_TOKEN: undefined,
      SLACK_SIGNING_SECRET: "signing-secret-sample",
    });
    assert.equal(http.ok && http.configuration.slack.delivery.kind, "http");
  });

  test("may hold a zone's password under a name that begins like the bot's own", async () => {
    const zones = FILES["zones.yml"].replace("ZONE_A_PASSWORD", "FLORIST_ZONE_A");
    assert.deepEqual(await mistakesOf({ FLORIST_ZONE_A: "a password" }, { "zones.yml": zones }), []);
  });

  test("may name a file for every secret", async () => {
    const files = { bot: "xoxb-filed\n", app: "xapp-filed", key: "00".repeat(32) };
    const loaded = await load(
      {
        SLACK_BOT_TOKEN: undefined,
        SLACK_BOT_TOKEN_FILE: "bot",
        SLACK_APP_TOKEN: undefined,
        SLACK_APP_TOKEN_FILE: "app",
        FLORIST_KEY: undefined,
        FLORIST_KEY_FILE: "key",
      },
      files,
    );
    assert.equal(loaded.ok && loaded.configuration.slack.botToken.reveal(), "xoxb-filed");
  });

  test("never has a secret repeated in what is said about it", async () => {
    const mistakes = await mistakesOf({
      SLACK_BOT_TOKEN: "hunter2",
      SLACK_APP_TOKEN: "h2",
      FLORIST_KEY: "hunter2",
    });
    assert.equal(mistakes.length, 3);
    assert.doesNotMatch(JSON.stringify(mistakes), /hunter2|"h2"/);
  });
});

suite("What a person reads when the bot does not start", () => {
  test("counts the mistakes and gives each its place and remedy", async () => {
    const mistakes = [
      { where: "zones.yml:3: zones.zone-a", problem: "offers neither role", remedy: "Add one." },
      { where: "environment: FLORIST_KEY", problem: "is not set", remedy: "Set it." },
    ];
    assert.equal(
      describeMistakes(mistakes),
      [
        "florist does not start: there are 2 mistakes in its configuration.",
        "- zones.yml:3: zones.zone-a offers neither role.\n  Add one.",
        "- environment: FLORIST_KEY is not set.\n  Set it.",
      ].join("\n"),
    );
  });
});

suite("A file on disk", () => {
  test("tells whether others may read it, and why it cannot be read or understood", (context) => {
    const directory = mkdtempSync(join(tmpdir(), "florist-config-"));
    context.after(() => rmSync(directory, { recursive: true }));
    const path = join(directory, "secret");
    writeFileSync(path, "text");
    for (const [mode, openToOthers] of [
      [0o600, false],
      [0o400, false],
      [0o640, true],
      [0o604, true],
    ] as const) {
      chmodSync(path, mode);
      assert.deepEqual(readFileFromDisk(path), { ok: true, text: "text", openToOthers });
    }
    chmodSync(path, 0o600);
    for (const bytes of [Buffer.from("gr\xfcn\n", "latin1"), Buffer.from("\ufeffgr\xfcn", "utf16le")]) {
      writeFileSync(path, bytes);
      assert.deepEqual(readFileFromDisk(path), {
        ok: false,
        problem: "is no UTF-8 text: it was saved in another encoding",
        remedy: "Save it anew as UTF-8; editors offer that as the encoding.",
      });
    }
    const missing = readFileFromDisk(join(directory, "nothing"));
    assert.match(missing.ok ? "" : missing.problem, /there is no such file/);
  });
});
