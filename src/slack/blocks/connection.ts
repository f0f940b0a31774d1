/** What the holders of the coordinator zone's ssh keys need to start a run. */

import type { ChannelId } from "../../federation/model/identity.ts";
import { coordinatorOf, currentProposal, type Federation } from "../../federation/model/state.ts";
import { trustKey } from "../keys.ts";
import { linkTo } from "../message.ts";
import { type Blocks, context, section } from "./elements.ts";
import { MARK } from "./marks.ts";
import { codeBlock, count, listed } from "./mrkdwn.ts";
import { keyFingerprint } from "./site-facts.ts";

/** The Control API's port, on the SuperLink VM's loopback only. */
const CONTROL_PORT = 9093;
/** ssh keys that are named. */
const MOST_KEYS = 8;

/** @param trustIn the channel in which the CA's file is to be found; null for a modal, where nothing can be linked */
export function connectionCard(federation: Federation, trustIn: ChannelId | null): { text: string; blocks: Blocks } {
  const trust = trustIn === null ? "the trust message" : linkTo(trustKey(trustIn), "the trust message");
  const name = federation.name;
  const coordinator = coordinatorOf(federation);
  const keys = (coordinator.deployment ?? currentProposal(coordinator))?.plan.sshKeys ?? [];
  const holders =
    keys.length === 0
      ? "whoever can log in to the SuperLink's VM"
      : `the holders of ${count(keys.length, "ssh key")}: ${listed(
          keys.map((key) => `\`${keyFingerprint(key)}\``),
          MOST_KEYS,
        )}`;
  return {
    text: `Federation ${name} is ready for runs`,
    blocks: [
      section(
        `${MARK.ready} *Federation ${name} is ready for runs.*\nThe Control API is on the loopback of the SuperLink's VM, so runs are started through an ssh tunnel by ${holders}.`,
      ),
      section(
        `1. Open the tunnel, with the user of the VM's image:\n${codeBlock(`ssh -N -L ${CONTROL_PORT}:127.0.0.1:${CONTROL_PORT} root@${sshHost(federation)}`, 400)}`,
      ),
      section(
        `2. Add the connection to \`~/.flwr/config.toml\`, with the CA file from ${trust}:\n${codeBlock(
          `[superlink.${name}]\naddress = "127.0.0.1:${CONTROL_PORT}"\nroot-certificates = "/absolute/path/${name}-ca.pem"`,
          600,
        )}`,
      ),
      section(`3. Start a run of a Flower app in the current folder:\n${codeBlock(`flwr run . ${name}`, 200)}`),
      context("The certificate covers 127.0.0.1, so the tunnel's end is verified too."),
    ],
  };
}

/** Where the VM itself answers: what sites dial may be a name or a forwarded port. */
function sshHost(federation: Federation): string {
  const vm = coordinatorOf(federation).deployment?.vms.get(federation.verifiedVm ?? -1);
  return vm?.seen.address ?? federation.endpoint?.host ?? "the SuperLink's VM";
}
