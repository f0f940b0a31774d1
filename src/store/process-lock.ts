/**
 * Keeps a second process off the same data. The lock is a listening unix socket beside the data: it dies with its
 * process whatever ends it, which a PID file does not, and in a container every process is 1.
 */
import { randomBytes } from "node:crypto";
import { readdir, rename, rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { JournalError } from "./journal-error.ts";

const PREFIX = "florist.lock.";

/** `sun_path` holds 108 bytes with its end mark on Linux, 104 on other systems. */
const LONGEST_PATH = 103;
const TOKEN_BYTES = 4;

/** Bytes of a directory's path: that of its lock is somewhat longer. */
export const LONGEST_DIRECTORY = LONGEST_PATH - PREFIX.length - 2 * TOKEN_BYTES - 2;

const listen = (path: string): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", reject);
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });

const close = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

/** Only a socket that nobody listens to refuses; whatever else happens counts as alive. */
const isAlive = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", (error: NodeJS.ErrnoException) =>
      resolve(error.code !== "ECONNREFUSED" && error.code !== "ENOENT"),
    );
  });

const livingOther = async (directory: string, own: string): Promise<boolean> => {
  const others = (await readdir(directory)).filter((name) => name.startsWith(PREFIX) && name !== own);
  for (const name of others) {
    const path = join(directory, name);
    if (await isAlive(path)) return true;
    // Names are never used twice and bear the prefix only once they listen, so what is dead stays dead.
    await rm(path, { force: true });
  }
  return false;
};

/** Whether a process has the lock. Changes nothing, also not what a dead one left. */
export const isLocked = async (directory: string): Promise<boolean> => {
  const sockets = (await readdir(directory)).filter((name) => name.startsWith(PREFIX));
  const alive = await Promise.all(sockets.map((name) => isAlive(join(directory, name))));
  return alive.includes(true);
};

/**
 * Takes the lock and gives the function that releases it. Throws `JournalError`: `journal-locked` while another
 * process has it, `journal-lock-path` if the directory's path is too long for a socket.
 *
 * Each process first puts up its own socket and then looks for others: of two that start at once at least one sees
 * the other, so both never go on. Taking over one shared name could not promise that.
 */
export const lockDirectory = async (directory: string): Promise<() => Promise<void>> => {
  const token = randomBytes(TOKEN_BYTES).toString("hex");
  const name = `${PREFIX}${token}`;
  const path = join(directory, name);
  const birthPath = join(directory, `.${name}`);
  if (Buffer.byteLength(birthPath) > LONGEST_PATH)
    throw new JournalError(
      "journal-lock-path",
      `The data directory ${directory} has too long a path for its lock: choose one of at most ${LONGEST_DIRECTORY} bytes.`,
    );
  const server = await listen(birthPath);
  const release = async (): Promise<void> => {
    await rm(path, { force: true });
    await close(server);
  };
  try {
    await rename(birthPath, path);
    if (await livingOther(directory, name))
      throw new JournalError(
        "journal-locked",
        `Another florist is using the data directory ${directory}: stop it first, or give this one a directory of its own.`,
      );
  } catch (error) {
    await release();
    throw error;
  }
  return release;
};
