/** Whether the data directory can be used, and the key opens what is sealed in it. Nothing is made or changed. */
import type { KeyStoreLook } from "../trust/key-store.ts";
import { type Check, fault, ok, warning } from "./check.ts";

export interface DirectoryFacts {
  readonly path: string;
  /** `missing`: the next start makes it. */
  readonly state: "there" | "missing" | "no-directory" | "no-access";
  readonly isOpenToOthers: boolean;
  /** By a florist that runs. */
  readonly isInUse: boolean;
  /** Bytes that a path may have at most; its lock is a socket. */
  readonly longestPath: number;
}

const DIRECTORY = { code: "data-directory", subject: "FLORIST_DATA_DIRECTORY" } as const;

export function directoryCheck({ path, state, isOpenToOthers, isInUse, longestPath }: DirectoryFacts): Check {
  if (Buffer.byteLength(path) > longestPath) {
    return fault(
      DIRECTORY,
      `The data directory ${path} has too long a path for its lock.`,
      `Choose one of at most ${longestPath} bytes.`,
    );
  }
  switch (state) {
    case "no-directory":
      return fault(DIRECTORY, `The data directory ${path} is no folder.`, "Name a folder in FLORIST_DATA_DIRECTORY.");
    case "no-access":
      return fault(
        DIRECTORY,
        `This user may not read and write the data directory ${path}.`,
        "Let the user that the bot runs as own it, and run the doctor as that user.",
      );
    case "missing":
      return ok(DIRECTORY, `The data directory ${path} is not there yet: the first start makes it.`);
    case "there":
      if (isOpenToOthers) {
        return warning(
          DIRECTORY,
          `Others can look into the data directory ${path}.`,
          `Close it to them: \`chmod 700 ${path}\`. The bot does so too when it starts.`,
        );
      }
      return ok(
        DIRECTORY,
        `The data directory ${path} is this user's alone${isInUse ? ", and a running florist uses it" : ""}.`,
      );
  }
}

const KEY = { code: "store-key", subject: "FLORIST_KEY" } as const;

/** null: there is no store yet, and any key will do. */
export function keyChecks(store: KeyStoreLook | null): readonly Check[] {
  if (store === null) return [ok(KEY, "FLORIST_KEY will seal the CA keys: there are none yet.")];
  const { isStoreKey, authorities, unopened } = store;
  if (!isStoreKey) {
    return [
      fault(
        KEY,
        `FLORIST_KEY is not the key that the ${authorities} stored CA keys are sealed with.`,
        "Start florist with the key it had before.",
      ),
    ];
  }
  const closed = unopened.map(({ federation, code }) =>
    code === "key-store-wrong-key"
      ? fault(
          { code: "authorities", subject: federation },
          `The CA key of ${federation} is sealed with another key than FLORIST_KEY.`,
          "Put back the copy of that file that was sealed with this key.",
        )
      : fault(
          { code: "authorities", subject: federation },
          `The CA key of ${federation} is damaged.`,
          `Put back the last good copy of keys/${federation}.authority.json in the data directory.`,
        ),
  );
  const opened = ok({ code: "authorities", subject: "data directory" }, `Stored CA keys that open: ${authorities}.`);
  return [ok(KEY, "FLORIST_KEY opens the key store."), ...(closed.length > 0 ? closed : [opened])];
}
