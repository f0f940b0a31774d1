/** What concerns the whole page: its name, the bot, how fast time runs, light or dark. */
import type { JSX } from "preact";
import { SPEEDS } from "../protocol.ts";
import { send } from "./gestures.ts";
import { Icon, type IconName } from "./icons.tsx";
import { choice, choose, connection, machinery } from "./store.ts";

export function TopBar(): JSX.Element {
  const { tour, zonesShown } = choice.value;
  return (
    <header class="top">
      <img class="brand-mark" src="/icon.svg" alt="" />
      <strong class="brand">florist</strong>
      <span class="brand-sub">sandbox</span>
      <span class="spacer" />
      <Health />
      <SpeedChoice />
      <Toggle name="route" label="Tour" on={tour} press={() => choose({ tour: !tour })} />
      <Toggle name="panel" label="Zones" on={zonesShown} press={() => choose({ zonesShown: !zonesShown })} />
      <ThemeButton />
    </header>
  );
}

function Health(): JSX.Element {
  const isLost = connection.value === "lost";
  const { bot } = machinery.value;
  const [tone, words] = isLost
    ? ["bad", "The sandbox has ended or does not answer"]
    : bot === "running"
      ? ["good", "The bot runs"]
      : bot === "starting"
        ? ["warn", "The bot starts again"]
        : ["bad", "The bot has ended"];
  return (
    <span class="health" role="status">
      <span class={`disc ${tone}`} aria-hidden="true" /> {words}
    </span>
  );
}

function SpeedChoice(): JSX.Element {
  const { speed, bot } = machinery.value;
  const speeds = SPEEDS.some((one) => one === speed) ? [...SPEEDS] : [...SPEEDS, speed].sort((a, b) => a - b);
  const change = (chosen: number): void => {
    const known = SPEEDS.find((one) => one === chosen);
    if (known !== undefined) void send({ do: "speed", speed: known });
  };
  return (
    <label
      class="speed"
      title="Divides every wait of Slack, zones and VMs; the bot is started again with durations to match."
    >
      Speed
      <select
        value={String(speed)}
        disabled={bot === "starting"}
        onChange={({ currentTarget }) => change(Number(currentTarget.value))}
      >
        {speeds.map((one) => (
          <option key={one} value={String(one)}>
            {one}×
          </option>
        ))}
      </select>
    </label>
  );
}

interface ToggleProps {
  readonly name: IconName;
  readonly label: string;
  readonly on: boolean;
  readonly press: () => void;
}

const Toggle = ({ name, label, on, press }: ToggleProps): JSX.Element => (
  <button type="button" class="toggle" aria-pressed={on} onClick={press}>
    <Icon name={name} />
    {label}
  </button>
);

const THEMES = { system: "light", light: "dark", dark: "system" } as const;
const THEME_ICONS = { system: "system", light: "sun", dark: "moon" } as const;

function ThemeButton(): JSX.Element {
  const { theme } = choice.value;
  const words = { system: "as the system", light: "light", dark: "dark" }[theme];
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={`Colours: ${words}. Change`}
      title={`Colours: ${words}`}
      onClick={() => choose({ theme: THEMES[theme] })}
    >
      <Icon name={THEME_ICONS[theme]} />
    </button>
  );
}
