import type { TunnelPeer, TunnelPeerState } from "../../../src/guest-protocol/tunnel.ts";

/** WireGuard's own times, in milliseconds at speed 1. */
const REKEY_AFTER_MS = 120_000;
/** The end that answered last time begins by itself only if the other one does not. */
const REKEY_BY_RESPONDER_MS = 165_000;
const REJECT_AFTER_MS = 180_000;
/** It gives up after 90 s by itself; the agent sees to it that it goes on. */
const RETRY_MS = 5_000;
/** What was sent and not answered for so long brings a new handshake. */
const UNANSWERED_MS = 15_000;
/** Both ends, as the guest protocol says. */
const KEEPALIVE_MS = 25_000;
/** How long it may take until the first handshake before that is told. */
const TRIED_FOR_MS = 15_000;
const HEARD_WITHIN_MS = 30_000;
const RESTLESS = { moves: 4, withinMs: 60_000 };
/** A hub takes a peer for one whose clock went back when nothing came for so long and it knocked so often meanwhile. */
const DEAF = { afterMs: 20_000, knocks: 3, againAfterMs: 60_000 };

type Session = { readonly id: string; readonly at: number; readonly isInitiator: boolean };

/** Another end, as a device keeps it: what it was told, and what has come of it. Moments are by the guest's clock. */
export class Peer {
  readonly key: string;
  replaces: string | null;
  allowed: readonly string[];
  /** Where its packets came from last, or where it is said to be. */
  endpoint: string | null;
  #told: string | null;
  #session: Session | undefined;
  #handshakeAt: number | undefined;
  /** Of its newest initiation; an older one is a repetition, or comes from a clock that went back. */
  #newest = Number.NEGATIVE_INFINITY;
  #moves = 0;
  #movedAt: readonly number[] = [];
  #rx = 0;
  #tx = 0;
  #begun: number;
  #nextTry = Number.NEGATIVE_INFINITY;
  #unansweredSince: number | undefined;
  #keptAlive = Number.NEGATIVE_INFINITY;
  /** When anything came, and how often its address had knocked until then. */
  #heard: { readonly at: number; readonly knocks: number };
  #madeAnew = Number.NEGATIVE_INFINITY;

  constructor({ key, endpoint, allowed, replaces }: TunnelPeer, seenAt: string | undefined, now: number) {
    this.key = key;
    this.#begun = now;
    this.#heard = { at: now, knocks: 0 };
    this.#told = endpoint;
    this.endpoint = seenAt ?? endpoint;
    this.allowed = allowed;
    this.replaces = replaces;
  }

  /** Told again: an endpoint that was told before gives way to where packets came from meanwhile. */
  told({ endpoint, allowed, replaces }: TunnelPeer): void {
    if (endpoint !== this.#told) this.endpoint = endpoint;
    this.#told = endpoint;
    this.allowed = allowed;
    this.replaces = replaces;
  }

  sessionAt(now: number): string | undefined {
    return this.#session !== undefined && now - this.#session.at < REJECT_AFTER_MS ? this.#session.id : undefined;
  }

  /** Whether an initiation with this timestamp is newer than all before; if so it is the newest from now on. */
  isNews(timestamp: number): boolean {
    const isNews = timestamp > this.#newest;
    if (isNews) this.#newest = timestamp;
    return isNews;
  }

  shookHands(now: number, id: string, isInitiator: boolean): void {
    this.#session = { id, at: now, isInitiator };
    this.#handshakeAt = now;
    this.#unansweredSince = undefined;
    this.#nextTry = now + RETRY_MS;
    this.#keptAlive = now;
  }

  /** Nothing was agreed with the own key of today yet. */
  ownKeyChanged(now: number): void {
    this.#begun = now;
    this.#handshakeAt = undefined;
    this.forgetSession();
  }

  forgetSession(): void {
    this.#session = undefined;
    this.#nextTry = Number.NEGATIVE_INFINITY;
  }

  wantsHandshake(now: number): boolean {
    if (this.endpoint === null || now < this.#nextTry) return false;
    if (this.#session === undefined) return true;
    const rekeyAfter = this.#session.isInitiator ? REKEY_AFTER_MS : REKEY_BY_RESPONDER_MS;
    const isUnanswered = this.#unansweredSince !== undefined && now - this.#unansweredSince >= UNANSWERED_MS;
    return now - this.#session.at >= rekeyAfter || isUnanswered;
  }

  tried(now: number): void {
    this.#nextTry = now + RETRY_MS;
  }

  wantsKeepalive(now: number): boolean {
    return this.sessionAt(now) !== undefined && now - this.#keptAlive >= KEEPALIVE_MS;
  }

  keptAlive(now: number): void {
    this.#keptAlive = now;
  }

  sent(bytes: number): void {
    this.#tx += bytes;
  }

  /** Only a packet of its session counts, and tells where it is. */
  received(bytes: number, from: string | null, heard: { at: number; knocks: number }): void {
    this.#rx += bytes;
    this.#heard = heard;
    this.#unansweredSince = undefined;
    if (from === null) return;
    if (this.endpoint !== null && this.endpoint !== from) {
      this.#moves += 1;
      this.#movedAt = [...this.#movedAt, heard.at].slice(-RESTLESS.moves);
    }
    this.endpoint = from;
  }

  unanswered(now: number): void {
    this.#unansweredSince ??= now;
  }

  /** Whether it is too early to say of a peer that has never answered that it does not. */
  isNew(now: number): boolean {
    return this.#handshakeAt === undefined && now - this.#begun < TRIED_FOR_MS;
  }

  /** How often it was knocked from its place since anything came. */
  knocksInVain(knocks: number): number {
    return knocks - this.#heard.knocks;
  }

  /** Whether it knocks in vain after it was known, which is how one looks whose clock went back. */
  isDeaf(now: number, knocks: number): boolean {
    const { at, knocks: before } = this.#heard;
    const isAgain = now - this.#madeAnew < DEAF.againAfterMs;
    return this.#handshakeAt !== undefined && !isAgain && now - at > DEAF.afterMs && knocks - before >= DEAF.knocks;
  }

  /** As if it had been removed and added: which timestamp was the newest is forgotten. */
  makeAnew(now: number): void {
    this.#madeAnew = now;
    this.#newest = Number.NEGATIVE_INFINITY;
    this.forgetSession();
  }

  state(now: number): TunnelPeerState {
    const age = this.#handshakeAt === undefined ? null : Math.floor((now - this.#handshakeAt) / 1000);
    return {
      key: this.key,
      age,
      rx: this.#rx,
      tx: this.#tx,
      endpoint: this.endpoint,
      allowed: this.allowed,
      moves: this.#moves,
    };
  }

  /** Something came of it as lately as keepalives do. */
  isHeard(now: number): boolean {
    return now - this.#heard.at <= HEARD_WITHIN_MS;
  }

  /** No router changes a place so often: two machines have its key. */
  isRestless(now: number): boolean {
    const first = this.#movedAt.at(-RESTLESS.moves);
    return first !== undefined && now - first <= RESTLESS.withinMs;
  }
}
