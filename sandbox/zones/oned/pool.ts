/** Objects of one kind; ids only ever grow, also over deletions, as in oned's tables. */
export class Pool<Member extends { readonly id: number }> {
  readonly #members = new Map<number, Member>();
  #nextId = 0;

  /** `build` gets the next id. Nothing is used up when it throws. */
  add(build: (id: number) => Member): Member {
    const member = build(this.#nextId);
    this.#members.set(member.id, member);
    this.#nextId = member.id + 1;
    return member;
  }

  get(id: number): Member | undefined {
    return this.#members.get(id);
  }

  remove(id: number): void {
    this.#members.delete(id);
  }

  /** The newest first, the order in which oned's pools are written. */
  newestFirst(): Member[] {
    return [...this.#members.values()].sort((a, b) => b.id - a.id);
  }

  /** Ids below this one are used up; lets a test or a seed begin at a recorded number. */
  startAt(id: number): void {
    this.#nextId = Math.max(this.#nextId, id);
  }

  get nextId(): number {
    return this.#nextId;
  }
}
