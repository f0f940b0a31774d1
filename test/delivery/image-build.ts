/**
 * Carries out a Dockerfile's steps without Docker: each stage is a folder, `/` in it is that folder, and the base image is
 * this machine with its node. Users of the base image are not there, so nothing is given to them.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { ImageStage, Step } from "./dockerfile.ts";

export interface BuiltStage {
  /** What stands for `/`. */
  readonly root: string;
  /** Of the image, such as `/florist`. */
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Files at the top of the checkout that .dockerignore lets in; what stands below them comes along, but for caches. */
function letIn(context: string): readonly string[] {
  return readFileSync(join(context, ".dockerignore"), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("!"))
    .map((line) => line.slice(1));
}

/** `place`: an empty folder. The last stage is the image. */
export function buildImage(stages: readonly ImageStage[], context: string, place: string): BuiltStage {
  const built = new Map<string, BuiltStage>();
  let last: BuiltStage | undefined;
  for (const [index, stage] of stages.entries()) {
    last = buildStage(stage, { context, root: join(place, String(index)), built });
    if (stage.name !== null) built.set(stage.name, last);
  }
  if (last === undefined) throw new Error("The Dockerfile has no stage.");
  return last;
}

interface Building {
  readonly context: string;
  readonly root: string;
  readonly built: ReadonlyMap<string, BuiltStage>;
}

function buildStage({ steps }: ImageStage, building: Building): BuiltStage {
  const { root } = building;
  let stage: BuiltStage = { root, workdir: "/", env: {} };
  mkdirSync(join(root, "tmp"), { recursive: true });
  for (const step of steps) stage = carryOut(step, stage, building);
  return stage;
}

function carryOut({ instruction, text }: Step, stage: BuiltStage, building: Building): BuiltStage {
  switch (instruction) {
    case "WORKDIR":
      mkdirSync(join(stage.root, text), { recursive: true });
      return { ...stage, workdir: text };
    case "ENV":
      return { ...stage, env: { ...stage.env, ...variables(text) } };
    case "COPY":
      copy(text, stage, building);
      return stage;
    case "RUN":
      run(text, stage);
      return stage;
    default:
      return stage;
  }
}

export const variables = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(/([\w.]+)=(?:"([^"]*)"|(\S+))/g)].map(([, name = "", quoted, plain]) => [
      name,
      quoted ?? plain ?? "",
    ]),
  );

function copy(text: string, { root, workdir }: BuiltStage, { context, built }: Building): void {
  const [, from, list = ""] = /^(?:--from=(\S+) )?(.*)$/.exec(text) ?? [];
  const names = list.split(" ");
  const to = names.pop() ?? "";
  const source = from === undefined ? context : built.get(from)?.root;
  if (source === undefined) throw new Error(`There is no stage ${from}.`);
  const allowed = letIn(context);
  for (const name of names) {
    if (from === undefined && !allowed.includes(name)) throw new Error(`.dockerignore keeps ${name} out.`);
    const target = join(root, workdir, to, to.endsWith("/") ? basename(name) : "");
    cpSync(join(source, name), target, { recursive: true, filter: (path) => !path.includes("__pycache__") });
  }
}

/** Paths of the image that stand in the command are those below the stage's folder. */
function run(command: string, { root, workdir, env }: BuiltStage): void {
  const here = command.replace(/ --(?:owner|group)=node/g, "").replace(/(?<=\s)\/(?=(?:var|tmp|etc)\/)/g, `${root}/`);
  execFileSync("/bin/sh", ["-ec", here], {
    cwd: join(root, workdir),
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], npm_config_prefer_offline: "true", ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
}
