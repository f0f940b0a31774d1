import { chmodSync, cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DATA_DISK } from "../../../../src/guest-protocol/data.ts";
import type { MachineImage } from "../bench.ts";

const SOURCES = join(process.cwd(), "test", "real", "marketplace", "container-runtime");
const FLOWER_VERSION = "1.31.0";

export type Marketplace = {
  /** The appliance's own: `superlink` starts a SuperLink at every boot, `supernode` fails for want of one. */
  readonly kind: "superlink" | "supernode";
  /** The container images on it. */
  readonly images: readonly string[];
  /** The device of a disk with data that its owner has attached. */
  readonly dataDevice?: string;
  /** Seconds after boot at which Docker's daemon answers. */
  readonly dockerAfter?: number;
};

/**
 * A disk laid out like the marketplace's appliance: /opt/flower, container images, Docker, its firewall and its own
 * unit, and no virtual environment. What stands in for Docker, systemd and ufw is on the machine's PATH.
 * @param folder where it is put together; machines only read it
 * @param flower the virtual environment that is inside the container images
 */
export function marketplaceImage(
  folder: string,
  flower: string,
  { kind, images, dataDevice, dockerAfter }: Marketplace,
): MachineImage {
  const programs = join(folder, "bin");
  const store = join(folder, "container-images");
  cpSync(join(SOURCES, "bin"), programs, { recursive: true });
  cpSync(join(SOURCES, "appliance"), join(folder, "appliance"));
  mkdirSync(store, { recursive: true });
  for (const image of images) {
    const entrypoint = image.includes("superlink") ? "flower-superlink" : "flower-supernode";
    const environment = { PATH: `${flower}/bin:/usr/sbin:/usr/bin:/sbin:/bin` };
    const content = { user: "49999:49999", entrypoint, environment, flower };
    writeFileSync(join(store, `${image.replaceAll("/", "@")}.json`), JSON.stringify(content));
  }
  writeFileSync(join(folder, "PREBAKED_VERSION"), `${FLOWER_VERSION}\n`);
  chmodSync(folder, 0o755);
  const byId = "/dev/disk/by-id";
  const attach = `mkdir -p /dev/disk && mount -t tmpfs tmpfs /dev/disk && mkdir ${byId} && ln -s ${dataDevice} ${byId}/virtio-${DATA_DISK.serial}`;
  const docker = "mkdir -p /run/docker && touch /run/docker.sock";
  return {
    boot: `
      mount -t tmpfs tmpfs /opt
      mkdir -p /opt/flower /opt/container-images
      cp ${folder}/PREBAKED_VERSION /opt/flower/
      cp ${store}/* /opt/container-images/
      mount --bind ${programs} /usr/local/bin
      ${dataDevice === undefined ? "" : attach}
      ${dockerAfter ? `(sleep ${dockerAfter}; ${docker}) &` : docker}
      ${folder}/appliance ${kind} > /run/appliance.log 2>&1 || true`,
  };
}
