import { test } from "node:test";
import { type Lab, type LabWish, startLab } from "./lab.ts";
import { type Recording, recorded, replay, send } from "./recorded-call.ts";

interface Elsewhere {
  readonly port?: number;
  readonly path?: string;
  readonly headers?: Record<string, string>;
}

/** A lab with the verbs in which the replays are told. Ids in the lab are those of the recordings. */
export class Story {
  readonly lab: Lab;

  constructor(lab: Lab) {
    this.lab = lab;
  }

  /** Replays in that order; the first answer that differs fails the test. */
  async replays(prefix: "xmlrpc" | "oneflow", ...names: string[]): Promise<void> {
    for (const name of names) await replay(this.lab, `${prefix}.${name}`);
  }

  /** Sends a recorded request for its effect alone, perhaps to another zone or another path, or as somebody else. */
  async sends(name: string, change: (body: string) => string = (body) => body, other: Elsewhere = {}): Promise<void> {
    const call: Recording = recorded(name);
    const { request } = call;
    const sent = { ...request, path: other.path ?? request.path, body: change(request.body ?? "") };
    await send(this.lab, { ...call, zone_port: other.port ?? call.zone_port, request: sent }, other.headers);
  }

  /** Makes a VM of a template as the bot's user. */
  async makesVm(templateId: number, name: string, port?: number): Promise<void> {
    const wish = (body: string) =>
      body
        .replace("<int>0</int>", `<int>${templateId}</int>`)
        .replace("<string>held</string>", `<string>${name}</string>`)
        .replace("<boolean>1</boolean>", "<boolean>0</boolean>");
    await this.sends("xmlrpc.template.instantiate-hold", wish, port === undefined ? {} : { port });
  }

  /** The bot's user acts on a VM, and it comes to be what was meant. */
  async acts(vm: number, action: string, phase: string): Promise<void> {
    await this.sends("xmlrpc.vm.action-terminate", (body) =>
      body
        .replace("<string>terminate</string>", `<string>${action}</string>`)
        .replace("<int>2</int>", `<int>${vm}</int>`),
    );
    await this.vmComesTo(vm, phase);
  }

  async serviceComesTo(id: number, word: string, zone = "zone-a"): Promise<void> {
    await this.lab.control.until(zone, ({ services }) =>
      services.some((service) => service.id === id && service.word === word),
    );
  }

  /** What the story does while services stay in COOLDOWN. */
  async duringCooldown(id: number, tell: () => Promise<void>): Promise<void> {
    await this.serviceComesTo(id, "COOLDOWN");
    await tell();
    await this.lab.control.command("zone-a", { do: "hold-cooldowns", held: false });
    await this.serviceComesTo(id, "RUNNING");
  }

  /** From now on services that were scaled stay in COOLDOWN. */
  async holdsCooldowns(): Promise<void> {
    await this.lab.control.command("zone-a", { do: "hold-cooldowns", held: true });
  }

  async serviceIsGone(id: number): Promise<void> {
    await this.lab.control.until("zone-a", ({ services }) => services.every((service) => service.id !== id));
  }

  async vmComesTo(id: number, phase: string, zone = "zone-a"): Promise<void> {
    await this.lab.control.until(zone, ({ vms }) => vms.some((vm) => vm.id === id && vm.phase === phase));
  }

  /** The guests of those VMs say READY, once they run. */
  async vmsSayReady(...vms: number[]): Promise<void> {
    for (const vm of vms) await this.vmSaysReady(vm, "zone-a");
  }

  async vmSaysReady(vm: number, zone: string): Promise<void> {
    await this.vmComesTo(vm, "running", zone);
    await this.lab.control.command(zone, { do: "update-vm", vm, text: 'READY="YES"' });
  }

  /** What the guest of a recorded `one.vm.info` had published by then. */
  async publishesAsRecorded(recording: string, vm: number): Promise<void> {
    const body = recorded(recording).response.body ?? "";
    const published = body.slice(body.indexOf("&lt;USER_TEMPLATE&gt;"));
    for (const name of ["FL_CA_CERT", "FL_ENDPOINT", "FL_READY", "READY"]) {
      const value = new RegExp(`&lt;${name}&gt;&lt;!\\[CDATA\\[([^\\]]*)\\]\\]`).exec(published)?.[1];
      if (value !== undefined) {
        await this.lab.control.command("zone-a", { do: "update-vm", vm, text: `${name}="${value}"` });
      }
    }
  }
}

/** One lab from its start to its end. */
export function inLab(name: string, wish: LabWish, tell: (story: Story) => Promise<void>): void {
  test(name, async () => {
    const lab = await startLab(wish);
    try {
      await tell(new Story(lab));
    } finally {
      await lab.running.stop();
    }
  });
}
