/** Certificates of a coordinator's organisation: held to all that a guest demands before anything is decided. */

import { decide } from "../federation/deciding/decide.ts";
import { awaitedOf, whyNotGiven } from "../federation/deciding/organisation.ts";
import { CHAIN_MISTAKES } from "../federation/model/chain-mistakes.ts";
import { refuse } from "../federation/model/decision.ts";
import { authorityOf, coordinatorOf, type Federation } from "../federation/model/state.ts";
import type { Certificates, CheckedCertificate } from "../federation/ports.ts";
import { dialledHosts } from "../federation/proposing/manifest.ts";
import type { TaskContext } from "./task-context.ts";

export function organisationCertificates({ store, trust }: TaskContext): Certificates {
  return {
    async give({ federation: id, by, key, text }) {
      const federation = store.get(id);
      if (federation === undefined) return refuse("unknown-card");
      const context = store.decisionContext(id);
      // Nobody learns what is wrong with a certificate who could not give one.
      const refusal = whyNotGiven(federation, context, by);
      const awaited = awaitedOf(federation);
      if (refusal !== null || awaited === null) return refuse(refusal ?? "no-certificate-asked");
      if (awaited.kind === "authority") {
        const checked = trust.checkAuthority(text, context.now);
        if (!checked.ok) return mistaken(checked);
        const { fingerprint, certificatePem: certificate, expiresAt } = checked.certificate;
        const authority = { fingerprint, certificate, expiresAt };
        return await store.update(id, (newest, deciding) =>
          decide(newest, { kind: "give-authority", by, key, authority }, deciding),
        );
      }
      const { asked, vm } = awaited;
      const checked = trust.checkChain(text, { ...rulesOf(federation), request: asked.csr, now: context.now });
      if (!checked.ok) return mistaken(checked);
      const { fingerprint, certificatePem, expiresAt, serial } = checked.certificate;
      const certificate = { fingerprint, certificate: certificatePem, expiresAt, serial };
      return await store.update(id, (newest, deciding) =>
        decide(
          newest,
          { kind: "give-certificate", by, key, vmId: vm.vmId, request: asked.request, certificate },
          deciding,
        ),
      );
    },
  };
}

/** What the deployment was approved to be. */
function rulesOf(federation: Federation) {
  const plan = coordinatorOf(federation).deployment?.plan;
  const authority = plan === undefined ? null : authorityOf(federation, plan);
  if (plan === undefined || authority === null)
    throw new Error(`Federation ${federation.id} waits for no certificate.`);
  return { authority: authority.certificate, required: dialledHosts(plan) };
}

function mistaken({ mistake, detail }: Extract<CheckedCertificate, { ok: false }>) {
  const about = detail === "" ? "" : ` (${detail})`;
  return { ok: false, mistake: `${CHAIN_MISTAKES[mistake]}${about}` } as const;
}
