/** Ends of tunnels whose keys are changed: what the bot's tasks journal, and what VMs that follow the protocol say. */
import type { SiteName } from "../../src/federation/model/identity.ts";
import { rotationUnderWay } from "../../src/federation/model/rotation.ts";
import type { DeployedVm } from "../../src/federation/model/state.ts";
import { judgeAnnouncement } from "../../src/federation/running/rotation.ts";
import { decodeTunnelPeers, encodeTunnelLinks } from "../../src/guest-protocol/tunnel.ts";
import type { Story } from "./federation.ts";
import { aTunnelKey } from "./tunnel-key.ts";

/** VMs that do not do as they are told. */
export interface Unruly {
  /** By id: what it names as its next key. */
  readonly names?: ReadonlyMap<number, string>;
  /** These do nothing any more. */
  readonly dead?: ReadonlySet<number>;
  /** These have a tunnel and take no other ends. */
  readonly deaf?: ReadonlySet<number>;
}

/** Everything that is due is done before a task of that kind would be. */
export function rotatesUntil(story: Story, kind: ReturnType<Story["tasks"]>[number]["kind"]): Story {
  for (let turn = 0; turn < 40; turn += 1) {
    answers(story, {});
    story.observesAll();
    const tasks = story.tasks();
    if (tasks.some((task) => task.kind === kind)) return story;
    for (const task of tasks) does(story, task);
  }
  throw new Error(`Nothing of the kind ${kind} became due.`);
}

/** Until nothing more follows without time passing: what is due is done, VMs answer, and every zone is looked at. */
export function rotates(story: Story, unruly: Unruly = {}): Story {
  for (let turn = 0, quiet = 0; turn < 40; turn += 1) {
    const { length } = story.recorded;
    answers(story, unruly);
    for (const task of story.tasks()) does(story, task);
    answers(story, unruly);
    story.observesAll();
    // What one turn shows, the next may act on.
    quiet = story.recorded.length === length ? quiet + 1 : 0;
    if (quiet === 2) return story;
  }
  throw new Error("Changing keys comes to no end.");
}

export function does(story: Story, task: ReturnType<Story["tasks"]>[number]): void {
  switch (task.kind) {
    case "tell-tunnel-rotation":
      tells(story, task);
      break;
    case "announce-tunnel-key":
      story.happens(...judgeAnnouncement(story.federation, story.live, task.site, task.vmId));
      break;
    case "switch-tunnel-key":
      switches(story, task);
      break;
    case "end-tunnel-rotation":
      story.happens({ type: "tunnel-rotation-ended", site: task.site, outcome: task.outcome });
      break;
    default:
      story.tunnels();
  }
}

interface At {
  readonly site: SiteName;
  readonly vmId: number;
}

function tells(story: Story, { site, vmId }: At): void {
  const number = rotationUnderWay(story.site(site))?.number ?? 0;
  story.zone(site).says(vmId, { WG_ROTATE: String(number) });
  story.happens({ type: "tunnel-rotation-told", site, vmId, number });
}

function switches(story: Story, { site, vmId }: At): void {
  const key = rotationUnderWay(story.site(site))?.vms.find((vm) => vm.vmId === vmId)?.next ?? "";
  story.happens({ type: "tunnel-switch-intended", site, vmId, key });
  story.zone(site).says(vmId, { WG_SWITCH: key });
  story.happens({ type: "tunnel-switch-delivered", site, vmId, key });
}

function answers(story: Story, unruly: Unruly): void {
  for (const { name, deployment } of story.federation.sites.values()) {
    for (const vm of deployment?.vms.values() ?? []) {
      if (unruly.dead?.has(vm.vmId) !== true) answersOf(story, name, vm, unruly);
    }
  }
}

/** What a VM says to what it was told, as `Tunnel` in the guest's agent does. */
function answersOf(story: Story, zone: SiteName, { vmId }: DeployedVm, { names, deaf, dead }: Unruly): void {
  const at = story.zone(zone);
  const own = at.snapshot(story.context.now).vms.find(({ id }) => id === vmId)?.attributes ?? {};
  const { WG_ROTATE: rotate, WG_SWITCH: taken, WG_PEERS: told = "" } = own;
  if (rotate !== undefined) at.says(vmId, { WG_NEXT_KEY: names?.get(vmId) ?? nextKey(vmId, rotate) });
  if (taken !== undefined && taken === own["WG_NEXT_KEY"]) at.says(vmId, { WG_PUBLIC_KEY: taken });
  const peers = decodeTunnelPeers(told);
  if (!peers.ok || (deaf?.has(vmId) === true && own["WG_LINKS"] !== undefined)) return;
  const isDead = (key: string): boolean => dead?.has(story.federation.tunnelKeys.get(key)?.vmId ?? -1) === true;
  const seen = peers.value.peers.map(({ key, allowed }) => ({
    key,
    age: allowed.length === 0 || isDead(key) ? null : 5,
    rx: 1,
    tx: 1,
    endpoint: null,
    allowed,
    moves: 0,
  }));
  at.says(vmId, { WG_LINKS: encodeTunnelLinks({ peers: seen, knocks: [], strays: [], forged: 0 }) });
}

/** The key that a VM makes when it is told that number. */
export const nextKey = (vmId: number, rotation: string): string => aTunnelKey(`next ${rotation} of ${vmId}`);
