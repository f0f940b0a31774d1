/** Loaded by Node before the program that ships, which so says what it costs when it is asked. */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { answerCosts, LoopWatch } from "./probe.ts";

/** Node names every connection that is begun there. */
const CONNECTIONS = "net.client.socket";

const loop = new LoopWatch();
/** Before the bot calls anybody its code is loaded, in one piece, and nobody waits for it. */
const begin = (): void => {
  unsubscribe(CONNECTIONS, begin);
  loop.start();
};
subscribe(CONNECTIONS, begin);
answerCosts(loop);
