/** What the coordinator's owners are asked for where their organisation issues the certificates. */
import { awaitedOf } from "../../federation/deciding/organisation.ts";
import { coordinatorOf, type Federation } from "../../federation/model/state.ts";
import { ownersOf } from "../blocks/conditions.ts";
import type { CardOptions } from "../blocks/federation-card.ts";
import { mentions, moment } from "../blocks/mrkdwn.ts";
import { authorityCard, certificateCard } from "../blocks/organisation-cards.ts";
import { AUTHORITY_KEY, certificateKey } from "../keys.ts";
import { type DesiredMessage, linkTo } from "../message.ts";
import { card, placeOf, reply } from "./place.ts";

export function organisationMessages(federation: Federation, options: CardOptions): readonly DesiredMessage[] {
  if (federation.issuer !== "organisation") return [];
  const { place } = placeOf(federation, coordinatorOf(federation), options);
  return [
    card(AUTHORITY_KEY, place, authorityCard(federation, options.directory)),
    ...certificates(federation, options),
    ...renewals(federation, options),
  ];
}

/** One card for each SuperLink's VM, with the request as a file under it. */
function certificates(federation: Federation, options: CardOptions): readonly DesiredMessage[] {
  const coordinator = coordinatorOf(federation);
  const { place, own } = placeOf(federation, coordinator, options);
  const awaited = awaitedOf(federation);
  return [...(coordinator.deployment?.vms.values() ?? [])].flatMap((vm): readonly DesiredMessage[] => {
    if (vm.asked === null) return [];
    const isAwaited = awaited?.kind === "certificate" && awaited.vm.vmId === vm.vmId;
    const key = certificateKey(vm.vmId);
    const { request, csr } = vm.asked;
    const file = { kind: "file", name: `${federation.name}-superlink.csr`, content: csr } as const;
    return [
      card(key, place, certificateCard(federation, vm, isAwaited, options.directory)),
      {
        ...place,
        ...file,
        key: `certificate-request/${vm.vmId}/${request.slice(0, 12)}`,
        thread: own ? key : place.thread,
      },
    ];
  });
}

/** Asked once more for the same VM: under its card, to those who act. */
function renewals(federation: Federation, options: CardOptions): readonly DesiredMessage[] {
  const coordinator = coordinatorOf(federation);
  const { place, own } = placeOf(federation, coordinator, options);
  const awaited = awaitedOf(federation);
  if (awaited?.kind !== "certificate") return [];
  const { vmId, certificate } = awaited.vm;
  const last = federation.timeline.findLast(({ event }) => event.type === "certificate-asked" && event.vmId === vmId);
  if (certificate === null || last === undefined) return [];
  const key = certificateKey(vmId);
  const owners = mentions(ownersOf(options.directory, coordinator.name));
  const text = `${owners} The SuperLink of federation *${federation.name}* needs another certificate: the one that it has is valid until ${moment(certificate.expiresAt)}. What to do is on ${linkTo(key, "its card")}.`;
  return [reply(`certificate-renewal/${last.seq}`, own ? { ...place, thread: key } : place, text)];
}
