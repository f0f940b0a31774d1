/** The part of `evolve` that follows a federation's last day: what its owners are asked, and what becomes of it. */
import type { EventOf } from "./events.ts";
import type { Federation, Site } from "./state.ts";
import type { GoOn } from "./term.ts";

/** Older ones are over for everybody; their cards say so. */
const MAX_QUESTIONS = 10;

export function evolveTerm(
  federation: Federation,
  event: EventOf<"end-near" | "go-on-asked" | "term-extended">,
  at: string,
): Federation {
  const { term } = federation;
  if (term === null) return federation;
  switch (event.type) {
    case "end-near":
      return { ...federation, term: { ...term, reminded: true } };
    case "go-on-asked": {
      const { until, answerBy } = event;
      const asked = { ...federation, term: { ...term, question: { until, askedAt: at, answerBy } } };
      return withSites(asked, (site) => withQuestion(site, event));
    }
    case "term-extended": {
      const answered = withoutQuestion(federation, "goes-on");
      return { ...answered, term: { until: event.until, reminded: false, question: null } };
    }
  }
}

function withQuestion(site: Site, { cards, until, answerBy }: EventOf<"go-on-asked">): Site {
  const card = cards[site.name];
  if (card === undefined) return site;
  const question: GoOn = { card, until, answerBy, agreedBy: null, reminded: false, outcome: "open" };
  return { ...site, goOns: [...site.goOns, question].slice(-MAX_QUESTIONS) };
}

/** Whatever was asked is over, at every site. */
export function withoutQuestion(federation: Federation, outcome: Exclude<GoOn["outcome"], "open">): Federation {
  const { term } = federation;
  if (term === null || term.question === null) return federation;
  return withSites({ ...federation, term: { ...term, question: null } }, (site) =>
    withOpenGoOn(site, (open) => ({ ...open, outcome })),
  );
}

/** A change to the question that is open at a site; nothing where none is. */
export function withOpenGoOn(site: Site, change: (open: GoOn) => GoOn): Site {
  if (!site.goOns.some(({ outcome }) => outcome === "open")) return site;
  return { ...site, goOns: site.goOns.map((goOn) => (goOn.outcome === "open" ? change(goOn) : goOn)) };
}

const withSites = (federation: Federation, change: (site: Site) => Site): Federation => ({
  ...federation,
  sites: new Map([...federation.sites].map(([name, site]) => [name, change(site)])),
});
