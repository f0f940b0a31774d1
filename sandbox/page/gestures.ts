/** Carries out what somebody does on the page, by the control interfaces of the stand-ins. */
import { ControlError } from "../slack/client.ts";
import type { Experience } from "../slack/control/control-api.ts";
import type { CommandWish } from "../zones/control/commands.ts";
import type { Gesture, Outcome } from "./protocol.ts";
import { changeText } from "./template-change.ts";
import type { Training } from "./training.ts";
import type { Watched } from "./watches.ts";

/** How much longer every answer of a slow zone takes. */
const SLOW_MS = 4000;

export interface Reach extends Watched {
  /** Runs everything at another speed; the bot is started again for it. */
  readonly setSpeed: (speed: number) => Promise<void>;
  readonly lookAtGuests: () => Promise<void>;
  readonly training: Pick<Training, "begin">;
  /** Where the control interfaces are, for other programs of this machine. */
  readonly addresses: Readonly<Record<string, string>>;
}

type ZoneGesture = Extract<Gesture, { do: "zone-fault" }>;
type VmGesture = Extract<Gesture, { do: "vm-fault" }>;

export async function carryOut(reach: Reach, gesture: Gesture): Promise<Outcome> {
  try {
    return { ok: true, experience: await experienced(reach, gesture) };
  } catch (error) {
    if (error instanceof ControlError) return { ok: false, why: error.message };
    return { ok: false, why: error instanceof Error ? error.message : String(error) };
  }
}

async function experienced(reach: Reach, gesture: Gesture): Promise<Experience | null> {
  const { slack } = reach;
  switch (gesture.do) {
    case "command":
      return slack.command(gesture.what);
    case "message":
      return slack.message(gesture.what);
    case "mention":
      return slack.mention(gesture.what);
    case "click":
      return slack.click(gesture.what);
    case "fill":
      return slack.fill(gesture.what);
    case "submit":
      return slack.submit(gesture.what);
    case "close":
      return slack.close(gesture.what);
    case "home":
      return slack.home(gesture.what);
    case "zone-fault":
      await hurtZone(reach, gesture);
      return null;
    case "vm-fault":
      await hurtVm(reach, gesture);
      await reach.lookAtGuests();
      return null;
    case "train":
      await reach.training.begin(gesture);
      return null;
    case "speed":
      await reach.setSpeed(gesture.speed);
      return null;
  }
}

async function hurtZone({ zones }: Reach, { zone, fault, on }: ZoneGesture): Promise<void> {
  const order = (command: CommandWish) => zones.command(zone, command);
  switch (fault) {
    case "slow":
      await order(on ? { do: "fault", fault: { kind: "slow", ms: SLOW_MS } } : { do: "clear-faults", kind: "slow" });
      return;
    case "refuse":
      await order(on ? { do: "fault", fault: { kind: "refuse" } } : { do: "clear-faults", kind: "refuse" });
      return;
    case "down":
      await order(on ? { do: "down" } : { do: "up" });
      return;
    case "template": {
      const { zones: all } = await zones.overview(-1, 0);
      for (const template of all.find(({ name }) => name === zone)?.templates ?? []) {
        const text = changeText(template, on);
        if (text !== undefined) await order({ do: "update-template", template: template.id, text });
      }
      return;
    }
  }
}

async function hurtVm({ guests, flapping, zones }: Reach, { zone, vmId, fault, on }: VmGesture): Promise<void> {
  const vm = { zone, vmId };
  switch (fault) {
    case "cut":
      await flapping.end(vm);
      await (on ? guests.cut(vm) : guests.heal(vm));
      return;
    case "flap":
      await (on ? flapping.begin(vm) : flapping.end(vm));
      return;
    case "kill":
      if (on) await guests.kill(vm);
      else await zones.command(zone, { do: "vm-action", vm: vmId, action: "reboot-hard" });
      return;
  }
}
