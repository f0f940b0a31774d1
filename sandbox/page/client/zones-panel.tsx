/** The zones beside Slack: what runs in each, how much the bot asks of it, and one switch for each thing that can go wrong. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { ShownVm, ShownZone, VmFault, ZoneFault } from "../protocol.ts";
import { send } from "./gestures.ts";
import { type Guest, guestOf, stageWords } from "./guests.ts";
import { Icon } from "./icons.tsx";
import { machinery, zones } from "./store.ts";
import { Switch } from "./switch.tsx";
import { TopologyPicture } from "./topology-picture.tsx";
import { TrainingPanel } from "./training-panel.tsx";

export function ZonesPanel(): JSX.Element {
  return (
    <aside class="zones" aria-label="Zones">
      <header class="pane-head">
        <h2>Zones</h2>
        <span class="pane-facts">
          {machinery.value.real ? "real Flower in namespaces" : "quick guests, real TLS and keys"}
        </span>
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <section class="zones-body" tabIndex={0} aria-label="Topology and zones">
        <TopologyPicture />
        <TrainingPanel />
        {zones.value.map((zone) => (
          <ZoneCard key={zone.name} zone={zone} />
        ))}
      </section>
    </aside>
  );
}

const ZONE_FAULTS: readonly { readonly fault: ZoneFault; readonly name: string; readonly says: string }[] = [
  { fault: "slow", name: "Slow", says: "Every answer takes four seconds longer." },
  { fault: "refuse", name: "Refuse", says: "Connections are cut before there is an answer." },
  { fault: "down", name: "Down", says: "Nothing listens: XML-RPC, OneFlow and OneGate are gone." },
  { fault: "template", name: "Template", says: "Somebody changes the VM templates: they ask for more memory." },
];

function ZoneCard({ zone }: { readonly zone: ShownZone }): JSX.Element {
  const { name, title, answering, faults, services, vms, callsPerMinute } = zone;
  const guests = vms.toReversed().map((vm) => guestOf(name, vm));
  return (
    <section class={`zone ${answering ? "" : "away"}`} aria-label={title}>
      <header>
        <span class={`disc ${answering ? (faults.length > 0 ? "warn" : "good") : "bad"}`} aria-hidden="true" />
        <h3>{title}</h3>
        <span class="zone-id">{name}</span>
        <span class="calls" title={`${callsPerMinute} calls by the bot in the last minute`}>
          <Sparkline values={zone.calls} />
          {callsPerMinute}
          <small>/min</small>
        </span>
      </header>
      <div class="switches">
        {ZONE_FAULTS.map(({ fault, name: label, says }) => (
          <Switch
            key={fault}
            name={label}
            about={title}
            says={says}
            on={faults.includes(fault)}
            turn={(on) => send({ do: "zone-fault", zone: name, fault, on })}
          />
        ))}
      </div>
      {services.map(({ id, name: service, word }) => (
        <p key={id} class="service">
          <span class="service-id">service {id}</span>
          <span class="service-name" title={service}>
            {service}
          </span>
          <span
            class={`state ${word === "RUNNING" ? "good" : word.includes("FAIL") || word === "WARNING" ? "bad" : "busy"}`}
          >
            {word}
          </span>
        </p>
      ))}
      {guests.length === 0 ? (
        <p class="nothing">{services.length === 0 ? "Nothing runs here." : "Its VMs are still to come."}</p>
      ) : (
        <ul class="vms">
          {guests.map((guest) => (
            <VmRow key={guest.vm.id} guest={guest} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Sparkline({ values }: { readonly values: readonly number[] }): JSX.Element {
  const most = Math.max(4, ...values);
  const points = values.map((value, nth) => `${nth * 2},${15 - (value / most) * 13}`).join(" ");
  return (
    <svg class="sparkline" viewBox={`0 0 ${Math.max(1, values.length - 1) * 2} 16`} aria-hidden="true">
      <polyline points={points} />
    </svg>
  );
}

const VM_FAULTS: readonly { readonly fault: VmFault; readonly name: string; readonly says: string }[] = [
  { fault: "cut", name: "Cut", says: "Its link is cut: it reaches nobody but its own zone." },
  { fault: "flap", name: "Flap", says: "Its link comes and goes until you switch this off." },
  { fault: "kill", name: "Kill", says: "Everything in it dies; switching off boots it again." },
];

const KINDS: Readonly<Record<Guest["role"], string>> = {
  gateway: "Gateway",
  superlink: "SuperLink",
  supernode: "SuperNode",
  other: "VM",
};

function VmRow({ guest }: { readonly guest: Guest }): JSX.Element {
  const [open, setOpen] = useState(false);
  const { vm, zone, role, state } = guest;
  const kind = KINDS[role];
  return (
    <li class={`vm ${state}`}>
      <div class="vm-line">
        <button type="button" class="vm-name" aria-expanded={open} onClick={() => setOpen(!open)}>
          <Icon name="chevron" />
          <span class={`disc ${DISC[state]}`} aria-hidden="true" />
          <strong>{kind}</strong>
          <span class="vm-id">VM {vm.id}</span>
        </button>
        <span class="vm-stage" title={`OpenNebula says ${vm.word}`}>
          {stageWords(guest)}
        </span>
        <span class="switches">
          {VM_FAULTS.map(({ fault, name, says }) => (
            <Switch
              key={fault}
              name={name}
              about={`VM ${vm.id} of ${zone}`}
              says={says}
              on={vm.faults.includes(fault)}
              turn={(on) => send({ do: "vm-fault", zone, vmId: vm.id, fault, on })}
            />
          ))}
        </span>
      </div>
      {open ? <VmDetails vm={vm} /> : null}
    </li>
  );
}

const DISC: Readonly<Record<Guest["state"], string>> = {
  up: "good",
  joining: "busy",
  down: "bad",
  cut: "bad",
  flapping: "warn",
  dead: "bad",
};

function VmDetails({ vm }: { readonly vm: ShownVm }): JSX.Element {
  const said = Object.entries(vm.attributes);
  return (
    <dl class="attributes">
      <dt>state</dt>
      <dd>{vm.word}</dd>
      <dt>address</dt>
      <dd>{vm.addresses.join(", ") || "none yet"}</dd>
      <dt>size</dt>
      <dd>
        {vm.cpu} CPU, {vm.memoryMb} MB
      </dd>
      {said.map(([name, value]) => (
        <>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </>
      ))}
    </dl>
  );
}
