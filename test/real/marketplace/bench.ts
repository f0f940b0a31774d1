/**
 * A bench for the real agent and real Flower: virtual machines that are namespaces of this kernel (network, mounts,
 * processes; /etc and /var/lib are overlays, so that each has its own users and its own disk), a router between them,
 * and a OneGate. Needs root, `ip`, `nft` and a virtual environment with Flower.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ONEGATE_PORT = 5030;

type Attributes = Record<string, string>;

/** What a machine finds on its disk, and how it is put there at every boot: lines for a shell, before START_SCRIPT. */
export type MachineImage = { readonly boot: string };

/** Addresses 10.<subnet>.0.0/16 and 2001:db8:<subnet>::/48, and names that go with them: two benches of different subnets do not meet. */
class Names {
  readonly net: string;
  readonly net6: string;
  readonly oneGate: string;
  readonly router: string;
  readonly prefix: string;
  readonly routerSpace: string;
  readonly host: string;
  constructor(subnet: number) {
    this.net = `10.${subnet}`;
    this.net6 = `2001:db8:${subnet}`;
    this.oneGate = `${this.net}.255.1`;
    this.router = `${this.net}.255.2`;
    this.prefix = `flr${subnet}-`;
    this.routerSpace = `${this.prefix}router`;
    this.host = `${this.prefix}host`;
  }
}

function sh(command: string): string {
  return execFileSync("/bin/sh", ["-ec", command], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** OneGate for all virtual machines of the bench, reachable from them only through the router. */
class OneGate {
  readonly attributes = new Map<number, Attributes>();
  readonly writes: { readonly vm: number; readonly set: Attributes }[] = [];
  private readonly server: Server;
  constructor() {
    this.server = createServer((request, response) => {
      const vm = Number(request.headers["x-onegate-vmid"]);
      if (request.headers["x-onegate-token"] !== tokenOf(vm)) {
        response.writeHead(401).end("Not authorized");
        return;
      }
      if (request.method === "GET") {
        const template = { ...this.of(vm), SERVICE_ID: "1", USER_INPUTS: { X: "O|text" } };
        response.end(JSON.stringify({ VM: { NAME: "vm", ID: String(vm), USER_TEMPLATE: template } }));
        return;
      }
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const lines = Buffer.concat(chunks).toString("utf8").split("\n");
        const set = Object.fromEntries(lines.map((line) => [line.split("=", 1)[0], line.slice(line.indexOf("=") + 1)]));
        this.writes.push({ vm, set });
        Object.assign(this.of(vm), set);
        response.end();
      });
    });
  }
  async listen(address: string): Promise<void> {
    this.server.listen(ONEGATE_PORT, address);
    await once(this.server, "listening");
  }
  of(vm: number): Attributes {
    const found = this.attributes.get(vm) ?? {};
    this.attributes.set(vm, found);
    return found;
  }
  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

function tokenOf(vm: number): string {
  return `token-of-${vm}==`;
}

export class VirtualMachine {
  readonly space: string;
  readonly address: string;
  readonly disk: string;
  readonly id: number;
  private readonly names: Names;
  private readonly script: string;
  private readonly image: MachineImage;
  private readonly context: Attributes;
  private init: ChildProcess | undefined;
  constructor(id: number, disk: string, script: string, context: Attributes, image: MachineImage, names: Names) {
    const { net, prefix, routerSpace } = names;
    this.id = id;
    this.names = names;
    this.space = `${prefix}${id}`;
    this.address = `${net}.${id}.2`;
    this.disk = disk;
    this.script = script;
    this.image = image;
    this.context = context;
    for (const folder of ["etc", "etc.work", "lib", "lib.work"]) {
      mkdirSync(join(disk, folder), { recursive: true });
    }
    sh(`ip netns add ${this.space}
      ip link add veth0 netns ${this.space} type veth peer name v${id} netns ${routerSpace}
      ip -n ${this.space} link set lo up
      ip -n ${this.space} link set veth0 up
      ip -n ${this.space} addr add ${this.address}/24 dev veth0
      ip -n ${this.space} route add default via ${net}.${id}.1
      ip -n ${routerSpace} link set v${id} up
      ip -n ${routerSpace} addr add ${net}.${id}.1/24 dev v${id}
      ip -n ${this.space} addr add ${names.net6}:${id}::2/64 dev veth0 nodad
      ip -n ${routerSpace} addr add ${names.net6}:${id}::1/64 dev v${id} nodad
      ip -n ${this.space} route add default via ${names.net6}:${id}::1`);
  }
  environment(): Attributes {
    return {
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      ONEGATE_ENDPOINT: `http://${this.names.oneGate}:${ONEGATE_PORT}`,
      VMID: String(this.id),
      TOKENTXT: tokenOf(this.id),
      ETH0_IP: this.address,
      ...this.context,
    };
  }
  /** Its init mounts the disk, runs START_SCRIPT as one-context does, and stays. */
  boot(): void {
    const start = join(this.disk, "start-script");
    writeFileSync(start, Buffer.from(this.script, "base64"), { mode: 0o755 });
    const init = `
      mount -t tmpfs tmpfs /run
      mount -t overlay overlay -o lowerdir=/etc,upperdir=${this.disk}/etc,workdir=${this.disk}/etc.work /etc
      mount -t overlay overlay -o lowerdir=/var/lib,upperdir=${this.disk}/lib,workdir=${this.disk}/lib.work /var/lib
      ${this.image.boot}
      ${start} > ${this.disk}/start.log 2>&1
      trap 'exit 0' TERM
      while :; do sleep 1; done`;
    this.init = spawn(
      "/usr/sbin/ip",
      [
        "netns",
        "exec",
        this.space,
        "unshare",
        "-m",
        "-p",
        "--fork",
        "--kill-child",
        "--mount-proc",
        "bash",
        "-c",
        init,
      ],
      { env: this.environment(), stdio: "ignore" },
    );
  }
  /** Power off, hard. The disk stays. */
  async kill(): Promise<void> {
    const init = this.init;
    this.init = undefined;
    if (init && init.exitCode === null && init.signalCode === null) {
      init.kill("SIGKILL");
      await once(init, "exit");
    }
  }
  /** Runs a command inside, as root, or as another user. */
  exec(command: string): string {
    return execFileSync("/usr/bin/nsenter", ["-t", String(this.initPid()), "-a", "/bin/sh", "-c", command], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
    });
  }
  /** The process that is 1 inside: the child of `unshare`. */
  private initPid(): number {
    const outer = this.init?.pid ?? 0;
    const child = readFileSync(`/proc/${outer}/task/${outer}/children`, "utf8").trim();
    return Number(child);
  }
  /** What START_SCRIPT printed, and what the agent and Flower's processes said, each named. */
  logs(): string {
    const folder = join(this.disk, "lib", "florist", "logs");
    const files = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
    return [join(this.disk, "start.log"), ...files]
      .filter((file) => existsSync(file))
      .map((file) => `--- vm ${this.id}: ${file}\n${readFileSync(file, "utf8").slice(-6000)}`)
      .join("\n");
  }
}

export class Bench {
  readonly folder = mkdtempSync(join(tmpdir(), "florist-bench-"));
  readonly onegate = new OneGate();
  readonly machines: VirtualMachine[] = [];
  private readonly names: Names;
  private image: MachineImage = { boot: "" };
  constructor(subnet = 211) {
    this.names = new Names(subnet);
  }
  /** `image`: what every machine finds on its disk, if nothing else is said of it. */
  async open(image: MachineImage): Promise<void> {
    this.image = image;
    const { net, oneGate, router, routerSpace, host } = this.names;
    this.clear();
    sh(`ip netns add ${routerSpace}
      ip link add ${host} type veth peer name host netns ${routerSpace}
      ip addr add ${oneGate}/30 dev ${host}
      ip link set ${host} up
      ip -n ${routerSpace} link set lo up
      ip -n ${routerSpace} addr add ${router}/30 dev host
      ip -n ${routerSpace} link set host up
      ip netns exec ${routerSpace} sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
      ip route add ${net}.0.0/16 via ${router}`);
    await this.onegate.listen(oneGate);
  }
  machine(id: number, script: string, context: Attributes, image = this.image): VirtualMachine {
    const disk = join(this.folder, `vm-${id}`);
    mkdirSync(disk, { mode: 0o755 });
    const machine = new VirtualMachine(id, disk, script, context, image, this.names);
    this.machines.push(machine);
    return machine;
  }
  attributes(machine: VirtualMachine): Attributes {
    return this.onegate.of(machine.id);
  }
  async close(): Promise<void> {
    await Promise.all(this.machines.map((machine) => machine.kill()));
    this.onegate.close();
    this.clear();
    rmSync(this.folder, { recursive: true, force: true });
  }
  private clear(): void {
    for (const space of sh("ip netns list").split("\n")) {
      const name = space.split(" ", 1)[0] ?? "";
      if (name.startsWith(this.names.prefix)) {
        sh(`ip netns delete ${name}`);
      }
    }
    if (existsSync(`/sys/class/net/${this.names.host}`)) {
      sh(`ip link delete ${this.names.host} 2>/dev/null || true`);
    }
  }
}
