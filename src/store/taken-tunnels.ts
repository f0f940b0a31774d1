/** Where the tunnels of living federations end, and their ranges; kept up with each change. */
import type { FederationId } from "../federation/model/identity.ts";
import type { TakenTunnel } from "../federation/model/policy.ts";
import { coordinatorOf, type Federation } from "../federation/model/state.ts";
import { tunnelWishOf } from "../federation/tunnels/crossing.ts";

export class TakenTunnels {
  readonly #all = new Map<FederationId, TakenTunnel>();

  change(federation: Federation): void {
    const { id, crossing, ended, tunnelRange, requestedAt: since } = federation;
    const wish = tunnelWishOf(crossing);
    if (wish === null || ended !== null) {
      this.#all.delete(id);
      return;
    }
    const { hub, range } = wish;
    this.#all.set(id, { coordinator: coordinatorOf(federation).zone, hub, since, range: tunnelRange ?? range });
  }

  /** Those of all others, as they are when they are gone through. */
  but(own: FederationId): Iterable<TakenTunnel> {
    const all = this.#all;
    return {
      *[Symbol.iterator]() {
        for (const [id, tunnel] of all) if (id !== own) yield tunnel;
      },
    };
  }
}
