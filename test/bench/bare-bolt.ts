/** A Bolt app that does nothing but answer one command: what every Bolt app costs at least. */
import { once } from "node:events";
import { App, HTTPReceiver, LogLevel } from "@slack/bolt";
import { answerCosts } from "./probe.ts";

const signingSecret = process.env["SLACK_SIGNING_SECRET"] ?? "";
const receiver = new HTTPReceiver({ signingSecret, logLevel: LogLevel.ERROR });
const app = new App({
  authorize: async () => ({ botId: "B0FLORIST1", botUserId: "U0FLORIST1" }),
  receiver,
  logLevel: LogLevel.ERROR,
});
app.command("/flower", async ({ ack, respond }) => {
  await ack();
  await respond({ response_type: "ephemeral", text: "There is one line to be said." });
});

answerCosts();
const ended = once(process, "SIGTERM");
const server = await app.start({ host: "127.0.0.1", port: 0 });
const address = server.address();
if (address === null || typeof address === "string") throw new Error("It listens at no port.");
console.log(`ready ${JSON.stringify({ url: `http://127.0.0.1:${address.port}/slack/events` })}`);
await ended;
await app.stop();
