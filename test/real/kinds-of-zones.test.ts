import { test } from "node:test";
import { startSandbox } from "../../sandbox/composition.ts";
import { ZONES_OF_EVERY_KIND } from "../../sandbox/kinds-of-zones.ts";
import { playKinds } from "../../sandbox/story/kinds.ts";
import { playedWhole } from "../story/plays.ts";
import { leftOut } from "./left-out.ts";

test("with real Flower, zones of every kind train together under an organisation's own CA, one of them on a file that only its disk holds", {
  skip: await leftOut(),
}, async () => {
  const sandbox = await startSandbox({ ...ZONES_OF_EVERY_KIND, real: true, speed: 20, seed: "kinds", portBase: 0 });
  try {
    await playedWhole((print) => playKinds(sandbox, print));
  } finally {
    await sandbox.stop();
  }
});
