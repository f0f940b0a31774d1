import { z } from "zod";
import type { KeyList } from "../../src/guest-protocol/key-list.ts";
import type { NodeKey } from "../../src/guest-protocol/node-key.ts";
import type { NodeEntry } from "../../src/guest-protocol/node-list.ts";
import type { Disk } from "./disk.ts";

const FILE = "registry.json";

const contents = z.strictObject({
  admitSequence: z.int(),
  revokeSequence: z.int(),
  nodes: z.array(z.strictObject({ fingerprint: z.string(), nodeId: z.string(), seen: z.boolean() })),
  revoked: z.array(z.string()),
});
type Contents = z.infer<typeof contents>;

/** The SuperNodes a SuperLink knows, on its disk, as Flower keeps them in its database. A revoked key is refused for ever. */
export class Registry {
  readonly #disk: Disk;
  readonly #newNodeId: (fingerprint: string) => string;
  #contents: Contents;
  #writing: Promise<void> = Promise.resolve();

  private constructor(disk: Disk, newNodeId: (fingerprint: string) => string, loaded: Contents) {
    this.#disk = disk;
    this.#newNodeId = newNodeId;
    this.#contents = loaded;
  }

  static async load(disk: Disk, newNodeId: (fingerprint: string) => string): Promise<Registry> {
    const text = await disk.read(FILE);
    const empty: Contents = { admitSequence: 0, revokeSequence: 0, nodes: [], revoked: [] };
    return new Registry(disk, newNodeId, text === undefined ? empty : contents.parse(JSON.parse(text)));
  }

  /** Registers the keys it does not know yet. A list older than the one taken changes nothing. */
  async admit(list: KeyList): Promise<void> {
    const { admitSequence, nodes, revoked } = this.#contents;
    const known = new Set([...revoked, ...nodes.map((node) => node.fingerprint)]);
    const added = list.keys
      .filter((key) => !known.has(key.fingerprint))
      .map(({ fingerprint }) => ({ fingerprint, nodeId: this.#newNodeId(fingerprint), seen: false }));
    if (list.sequence < admitSequence || (list.sequence === admitSequence && added.length === 0)) {
      return;
    }
    await this.#become({ ...this.#contents, admitSequence: list.sequence, nodes: [...nodes, ...added] });
  }

  /** @returns the keys that are unregistered by this list and were not before. */
  async revoke(list: KeyList): Promise<readonly NodeKey[]> {
    const { nodes, revoked, revokeSequence } = this.#contents;
    const fresh = list.keys.filter((key) => !revoked.includes(key.fingerprint));
    if (list.sequence < revokeSequence || (list.sequence === revokeSequence && fresh.length === 0)) {
      return [];
    }
    const gone = new Set(fresh.map((key) => key.fingerprint));
    await this.#become({
      ...this.#contents,
      revokeSequence: list.sequence,
      nodes: nodes.filter((node) => !gone.has(node.fingerprint)),
      revoked: [...revoked, ...gone],
    });
    return fresh;
  }

  nodeIdOf(fingerprint: string): string | undefined {
    return this.#contents.nodes.find((node) => node.fingerprint === fingerprint)?.nodeId;
  }

  async markSeen(fingerprint: string): Promise<void> {
    const nodes = this.#contents.nodes.map((node) =>
      node.fingerprint === fingerprint ? { ...node, seen: true } : node,
    );
    await this.#become({ ...this.#contents, nodes });
  }

  entries(isOnline: (fingerprint: string) => boolean): readonly NodeEntry[] {
    const entries = this.#contents.nodes.map(({ fingerprint, nodeId, seen }): NodeEntry => {
      const away = seen ? "offline" : "registered";
      return { key: fingerprint, nodeId, status: isOnline(fingerprint) ? "online" : away };
    });
    return entries.sort((one, other) => (one.key < other.key ? -1 : 1));
  }

  /** Memory changes at once, so that two SuperNodes that join together both count; the disk follows in order. */
  async #become(next: Contents): Promise<void> {
    this.#contents = next;
    const turn = this.#writing
      .catch(() => undefined)
      .then(() => this.#disk.write(FILE, JSON.stringify(this.#contents)));
    this.#writing = turn;
    await turn;
  }
}
