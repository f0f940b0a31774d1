/** How anybody in the federation can verify its SuperLink: address, fingerprint, CA certificate. */

import { readableAddress } from "../../federation/model/ipv6.ts";
import type { SuperLinkEndpoint } from "../../federation/model/plan.ts";
import type { Authority } from "../../federation/model/state.ts";
import { type Blocks, context, fields, section } from "./elements.ts";
import { MARK } from "./marks.ts";
import { code, codeBlock } from "./mrkdwn.ts";

export function trustCard(
  name: string,
  endpoint: SuperLinkEndpoint,
  { fingerprint, certificate }: Authority,
  hasFile: boolean,
): { text: string; blocks: Blocks } {
  return {
    text: `Federation ${name}: the SuperLink's address and CA`,
    blocks: [
      section(`${MARK.trust} *Federation ${name}: the SuperLink's address and CA*`),
      fields([
        ["SuperLink's address", code(readableAddress(endpoint))],
        ["SHA-256 fingerprint of the CA", code(fingerprint)],
      ]),
      section(codeBlock(certificate.trim(), 2900)),
      context(
        `Training sites get these values from the bot; nobody has to copy them. They are here so that you can compare: \`openssl x509 -noout -fingerprint -sha256 -in ca.pem\`.${hasFile ? " The certificate follows as a file in this thread." : ""}`,
      ),
    ],
  };
}

export const certificateFile = (name: string): string => `${name}-ca.pem`;
