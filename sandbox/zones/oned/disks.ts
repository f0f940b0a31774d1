import { may, notAuthorized } from "./access.ts";
import type { User } from "./accounts.ts";
import { textOf, type Vector, vector } from "./attributes.ts";
import type { Image } from "./objects.ts";
import { cannotAllocate } from "./one-error.ts";
import type { Pool } from "./pool.ts";
import { imageStateNumber } from "./pool-xml.ts";
import type { VirtualMachine } from "./virtual-machine.ts";

/** An image that a VM has a disk of. */
const USED = 2;

/** A disk of a new VM, filled in from its image. Refuses an image that is gone, not allowed, or not fit for use. */
export function diskOf(zone: ImageUse, user: User, disk: Vector, index: number): Vector {
  const image = imageOf(zone.images, disk, user.id);
  const id = disk.get("IMAGE_ID");
  const name = disk.get("IMAGE");
  if (image === undefined && id === undefined && name === undefined) {
    return new Map([...disk, ["DISK_ID", String(index)]]);
  }
  if (image === undefined) {
    const reason =
      id === undefined
        ? `User ${user.id} does not own an image with name: ${name} . Set IMAGE_UNAME or IMAGE_UID of owner in DISK.`
        : `Image with ID: ${id} does not exist`;
    throw cannotAllocate(`DISK ${index}: ${reason}`);
  }
  if (!may(user, "USE", "IMAGE", image)) throw notAuthorized(user, `USE IMAGE [${image.id}]`);
  const isTaken = image.persistent && !isShared(image) && zone.vmsOfImage(image).length > 0;
  if (image.state !== "ready" || isTaken) {
    const state = isTaken ? "USED" : image.state.toUpperCase();
    throw cannotAllocate(`DISK ${index}: Cannot acquire image ${image.id}, it is in state: ${state}`);
  }
  const filled = filledDisk(image, disk, index, USED);
  return new Map([...filled, ["TARGET", disk.get("TARGET") ?? `sd${String.fromCharCode(97 + index)}`]]);
}

/** What `one.template.info` with extended shows: the image's data, without the device. A missing image changes nothing. */
export function extendedDisk(zone: ImageUse, user: User, disk: Vector, index: number): Vector {
  const image = imageOf(zone.images, disk, user.id);
  return image === undefined ? disk : filledDisk(image, disk, index, imageStateNumber(image, zone.vmsOfImage(image)));
}

export interface ImageUse {
  readonly images: Pool<Image>;
  vmsOfImage(image: Image): readonly VirtualMachine[];
}

/** By its number, or by name among the images of its owner, which is whoever asks unless the disk says. */
function imageOf(images: Pool<Image>, disk: Vector, asking: number): Image | undefined {
  const id = disk.get("IMAGE_ID");
  if (id !== undefined) return images.get(Number(id));
  const name = disk.get("IMAGE");
  const uname = disk.get("IMAGE_UNAME");
  const uid = Number(disk.get("IMAGE_UID") ?? asking);
  const isOwners = (image: Image) => (uname === undefined ? image.uid === uid : image.uname === uname);
  return images.newestFirst().find((image) => image.name === name && isOwners(image));
}

const isShared = ({ attributes }: Image): boolean =>
  ["IMMUTABLE", "SHAREABLE"].includes(textOf(attributes, "PERSISTENT_TYPE") ?? "");

function filledDisk(image: Image, disk: Vector, index: number, state: number): Vector {
  const fromImage = vector({
    ALLOW_ORPHANS: "NO",
    ...(image.persistent ? { CLONE: "NO", PERSISTENT: "YES" } : { CLONE: "YES", CLONE_TARGET: "SYSTEM" }),
    CLUSTER_ID: "0",
    DATASTORE: "default",
    DATASTORE_ID: "1",
    DEV_PREFIX: "sd",
    DISK_ID: String(index),
    DISK_SNAPSHOT_TOTAL_SIZE: "0",
    DISK_TYPE: "FILE",
    DRIVER: "dummy_format",
    FORMAT: "dummy_format",
    IMAGE: image.name,
    IMAGE_ID: String(image.id),
    IMAGE_STATE: String(state),
    LN_TARGET: "NONE",
    ORIGINAL_SIZE: String(image.sizeMb),
    PERSISTENT_SNAPSHOTS: "YES",
    READONLY: "NO",
    SAVE: image.persistent ? "YES" : "NO",
    SIZE: disk.get("SIZE") ?? String(image.sizeMb),
    SOURCE: "dummy_path",
    TM_MAD: "dummy",
    TYPE: "FILE",
  });
  return new Map([...disk, ...fromImage]);
}
