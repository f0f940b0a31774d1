/** A Dockerfile as far as this project's needs it: stages, and their steps in order. Throws at what it does not know. */

export interface Step {
  readonly instruction: string;
  /** Continued lines joined; comments left out. */
  readonly text: string;
}

export interface ImageStage {
  readonly name: string | null;
  readonly from: string;
  readonly steps: readonly Step[];
}

const KNOWN = ["FROM", "WORKDIR", "COPY", "RUN", "ENV", "LABEL", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "CMD"];

export function parseDockerfile(text: string): readonly ImageStage[] {
  const stages: { name: string | null; from: string; steps: Step[] }[] = [];
  for (const { instruction, text: rest } of stepsOf(text)) {
    if (!KNOWN.includes(instruction)) throw new Error(`${instruction} is not known here.`);
    if (instruction === "FROM") {
      const [from = "", , name = null] = rest.split(/\s+/);
      stages.push({ from, name, steps: [] });
      continue;
    }
    const stage = stages.at(-1);
    if (stage === undefined) throw new Error(`${instruction} stands before FROM.`);
    stage.steps.push({ instruction, text: rest });
  }
  return stages;
}

function stepsOf(text: string): readonly Step[] {
  const lines = text.split("\n").filter((line) => !/^\s*(#|$)/.test(line));
  return lines
    .join("\n")
    .replace(/\\\n\s*/g, "")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [, instruction = "", rest = ""] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
      return { instruction, text: rest };
    });
}
