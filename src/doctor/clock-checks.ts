/** Whether this machine's clock is right, by what Slack and the zones say what time it is. */
import { type Check, fault, ok, warning } from "./check.ts";

/** Slack refuses, and is refused, what was signed more than five minutes away; a `Date` counts in seconds. */
const TOO_FAR = 300_000;
const FAR = 30_000;

export interface ClockSample {
  /** Such as `Slack` or `zone-a`. */
  readonly who: string;
  /** Milliseconds by which their clock is ahead of this machine's. */
  readonly ahead: number;
}

/** When most of the others agree on another time it is this machine's clock that is wrong, which is one mistake. */
export function clockChecks(samples: readonly ClockSample[]): readonly Check[] {
  const own = medianOf(samples.map(({ ahead }) => ahead));
  const isOwnWrong =
    samples.length > 1 && samples.filter(({ ahead }) => Math.abs(ahead - own) <= FAR).length * 2 > samples.length;
  const offset = isOwnWrong && Math.abs(own) > FAR ? own : 0;
  const ofOwn = offset === 0 ? [] : [judged("this machine", -offset, "Let it keep time by NTP, such as with chrony.")];
  const ofOthers = samples.flatMap(({ who, ahead }) => {
    const apart = ahead - offset;
    if (Math.abs(apart) > FAR) return [judged(who, apart, `Let the machines of ${who} keep time by NTP.`)];
    return offset === 0 ? [ok({ code: "clock", subject: who }, `The clocks of ${who} and of this machine agree.`)] : [];
  });
  return [...ofOwn, ...ofOthers];
}

function judged(who: string, ahead: number, remedy: string): Check {
  const seconds = Math.round(Math.abs(ahead) / 1000);
  const apart = seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
  const sentence = `The clock of ${who} is ${apart} ${ahead > 0 ? "fast" : "slow"}.`;
  return (Math.abs(ahead) > TOO_FAR ? fault : warning)({ code: "clock", subject: who }, sentence, remedy);
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}
