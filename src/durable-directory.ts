import { constants, open } from "node:fs/promises";

/** Makes the names in a directory durable: a file's own fsync makes only its content so. */
export const syncDirectory = async (directory: string): Promise<void> => {
  const handle = await open(directory, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};
