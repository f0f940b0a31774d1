import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import pino from "pino";
import { controlRoutes } from "./control.ts";
import { hypervisorRoutes, routeServer } from "./hypervisor-server.ts";
import { Pace } from "./pace.ts";
import { QuickHypervisor } from "./quick-hypervisor.ts";

const HELP = `The hypervisor's part of the sandbox: runs VMs as quick guests in this process.

Usage: sandbox:guests [options]

  --port N       port on 127.0.0.1 for zones and for control; 0 takes a free one (default 0)
  --token TEXT   accept only requests with "Authorization: Bearer TEXT"; also read from FLORIST_GUESTS_TOKEN
  --speed N      divide every wait of the guests by N (default 1)
  --seed TEXT    what differs from guest to guest comes from this (default "florist")
  --log LEVEL    debug, info, warn, error or silent, to standard error (default warn)
  --help         this text

Prints "ready {"url": …}" once it serves and ends on SIGTERM or SIGINT.
The interface is described in src/sandbox/guests/README.md.
`;

type Options = { port: number; token: string | undefined; speed: number; seed: string; log: string };

function readOptions(): Options | "help" {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "0" },
      token: { type: "string" },
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
  return { port, token: token === "" ? undefined : token, speed, seed: values.seed, log: values.log };
}

async function serve(options: Options): Promise<void> {
  const log = pino({ level: options.log, name: "guests" }, pino.destination(2));
  const hypervisor = await QuickHypervisor.create({ pace: new Pace(options), log });
  const server = routeServer([...hypervisorRoutes(hypervisor), ...controlRoutes(hypervisor)], {
    ...(options.token === undefined ? {} : { token: options.token }),
    failed: (error) => log.error({ err: error }, "a request failed"),
  });
  const end = () => {
    server.close();
    server.closeAllConnections();
    hypervisor.close().catch((error: unknown) => {
      log.error({ err: error }, "could not clean up");
      process.exitCode = 1;
    });
  };
  process.once("SIGTERM", end);
  process.once("SIGINT", end);
  server.listen(options.port, "127.0.0.1", () => {
    const address: AddressInfo | string | null = server.address();
    const port = typeof address === "object" && address !== null ? address.port : options.port;
    process.stdout.write(`ready ${JSON.stringify({ url: `http://127.0.0.1:${port}`, port })}\n`);
  });
  server.once("error", (error) => {
    log.error({ err: error }, "cannot serve");
    process.exitCode = 1;
    end();
  });
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
