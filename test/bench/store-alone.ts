/** Opens the store of a data directory, as a start does, and says what that has cost. Its argument is the directory. */
import { once } from "node:events";
import { openFilled } from "./filling.ts";
import { answerCosts } from "./probe.ts";

const [, , directory = ""] = process.argv;

answerCosts();
const ended = once(process, "SIGTERM");
const store = await openFilled(directory);
const alive = setInterval(() => undefined, 60_000);
console.log(`ready ${JSON.stringify({ living: [...store.federations.living()].length })}`);
await ended;
clearInterval(alive);
await store.close();
