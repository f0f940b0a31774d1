/** The page beside a running sandbox: a Slack to use, the zones to hurt, and the picture of what runs. */
import { join } from "node:path";
import { PUBLISHED } from "../../src/guest-protocol/names.ts";
import { GuestsClient } from "../hypervisor/client.ts";
import { slackControl } from "../slack/client.ts";
import { ZonesControl } from "../zones/client.ts";
import { readAssets } from "./assets.ts";
import { Flapping } from "./flapping.ts";
import type { Machinery } from "./protocol.ts";
import { Scene } from "./scene.ts";
import { type PageServer, servePage } from "./server.ts";
import { type StartRun, Training } from "./training.ts";
import { Watches } from "./watches.ts";

/** A link that flaps changes so often at speed 1. */
const FLAP_MS = 6000;

export interface PageOptions {
  readonly slackControl: string;
  readonly zonesControl: string;
  readonly guests: { readonly url: string; readonly token: string };
  readonly real: boolean;
  readonly speed: number;
  /** Runs stand-ins and bot at another speed; resolves when they do. */
  readonly setSpeed: (speed: number) => Promise<void>;
  /** Starts a run of Flower; null where guests cannot train. */
  readonly startRun: StartRun | null;
  /** 0 takes a free one. */
  readonly port: number;
}

export async function startPage(options: PageOptions): Promise<PageServer> {
  const life = new AbortController();
  const slack = slackControl(options.slackControl);
  const zones = new ZonesControl(options.zonesControl);
  const guests = new GuestsClient(options.guests);
  const scene = new Scene(await slack.world());
  let machinery: Machinery = { speed: options.speed, real: options.real, bot: "running" };
  const setMachinery = (change: Partial<Machinery>): void => {
    machinery = { ...machinery, ...change };
    scene.take("machinery", machinery);
  };
  setMachinery({});
  const flapping = new Flapping(guests, () => FLAP_MS / machinery.speed);
  const watched = { slack, zones, guests, flapping };
  const watches = new Watches(watched, scene, life.signal);
  await watches.begin();
  const reach = {
    ...watched,
    addresses: { slackControl: options.slackControl, zonesControl: options.zonesControl, guests: options.guests.url },
    lookAtGuests: () => watches.lookAtGuests(),
    training: new Training({
      nodesSeen: async ({ zone, vmId }) =>
        (await zones.zone(zone)).vms.find(({ id }) => id === vmId)?.userTemplate[PUBLISHED.nodes],
      start: options.startRun,
      show: (training) => scene.take("training", training),
    }),
    setSpeed: async (speed: number) => {
      setMachinery({ speed, bot: "starting" });
      try {
        await options.setSpeed(speed);
        setMachinery({ bot: "running" });
      } catch (error) {
        setMachinery({ bot: "ended" });
        throw error;
      }
    },
  };
  const server = await servePage(scene, reach, await readAssets(join(import.meta.dirname, "client")), options.port);
  return {
    url: server.url,
    close: async () => {
      life.abort();
      flapping.stop();
      await server.close();
    },
  };
}
