/** Asks the coordinator's owners for what their organisation issues: its CA's certificate, and the SuperLink's. */
import type { Directory } from "../../federation/deciding/visibility.ts";
import { coordinatorOf, currentAuthority, type DeployedVm, type Federation } from "../../federation/model/state.ts";
import { ACTION } from "../names.ts";
import { ownersOf } from "./conditions.ts";
import { actions, type Blocks, button, section } from "./elements.ts";
import { MARK } from "./marks.ts";
import { code, mention, mentions, moment } from "./mrkdwn.ts";

export interface OrganisationCard {
  readonly text: string;
  readonly blocks: Blocks;
}

export const AUTHORITY_WANTED =
  "The certificate of your organisation's *root CA*, in PEM. Every site's approval is bound to its fingerprint. Never give a private key.";
export const CERTIFICATE_WANTED =
  "The certificate that your CA has issued for the SuperLink's request, with every intermediate CA's, in PEM and in any order. Never give a private key.";

const asked = (federation: Federation, directory: Directory): string => {
  const owners = ownersOf(directory, coordinatorOf(federation).name);
  return owners.length === 0 ? "" : `For ${mentions(owners)}: `;
};

/** For those to whom the button opens nothing. */
const otherwise = ({ name }: Federation): string =>
  ` Or mention me here with \`certificate ${name}\` and the files attached.`;

const give = ({ id, name }: Federation, words: string): Blocks =>
  actions(button(words, ACTION.giveCertificate, id, { style: "primary", label: `${words} for federation ${name}` }));

export function authorityCard(federation: Federation, directory: Directory): OrganisationCard {
  const title = `Federation ${federation.name}: your organisation's CA`;
  const authority = currentAuthority(federation);
  if (authority !== null) {
    const said = `${MARK.done} Given: its fingerprint is ${code(authority.fingerprint)}, and it is valid until ${moment(authority.expiresAt)}.`;
    return { text: `${title}. ${said}`, blocks: [section(`*${title}*\n${said}`)] };
  }
  if (federation.ended !== null) {
    return { text: title, blocks: [section(`*${title}*\n${MARK.out} It is not asked for any more.`)] };
  }
  const said = `${asked(federation, directory)}${mention(federation.requester)} asks to run the coordinator of federation *${federation.name}* in this zone, with certificates that your organisation issues. Give the certificate of its root CA: every site's approval is bound to it, so nobody is asked before.${otherwise(federation)}`;
  return {
    text: `${title}. ${said}`,
    blocks: [section(`*${title}*\n${said}`), ...give(federation, "Give the CA's certificate")],
  };
}

export function certificateCard(
  federation: Federation,
  { certificate, asked: wanted }: DeployedVm,
  isAwaited: boolean,
  directory: Directory,
): OrganisationCard {
  const title = `Federation ${federation.name}: the SuperLink's certificate`;
  const valid = certificate === null ? "" : `The one that it has is valid until ${moment(certificate.expiresAt)}. `;
  if (!isAwaited || wanted === null) {
    const said = certificate === null ? `${MARK.out} It is not asked for any more.` : `${MARK.done} ${valid}`.trim();
    return { text: `${title}. ${said}`, blocks: [section(`*${title}*\n${said}`)] };
  }
  const said = `${asked(federation, directory)}${valid}Have your CA sign the SuperLink's request, which hangs under this card, for a TLS server with all of its names, and give what it issued. The request is public; the key stays in the VM.${otherwise(federation)}`;
  return {
    text: `${title}. ${said}`,
    blocks: [section(`*${title}*\n${said}`), ...give(federation, "Give the certificate")],
  };
}
