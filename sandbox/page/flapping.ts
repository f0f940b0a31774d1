/** Links that come and go by themselves until somebody switches that off. */
import type { GuestsClient } from "../hypervisor/client.ts";

interface VmAddress {
  readonly zone: string;
  readonly vmId: number;
}

const keyOf = ({ zone, vmId }: VmAddress): string => `${zone}/${vmId}`;

export class Flapping {
  readonly #guests: Pick<GuestsClient, "cut" | "heal">;
  readonly #every: () => number;
  /** The next turn of each, where it is not under way just now. */
  readonly #turns = new Map<string, NodeJS.Timeout | undefined>();

  /** @param every milliseconds between two changes of a link, asked for before each */
  constructor(guests: Pick<GuestsClient, "cut" | "heal">, every: () => number) {
    this.#guests = guests;
    this.#every = every;
  }

  has(vm: VmAddress): boolean {
    return this.#turns.has(keyOf(vm));
  }

  async begin(vm: VmAddress): Promise<void> {
    if (this.has(vm)) return;
    this.#turns.set(keyOf(vm), undefined);
    await this.#turn(vm, true);
  }

  /** The link stands afterwards. */
  async end(vm: VmAddress): Promise<void> {
    if (!this.has(vm)) return;
    this.#forget(vm);
    await this.#guests.heal(vm);
  }

  stop(): void {
    for (const timer of this.#turns.values()) clearTimeout(timer);
    this.#turns.clear();
  }

  #forget(vm: VmAddress): void {
    clearTimeout(this.#turns.get(keyOf(vm)));
    this.#turns.delete(keyOf(vm));
  }

  async #turn(vm: VmAddress, cut: boolean): Promise<void> {
    try {
      await (cut ? this.#guests.cut(vm) : this.#guests.heal(vm));
    } catch (error) {
      // A VM that is gone flaps no more.
      this.#forget(vm);
      throw error;
    }
    if (!this.has(vm)) {
      // It was switched off meanwhile.
      await this.#guests.heal(vm);
      return;
    }
    const next = () => void this.#turn(vm, !cut).catch(() => undefined);
    this.#turns.set(keyOf(vm), setTimeout(next, this.#every()));
  }
}
