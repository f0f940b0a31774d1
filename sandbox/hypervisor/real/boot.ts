import { isContextValue } from "../../../src/guest-protocol/alphabets.ts";
import { DATA_DISK } from "../../../src/guest-protocol/data.ts";
import type { VmSpec } from "../hypervisor.ts";

/**
 * The first process of a VM: makes its own view of the machine over its disk, does what one-context does at a boot, and
 * waits until its standard input ends, which is the power button (and ends too when whoever holds it is killed).
 *
 * $1 is the disk, $2 the virtual environment with Flower, $3 the device of the disk with data, if there is one, which udev
 * would name by its serial number.
 */
export const BOOT = `set -e
for folder in etc var/lib root home; do
  mkdir -p "$1/changes/$folder" "$1/work/$folder"
  mount -t overlay overlay -o "lowerdir=/$folder,upperdir=$1/changes/$folder,workdir=$1/work/$folder" "/$folder"
done
: > /etc/resolv.conf
mkdir -p "$1/florist" /var/lib/florist
chmod 711 "$1/florist"
mount --bind "$1/florist" /var/lib/florist
test -e /var/lib/florist/venv || ln -s "$2" /var/lib/florist/venv
if [ -n "$3" ]; then
  mkdir -p /dev/disk
  mount -t tmpfs tmpfs /dev/disk
  mkdir /dev/disk/by-id
  ln -s "$3" "/dev/disk/by-id/virtio-${DATA_DISK.serial}"
fi
rm -rf "$1/run" "$1/tmp"
mkdir -p "$1/run/one-context"
mkdir -m 1777 "$1/tmp"
cp "$1/context/"* "$1/run/one-context/"
mount --bind "$1/tmp" /tmp
mount --bind "$1/run" /run
set -a
. /run/one-context/one_env
set +a
if [ -n "$START_SCRIPT_BASE64" ]; then
  script=$(mktemp)
  base64 -d <<< "$START_SCRIPT_BASE64" > "$script"
  chmod +x "$script"
  "$script" < /dev/null || echo "START_SCRIPT ended with $?"
  rm -f "$script"
fi
read -r || true
trap '' TERM
kill -TERM -1 || true
shopt -s nullglob
for _ in {1..60}; do
  left=(/proc/[0-9]*)
  [ "\${#left[@]}" -gt 1 ] || break
  sleep 0.1
done
`;

/** The files that one-context keeps for root in /run/one-context, by name. */
export function contextFiles({ context, oneGate, vmId }: VmSpec, oneGateUrl: string): Readonly<Record<string, string>> {
  const values = { ...context, VMID: String(vmId), ONEGATE_ENDPOINT: oneGateUrl };
  const unsafe = Object.entries(values).find(([, value]) => !isContextValue(value));
  if (unsafe !== undefined) {
    throw new RangeError(
      `${unsafe[0]} in CONTEXT holds what a shell could take for a command; root would run it on this machine.`,
    );
  }
  const lines = Object.entries(values)
    .filter(([name]) => /^[A-Z_][A-Z0-9_]*$/i.test(name))
    .map(([name, value]) => `${name}="${value}"\n`);
  return {
    "context.sh": lines.join(""),
    "token.txt": `${oneGate.token}\n`,
    one_env: [...lines, `TOKENTXT="${oneGate.token}"\n`].map((line) => `export ${line}`).join(""),
  };
}
