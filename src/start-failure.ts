/** Why the bot ends although nobody told it to: a sentence for its operator, with what to do. */
import { z } from "zod";
import { HealthPlaceError } from "./health/server.ts";
import { SlackRefused } from "./slack/workspace.ts";
import { JournalError } from "./store/journal-error.ts";
import { KeyStoreError } from "./trust/key-store.ts";

/** What the operating system says, as Node.js hangs it onto errors. */
const systemError = z.object({
  code: z.string(),
  syscall: z.string(),
  address: z.string().optional(),
  port: z.number().optional(),
  hostname: z.string().optional(),
  path: z.string().optional(),
});
type SystemError = z.infer<typeof systemError>;

export function whyEnded(error: unknown): string {
  if (
    error instanceof HealthPlaceError ||
    error instanceof SlackRefused ||
    error instanceof JournalError ||
    error instanceof KeyStoreError
  ) {
    return error.message;
  }
  const system = systemError.safeParse(error);
  if (system.success) return ofSystem(system.data);
  const words = error instanceof Error ? error.message : String(error);
  return `Something went wrong in the program itself: ${words}. With FLORIST_LOG_LEVEL=debug the log says where; please report it.`;
}

function ofSystem(error: SystemError): string {
  if (error.syscall === "listen" || error.syscall === "getaddrinfo") return ofListening(error);
  const { code, path } = error;
  if (path === undefined) return `The operating system refuses ${error.syscall} (${code}).`;
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return `There is no room left for ${path} (${code}). Make room on that disk, and start the bot again.`;
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return `The bot may not use ${path} (${code}). Let the user that it runs as read and write it, or name another data directory in FLORIST_DATA_DIRECTORY.`;
    default:
      return `${path} cannot be used (${code}). Look at what is there, or name another data directory in FLORIST_DATA_DIRECTORY.`;
  }
}

function ofListening({ code, address, port, hostname }: SystemError): string {
  switch (code) {
    case "EADDRINUSE":
      return `Port ${port} of ${address} is taken by another program. End that one, or give the bot another port in FLORIST_PORT.`;
    case "EACCES":
      return `The bot may not listen on port ${port}. Give it one from 1024 on in FLORIST_PORT.`;
    case "EADDRNOTAVAIL":
      return `${address} is no address of this machine. Give one in FLORIST_HOST, such as 127.0.0.1.`;
    default:
      return `The bot cannot listen at ${hostname ?? address} (${code}). Give an address of this machine in FLORIST_HOST, such as 127.0.0.1.`;
  }
}
