#!/bin/sh
# Runs as root at every boot. What follows the last line is the rest of manifests/guest, compressed.
umask 77
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
. /var/run/one-context/one_env
exec curl -sX PUT -H "X-ONEGATE-TOKEN: $TOKENTXT" -H "X-ONEGATE-VMID: $VMID" "${ONEGATE_ENDPOINT%/}/vm" -d "FL_STAGE=failed
FL_REASON=tool-missing"
}
exec python3 -c '
import os, sys, zlib
to = "/var/lib/florist/program"
os.makedirs(to, exist_ok=True)
for file in zlib.decompress(open(sys.argv[1], "rb").read().partition(b"\nPROGRAM\n")[2]).decode().split("\0"):
    name, _, text = file.partition("\n")
    open(f"{to}/{name}", "w").write(text)
os.execv(sys.executable, [sys.executable, "-EsB", f"{to}/agent.py", "install"])
' "$0"
PROGRAM
