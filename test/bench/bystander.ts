/** A process that does nothing: what its event loop shows is the machine's doing. */
import { answerCosts } from "./probe.ts";

answerCosts();
setInterval(() => undefined, 60_000);
console.log("ready {}");
