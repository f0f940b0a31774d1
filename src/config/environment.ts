/** The environment's part of the configuration. Every secret may also come from a file, as `NAME_FILE`. */
import type { KeyObject } from "node:crypto";
import { z } from "zod";
import type { Secret } from "../secret.ts";
import { parseStoreKey } from "../trust/key-store.ts";
import { readUrl } from "./address.ts";
import { LOG_LEVELS, type LogLevel, type SlackAccess } from "./configuration.ts";
import type { ReadFile } from "./file-reader.ts";
import type { Finding, Mistake, Outcome } from "./mistake.ts";
import { nearest } from "./nearest.ts";
import { type Environment, secretFromFile, secretFromVariable, variable } from "./secret-source.ts";
import { findings, type Reading, readText } from "./shape.ts";

export interface EnvironmentPart {
  readonly zonesFile: string;
  readonly dataDirectory: string;
  readonly health: { readonly host: string; readonly port: number } | null;
  readonly logLevel: LogLevel;
  readonly slack: SlackAccess;
  readonly storeKey: KeyObject;
}

const name = (fallback: string) => z.string().default(fallback);

const readPort = (written: string): Reading<number> =>
  /^\d{1,5}$/.test(written) && Number(written) <= 65_535
    ? { ok: true, value: Number(written) }
    : { ok: false, problem: `is "${written}", which is no port` };

const readPortOrOff = (written: string): Reading<number | null> =>
  written === "off" ? { ok: true, value: null } : readPort(written);

const readCommand = (written: string): Reading<string> =>
  /^\/[a-z0-9_-]{1,31}$/.test(written)
    ? { ok: true, value: written }
    : { ok: false, problem: `is "${written}", which Slack takes for no command` };

/** The variables that hold no secret. */
const settings = z.object({
  FLORIST_ZONES_FILE: name("zones.yml"),
  FLORIST_DATA_DIRECTORY: name("data"),
  FLORIST_HOST: name("127.0.0.1"),
  FLORIST_PORT: readText("Give a port from 0 to 65535; 0 takes any free one.", readPort).prefault("3000"),
  FLORIST_COMMAND: readText(
    "Give a slash and lower-case letters, digits, - or _, such as /flower, as the app's manifest has it.",
    readCommand,
  ).prefault("/flower"),
  FLORIST_HEALTH_HOST: name("127.0.0.1"),
  FLORIST_HEALTH_PORT: readText("Give a port from 0 to 65535, usually 9464, or off.", readPortOrOff).prefault("off"),
  FLORIST_LOG_LEVEL: z.enum(LOG_LEVELS, { error: `Give one of ${LOG_LEVELS.join(", ")}.` }).default("info"),
  FLORIST_TRANSPORT: z
    .enum(["socket", "http"], {
      error: "Give socket (the bot connects to Slack) or http (Slack connects to the bot, through a proxy with TLS).",
    })
    .default("socket"),
  SLACK_API_URL: readText("Give the base of Slack's Web API, usually https://slack.com/api/.", readUrl).prefault(
    "https://slack.com/api/",
  ),
});
type SettingName = keyof typeof settings.shape;

interface SecretSetting {
  readonly form: RegExp;
  readonly remedy: string;
}

const SECRETS = {
  SLACK_BOT_TOKEN: {
    form: /^xoxb-\S+$/,
    remedy: "Give the bot token (xoxb-…) that the app's page “OAuth & Permissions” shows after installing.",
  },
  SLACK_SIGNING_SECRET: {
    form: /^\S{8,}$/,
    remedy:
      "Give the signing secret that the app's page “Basic Information” shows, or set FLORIST_TRANSPORT=socket, which needs none.",
  },
  SLACK_APP_TOKEN: {
    form: /^xapp-\S+$/,
    remedy:
      "Give an app-level token (xapp-…) with the scope connections:write, which the app's page “Basic Information” generates, or set FLORIST_TRANSPORT=http.",
  },
  FLORIST_KEY: {
    form: /^\S+$/,
    remedy:
      "Give 32 random bytes in hexadecimal or base64, such as `openssl rand -hex 32` makes, and keep a copy safe.",
  },
} as const satisfies Record<string, SecretSetting>;
type SecretName = keyof typeof SECRETS;

const SETTING_NAMES = Object.keys(settings.shape);
const SECRET_NAMES = Object.keys(SECRETS).flatMap((secret) => [secret, `${secret}_FILE`]);

/** Every variable that the bot reads, apart from those the zones file names. */
export const VARIABLES: readonly string[] = [...SETTING_NAMES, ...SECRET_NAMES];

const placed = ({ path, problem, remedy }: Finding): Mistake => ({
  where: `environment: ${path.map(String).join(".")}`,
  problem,
  remedy,
});

const mistaken = (variableName: string, problem: string, remedy: string): Mistake =>
  placed({ path: [variableName], problem, remedy });

export function readEnvironment(environment: Environment, readFile: ReadFile): Outcome<EnvironmentPart> {
  const plain = Object.fromEntries(SETTING_NAMES.map((setting) => [setting, variable(environment, setting)]));
  const parsed = settings.safeParse(plain);
  const socket = plain["FLORIST_TRANSPORT" satisfies SettingName] !== "http";
  const secret = (secretName: SecretName): Outcome<Secret> => readSecret(secretName, environment, readFile);
  const botToken = secret("SLACK_BOT_TOKEN");
  const delivery = secret(socket ? "SLACK_APP_TOKEN" : "SLACK_SIGNING_SECRET");
  const storeKey = asStoreKey(secret("FLORIST_KEY"));
  if (!parsed.success || !botToken.ok || !delivery.ok || !storeKey.ok) {
    const ofSettings = parsed.success ? [] : findings(parsed.error, plain).map(placed);
    const ofSecrets = [botToken, delivery, storeKey].flatMap((outcome) => (outcome.ok ? [] : outcome.mistakes));
    return { ok: false, mistakes: [...ofSettings, ...ofSecrets] };
  }
  const { FLORIST_HOST: host, FLORIST_PORT: port } = parsed.data;
  const { FLORIST_HEALTH_HOST: healthHost, FLORIST_HEALTH_PORT: healthPort } = parsed.data;
  return {
    ok: true,
    value: {
      zonesFile: parsed.data.FLORIST_ZONES_FILE,
      dataDirectory: parsed.data.FLORIST_DATA_DIRECTORY,
      health: healthPort === null ? null : { host: healthHost, port: healthPort },
      logLevel: parsed.data.FLORIST_LOG_LEVEL,
      storeKey: storeKey.value,
      slack: {
        botToken: botToken.value,
        delivery: socket
          ? { kind: "socket", appToken: delivery.value }
          : { kind: "http", signingSecret: delivery.value, host, port },
        apiUrl: parsed.data.SLACK_API_URL,
        command: parsed.data.FLORIST_COMMAND,
      },
    },
  };
}

/** Where the zones file is, whatever else is wrong with the environment. */
export const zonesFilePath = (environment: Environment): string =>
  settings.shape.FLORIST_ZONES_FILE.parse(variable(environment, "FLORIST_ZONES_FILE" satisfies SettingName));

function readSecret(secretName: SecretName, environment: Environment, readFile: ReadFile): Outcome<Secret> {
  const { form, remedy } = SECRETS[secretName];
  const wrong = (where: string, problem: string, toDo: string = remedy): Outcome<Secret> => ({
    ok: false,
    mistakes: [mistaken(where, problem, toDo)],
  });
  const fileVariable = `${secretName}_FILE`;
  const path = variable(environment, fileVariable);
  const given = variable(environment, secretName) !== undefined;
  if (path === undefined && !given)
    return wrong(secretName, "is not set", `${remedy} Or name its file in ${fileVariable}.`);
  if (path !== undefined && given) {
    return wrong(secretName, `is given twice: also by ${fileVariable}`, "Unset one of the two.");
  }
  const where = path === undefined ? secretName : fileVariable;
  const reading = path === undefined ? secretFromVariable(environment, secretName) : secretFromFile(readFile, path);
  if (!reading.ok) return wrong(where, reading.problem, reading.remedy);
  return form.test(reading.value.reveal()) ? reading : wrong(where, "has another form than this secret has");
}

function asStoreKey(text: Outcome<Secret>): Outcome<KeyObject> {
  if (!text.ok) return text;
  const value = parseStoreKey(text.value);
  const { remedy } = SECRETS.FLORIST_KEY;
  return value === undefined
    ? { ok: false, mistakes: [mistaken("FLORIST_KEY", "does not hold 32 bytes in hexadecimal or base64", remedy)] }
    : { ok: true, value };
}

/** Letters in which one name of a variable is taken for another. */
const MISTYPED = 2;

/**
 * Misspelt variables would otherwise be passed over in silence. `others` are those that the zones file names; null when
 * it cannot be told which these are, and then only what is as good as one of the bot's own is a mistake of its own.
 */
export function unknownVariables(environment: Environment, others: ReadonlySet<string> | null): readonly Mistake[] {
  return Object.keys(environment)
    .filter((key) => key.startsWith("FLORIST_") && !VARIABLES.includes(key) && others?.has(key) !== true)
    .filter((key) => others !== null || nearest(key, VARIABLES, MISTYPED) !== undefined)
    .map((key) => {
      const meant = nearest(key, VARIABLES, MISTYPED);
      return mistaken(
        key,
        "is not known",
        meant === undefined
          ? "Unset it; docs/configuration.md lists the variables."
          : `Did you mean ${meant}? Otherwise unset it.`,
      );
    });
}
