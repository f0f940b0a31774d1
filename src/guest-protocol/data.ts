import { accepted, type Decoded, refused } from "./decoded.ts";

/** Where a guest shows its apps what the zone's owner attached, wherever that lies. */
export const DATA_SHOWN_AT = "/mnt/data";

/** A folder of the VM, and none of the system's or of the agent's own. */
const FOLDER = /^(?!\/(proc|sys|dev|var\/lib\/florist)(\/|$))(\/(?!\.\.?(\/|$))[A-Za-z0-9 ._:,+=-]{1,255}){1,32}$/;

/** `FL_DATA` where the data is on a disk of its own, and the serial number by which a guest knows that disk. */
export const DATA_DISK = { told: "disk", serial: "florist-data" } as const;

/** `FL_DATA` otherwise: the absolute path of a folder of the VM, without `.`, `..` and a slash at its end. */
export const parseDataFolder = (text: string): Decoded<string> =>
  FOLDER.test(text) ? accepted(text) : refused("shape");
