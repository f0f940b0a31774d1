import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { type GuestsOptions, startGuests } from "./guests.ts";

const HELP = `The hypervisor's part of the sandbox: runs VMs as quick guests in this process, or as namespaces with real Flower.

Usage: sandbox:hypervisor [options]

  --port N       port on 127.0.0.1 for zones and for control; 0 takes a free one (default 0)
  --token TEXT   accept only requests with "Authorization: Bearer TEXT"; also read from FLORIST_GUESTS_TOKEN
  --real         each VM is a set of namespaces of this machine in which its START_SCRIPT runs (Linux, root);
                 there is always a token then, made up and printed with "ready" if none is given
  --speed N      divide every wait of the quick guests by N (default 1)
  --seed TEXT    what differs from guest to guest comes from this (default "florist")
  --log LEVEL    debug, info, warn, error or silent, to standard error (default warn)
  --help         this text

The interface of real guests is in sandbox/hypervisor/real/README.md.
Prints "ready {"url": …}" once it serves and ends on SIGTERM or SIGINT.
The interface is described in sandbox/hypervisor/README.md.
`;

type Options = GuestsOptions & {
  /** Nobody gave the token, so it has to be told. */
  readonly tokenMade: boolean;
};

function readOptions(): Options | "help" {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "0" },
      token: { type: "string" },
      real: { type: "boolean", default: false },
      speed: { type: "string", default: "1" },
      seed: { type: "string", default: "florist" },
      log: { type: "string", default: "warn" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    return "help";
  }
  const port = Number(values.port);
  const speed = Number(values.speed);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new RangeError("--port takes a number from 0 to 65535.");
  }
  if (!(speed > 0 && Number.isFinite(speed))) {
    throw new RangeError("--speed takes a number above 0.");
  }
  const token = values.token ?? process.env["FLORIST_GUESTS_TOKEN"];
  const { real, seed, log } = values;
  const given = token === "" ? undefined : token;
  // Whoever may start VMs runs programs as root here.
  const made = real && given === undefined ? randomBytes(16).toString("hex") : undefined;
  return { port, token: given ?? made, tokenMade: made !== undefined, real, speed, seed, log };
}

async function serve({ tokenMade, ...options }: Options): Promise<void> {
  const { url, port, close } = await startGuests(options);
  const end = () => {
    close().catch((error: unknown) => {
      process.stderr.write(`could not clean up: ${error instanceof Error ? error.stack : String(error)}\n`);
      process.exitCode = 1;
    });
  };
  process.once("SIGTERM", end);
  process.once("SIGINT", end);
  const told = tokenMade ? { token: options.token } : {};
  process.stdout.write(`ready ${JSON.stringify({ url, port, ...told })}\n`);
}

try {
  const options = readOptions();
  if (options === "help") {
    process.stdout.write(HELP);
  } else {
    await serve(options);
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\nSee --help.\n`);
  process.exitCode = 2;
}
