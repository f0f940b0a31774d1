/** Every reason that can be given, with the sentence a person reads: what is wrong and what to do about it. */
import { z } from "zod";

/** What can be wrong with a zone, a guest or a site. What names things of the zone goes into a detail beside the code. */
export const REASONS = {
  // Looking at a zone
  "zone-unreachable":
    "The zone's OpenNebula could not be reached. Check that its endpoints are up and reachable from the bot.",
  "zone-timeout": "The zone's OpenNebula did not answer in time. Try again when it is less busy.",
  "zone-tls":
    "The TLS connection to the zone failed. Check the endpoint's certificate and the CA file in the zones file.",
  "zone-credentials": "The zone refused the bot's user or password. Give the bot a valid account in the zones file.",
  "zone-administrator":
    "The bot's account administers this OpenNebula. Give it an ordinary user outside the group oneadmin.",
  "zone-forbidden": "The zone refused a call that the bot needs. Grant its group the rights named in the set-up guide.",
  "zone-disabled": "The zone is disabled in its OpenNebula. Enable it, then check again.",
  "zone-answer": "The zone answered something that is not OpenNebula's. Check the endpoints in the zones file.",
  "zone-version": "The zone's OpenNebula is older than 7.0. Upgrade it before it joins a federation.",
  "zone-error": "The zone reported an error. Its OpenNebula log says more.",
  "zone-holds-vms":
    "This OpenNebula creates every VM on hold, so none would start. Its administrator has to turn VM_SUBMIT_ON_HOLD off in oned.conf, then check again.",
  "attribute-restricted":
    "This OpenNebula lets no ordinary user set an attribute that the VMs need. Its administrator has to take it out of VM_RESTRICTED_ATTR in oned.conf, then check again.",
  "site-left-file":
    "The site is not in the zones file any more. The bot's operator can put it back; until then its zone's owners decide for it.",
  "zone-left-file":
    "The zone is not in the zones file any more. The bot's operator can put it back, or write its part off.",
  "template-missing":
    "The VM template is not in the zone. Import it from the marketplace: onemarketapp export '<Flower app>' '<template name>' -d <image datastore>.",
  "template-forbidden": "The bot's account may not use the VM template. Give its group USE on it.",
  "template-ambiguous": "Several VM templates have that name. Name it by its number in the zones file.",
  "template-nic-alias":
    "The VM template has a NIC_ALIAS. The bot's network card takes the place of the template's, and OpenNebula refuses an alias without its card. Take it out of the template, or name another template.",
  "template-on-hold":
    "The VM template has SUBMIT_ON_HOLD, so its VMs would never start. Take it out of the template, then check again.",
  "image-missing":
    "An image of the VM template is missing. Import it from the marketplace: onemarketapp export '<Flower app>' '<image name>' -d <image datastore>.",
  "image-forbidden": "The bot's account may not use an image of the VM template. Give its group USE on it.",
  "image-not-ready": "An image of the VM template is not ready. Wait for it or repair it, then check again.",
  "image-foreign":
    "The VM template names an image without its owner, and OpenNebula looks for such a name among the bot's own images only. Name it by IMAGE_ID, or add IMAGE_UNAME.",
  "image-persistent":
    "An image of the VM template is persistent, so only one VM at a time can have it. Make it non-persistent, or ask for one SuperNode.",
  "image-in-use":
    "An image of the VM template is persistent, and another VM has it. Make it non-persistent, or end that VM.",
  "network-missing": "The network is not in the zone. Correct its name in the zones file.",
  "network-forbidden": "The bot's account may not use the network. Give its group USE on it.",
  "network-ambiguous": "Several networks have that name. Name it by its number in the zones file.",
  "network-without-ipv4":
    "The network has no IPv4 address range, so its VMs would get no address that the bot knows. Give it one, or name another network.",
  "no-free-address": "The network has too few free IPv4 addresses. Free some or name another network.",
  "address-in-use":
    "The address given for the SuperLink is used by another VM of that network. Free it, or ask again with another address.",
  "address-private":
    "The network's free addresses are private. Give an address that the other zones reach, or confirm in the form that they reach this one.",
  "quota-vms": "The quota leaves too few VMs. Raise it or ask for fewer SuperNodes.",
  "quota-cpu": "The quota leaves too little CPU. Raise it or ask for fewer SuperNodes.",
  "quota-memory": "The quota leaves too little memory. Raise it or ask for fewer SuperNodes.",
  "quota-leases": "The quota leaves too few addresses in the network. Raise it or ask for fewer SuperNodes.",
  "quota-disk":
    "The quota leaves too little room for system disks, in MB. Raise SYSTEM_DISK_SIZE or ask for fewer SuperNodes.",
  "quota-datastore":
    "The quota leaves too little room in the images' datastore, in MB. Raise its SIZE or ask for fewer SuperNodes.",
  "quota-image": "The quota lets too few VMs use an image at once. Raise its RVMS or ask for fewer SuperNodes.",
  "coordinator-not-offered": "This zone does not offer to coordinate. Choose another coordinator zone.",
  "framework-not-offered": "This site has no VM template for that framework. Choose another framework or site.",
  "value-not-allowed":
    "A value has characters that may not reach a VM. Use letters, digits, spaces and . _ : / , + = - only.",
  "data-path":
    "The data's path is not a folder that can be attached. Give its whole path, with letters, digits, spaces and . _ : , + = - between the slashes, and none of the system's own folders.",
  "data-image-missing": "The image with the data is not in the zone. Give the number that oneimage list shows.",
  "data-image-forbidden": "The bot's account may not use the image with the data. Give its group USE on it.",
  "data-image-type": "The image with the data is no disk. Give one of type DATABLOCK or OS.",
  "data-image-not-ready": "The image with the data is not ready. Wait for it or repair it, then check again.",
  "data-image-persistent":
    "The image with the data is persistent, so only one VM at a time can have it. Make it non-persistent, so that each VM gets a clone, or ask for one SuperNode.",
  "data-image-in-use":
    "The image with the data is persistent, and another VM has it. Make it non-persistent, or end that VM.",
  "tunnel-range-overlaps":
    "The tunnel range overlaps this zone's network, so its VMs would look for the SuperLink among themselves. Ask again with another range.",
  "tunnel-range-full": "The tunnel range has too few addresses left for this site. Ask again with a wider range.",
  "tunnel-range-none":
    "Every range that the bot would take for tunnels overlaps a zone's network or another federation's tunnels. Ask again and give a range.",
  "tunnel-mtu":
    "The network's cards have an MTU that leaves fewer than 1280 bytes inside a tunnel. Set its GUEST_MTU to 1360 or more, or name another network.",
  "tunnel-port-closed":
    "No security group of the SuperLink's network card lets the tunnels' UDP port in. Add an INBOUND rule for it to one of them, or name another network.",
  "tunnel-hub-taken":
    "Another federation's tunnels end at that public address and UDP port, and it can be forwarded to one of them only. Ask again with another port.",
  // Rolling out
  "deployment-vanished": "What ran here was deleted in the zone. Retry the site, or retire it.",
  "deployment-failed": "The zone could not deploy it. Its detail says why; mend it and retry.",
  "address-refused":
    "The zone refused the address for the SuperLink: something else has it. The bot picks another and asks the owners again. One that was given by hand has to be freed; then retry.",
  "no-lease": "The network had no address left for the VMs. Free some or name another network, then retry.",
  "created-differs":
    "What the zone created differs from what was approved, so it gets no certificate and no admission. Find out who changed it, then retry.",
  "create-timeout":
    "Nothing came of asking the zone to create this site. The bot goes on trying; retry the site, or retire it.",
  "service-stuck":
    "OneFlow has made no VM: its service has not got beyond preparing its networks. The zone's administrator can look at OneFlow's log; then retry.",
  "no-host":
    "No host of the zone took the VMs in time. Its administrator can make room or mend what the scheduler names; then retry, or adjust the VM template.",
  "vms-held": "The VMs are on hold in the zone and nobody released them. Release them there, or retry.",
  "vms-not-started":
    "The zone has not started the VMs in time: their disks are being prepared, or they boot. Its administrator can see what they wait for; then retry.",
  "vms-failed": "The zone could not start the VMs, and says why. Its administrator can mend that; then retry.",
  "vms-stopped": "The VMs were stopped in the zone before they reported. Resume them there, or retry.",
  "boot-timeout": "The guest did not report in time. Look at its console, then retry.",
  "serve-timeout": "The guest started and did not serve in time. Look at its stage and reason, then retry.",
  "request-malformed": "The guest's certificate request could not be read, so it was not signed.",
  "request-signature": "The guest's certificate request is not signed by its own key, so it was not signed.",
  "request-key":
    "The guest's certificate request has a key that is not RSA of 2048 to 4096 bits, so it was not signed.",
  "request-foreign-name": "The guest asked for a certificate for a name that is not its own, so it was not signed.",
  "request-lacks-name":
    "The guest's certificate request does not cover the address that sites dial, so it was not signed.",
  "false-endpoint": "The SuperLink announces another address than the one approved. The rollout has stopped.",
  "false-authority": "The SuperLink presents another CA than this federation's. The rollout has stopped.",
  "false-certificate": "The SuperLink serves another certificate than the one issued to it. The rollout has stopped.",
  "wrong-version": "The SuperLink runs another Flower version than the one approved. The rollout has stopped.",
  "key-malformed": "A SuperNode published a key that cannot be read, so it was not admitted.",
  "key-proof": "A SuperNode published a key without proof that it holds it, so it was not admitted.",
  "key-duplicate":
    "Two VMs published the same key with proof, so neither is admitted. Find out who copied it, then retry both sites.",
  "key-surplus": "More keys were published than SuperNodes approved, so the surplus was not admitted.",
  "key-changes":
    "One VM published one new key after another, so none of its further keys is looked at. Find out what runs in it, then retry the site.",
  "tunnel-way-out-closed":
    "No security group of the VMs' network card lets UDP out to the hub's port, so no tunnel would begin. Add an OUTBOUND rule for it, then check again.",
  "gateway-not-offered":
    "A VM of the zone is to have the tunnels for the others, and the zones file names no VM template for it. Name one there as gateway, or let the others have them themselves.",
  "gateway-way-in-closed":
    "No security group of the gateway's network card lets TCP in to the port that the VMs beside it dial, so they would reach nothing. Add an INBOUND rule for it from the zone's network, then check again.",
  "gateway-way-out-closed":
    "No security group of the SuperNodes' network card lets TCP out to the port that they dial at the gateway, so they would reach nothing. Add an OUTBOUND rule for it to the zone's network, then check again.",
  "gateway-superlink-way-in-closed":
    "No security group of the SuperLink's network card lets TCP in to the port that the gateway dials, so no site would reach it. Add an INBOUND rule for it from the zone's network, then check again.",
  "gateway-superlink-way-out-closed":
    "No security group of the gateway's network card lets TCP out to the SuperLink's port, so no site would reach it. Add an OUTBOUND rule for it to the zone's network, then check again.",
  "router-way-out-closed":
    "No security group of the VMs' network card lets TCP out to the SuperLink's port at its address inside the tunnels, so the VMs would reach nothing through the zone's router. Add an OUTBOUND rule for it to any address, then check again.",
  "router-filtered":
    "The zone's router is a VM in a network that lets each VM send from its own address only (FILTER_IP_SPOOFING), so the answers that it hands on would be dropped. Let each VM have its own end, or have an administrator take the filter off the router's address range and give the router a new card there, then check again.",
  "router-without-channel":
    "The zone's router is to have its end of the tunnels, and what it is to be configured with is posted in the zone's own channel, which it does not have. Give it one in the zones file, or let each VM have its own end.",
  "tunnel-key-malformed": "A VM published a tunnel key that cannot be read, so it gets no tunnel. Retry the site.",
  "tunnel-key-duplicate":
    "Two VMs published the same tunnel key, so neither has a tunnel. Find out who copied it, then retry both sites.",
  "tunnel-key-of-hub":
    "A SuperNode published the hub's own tunnel key, so it gets no tunnel. Find out what runs in it, then retry the site.",
  "tunnel-key-named":
    "A VM published a tunnel key that another VM has named as its next, so it gets no tunnel. Find out what runs in it, then retry the site.",
  "tunnel-next-key":
    "A VM named a next tunnel key that cannot be read or that another VM has, so it keeps the key that it has. Find out what runs in it, then retry the site.",
  "certificate-requests":
    "The coordinator's guest asked for one certificate after another, so it gets no more for now. Find out what runs in it, then retry it.",
  "removal-slow": "The zone has not finished removing this site's VMs.",
} as const satisfies Record<string, string>;

export type ReasonCode = keyof typeof REASONS;
export const reasonCode = z.enum(Object.keys(REASONS) as [ReasonCode, ...ReasonCode[]]);

/** Why something that a person asked for is not done. Nothing has changed when one of these is given. */
export const REFUSALS = {
  "not-an-owner":
    "Only this site's owners can do that. Ask one of them; mention me with `whoami` to see the pair that identifies you.",
  "not-the-requester": "Only the person who asked for this federation can do that.",
  "not-a-requester":
    "You are not among those who may ask for a federation here. The bot's operator can add you or this channel.",
  "not-visible": "There is no federation of that name.",
  "unknown-card": "This card is no longer known. Ask for the status to find the current one.",
  "card-superseded": "What would run has changed since this card. Please decide on the newer card.",
  "already-decided": "You have decided on this already. Withdraw your decision first if you want to change it.",
  "not-open": "This site is not waiting for a decision.",
  expired: "The time to decide has run out. Ask the requester to propose the site again.",
  "wave-started": "The site is being deployed already. Retire it instead if it is not to run.",
  "nothing-to-withdraw": "You have given no decision that could be withdrawn.",
  "name-taken": "An active federation already uses that name. Choose another.",
  "unknown-zone": "That site is not in the zones file.",
  "no-router-planned": "This zone's router is not to have an end of this federation's tunnels.",
  "router-key-taken": "Another end of this federation's tunnels has that key. Make one for this router alone.",
  "zone-already-in": "That site is part of this federation already.",
  "federation-ended": "This federation has ended.",
  "teardown-under-way":
    "This federation is being torn down, so nothing new is started in it. Whoever asked for the teardown can withdraw that on the federation's card.",
  "not-the-asker": "Only the person who asked for the teardown can withdraw it.",
  "stop-announced":
    "The coordinator's owner has decided that the SuperLink stops. Only the coordinator's owners can take that back.",
  "run-out":
    "Its last day is over, and none of the coordinator's owners said in time that it goes on. Ask for a new federation.",
  "no-certificate-asked":
    "No certificate is waited for in this federation now; a card asks when one is due. A federation keeps its CA: for another one tear it down and ask for it again.",
  "request-replaced":
    "The SuperLink has made another request since. Have the newest signed, the one that hangs under the card.",
  "go-on-over": "Nobody need say any more whether this goes on. The card shows what became of it.",
  "coordinator-removed": "The coordinator is being removed already, so the teardown cannot be withdrawn.",
  "too-many-supernodes": "The federation would have more SuperNodes than its SuperLink can be told of. Ask for fewer.",
  "federation-unreadable":
    "The bot cannot read its records of this federation. Ask the bot's operator: the bot's log says which file is concerned and what to do.",
  "federation-not-running": "This federation is not running yet. Wait until it is, or cancel it.",
  "something-exists": "Something has been created already. Ask for a teardown instead.",
  "nothing-to-retry": "This site has not failed, so there is nothing to retry.",
  "nothing-to-reboot":
    "Nothing is known to be wrong with this site's VMs now that a reboot would cure. Its card shows what is.",
  "reboot-under-way": "This site's VMs are being rebooted already. Its card shows when that is over.",
  "too-many-reboots":
    "This site's VMs have been rebooted three times within the hour. Look at what is wrong with them, or retry the site.",
  "rotation-under-way": "The tunnel keys of this site are being changed already. Its card shows when that is over.",
  "nothing-to-rotate": "This site has no tunnel whose key could be changed now.",
  "too-many-rotations":
    "The tunnel keys of this site have been changed three times within the hour. Wait, or retry the site if a key has become known.",
  "nothing-runs": "Nothing of this site runs.",
  "teardown-not-asked": "Nobody has asked to tear this federation down.",
  "coordinator-cannot-retire": "The coordinator cannot leave its federation. Ask for a teardown instead.",
  "preflight-running": "The zones are being looked at already.",
  "more-supernodes": "An owner can lower the number of SuperNodes, not raise it.",
  "nothing-to-write-off": "This zone has no part in the federation that could be written off.",
  "not-an-alternative": "That is not among the choices that the zones file offers for this site.",
} as const satisfies Record<string, string>;

export type RefusalCode = keyof typeof REFUSALS;
export const refusalCode = z.enum(Object.keys(REFUSALS) as [RefusalCode, ...RefusalCode[]]);
