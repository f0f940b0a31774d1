import { chmod, constants, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";

/** Makes the names in a directory durable: a file's own fsync makes only its content so. */
export const syncDirectory = async (directory: string): Promise<void> => {
  const handle = await open(directory, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** Makes a directory that only its owner can look into; takes an existing one and closes it to others. */
export const makePrivateDirectory = async (directory: string): Promise<void> => {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
  await syncDirectory(dirname(directory));
};
