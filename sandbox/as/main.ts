/** The sandbox by hand, without the page: one line types, presses or shows, and prints what people would read. */
import { parseArgs } from "node:util";
import { z } from "zod";
import { slackControl } from "../slack/client.ts";
import { Hand } from "./hand.ts";

const HELP = `Does one thing in the sandbox that runs (npm run sandbox), as one of its people, and prints what they read.

  npm run sandbox:as -- WHO WHAT …

  requester deploy-site name=hearts coordinator=zone-a training=zone-b,zone-c
                          fills in the form and sends it; further fields by the first words of their label, such as
                          what="Predicts readmission" last-day=2027-03-01
  owner-b approve [TEXT]  presses Approve on the newest card in the channel of zone-b, or the newest that holds TEXT
  owner-b press "See what runs" [TEXT]
                          presses any other button of a card, in that channel or in #federation
  requester status hearts, zones, teardown hearts, help
                          types the command, or mentions the bot for those who have no command
  requester home          opens the app's home, for members of the organisation that installed it
  show zone-b             prints a channel with its threads: federation, zone-a, …

  WHO is requester, owner-a, second-owner-a, … or a name: stan and stella are strangers.

  --page URL   the page's address (http://127.0.0.1:4400)
  --help       this text`;

const { values, positionals } = parseArgs({
  options: {
    page: { type: "string", default: "http://127.0.0.1:4400" },
    help: { type: "boolean", default: false },
  },
  allowPositionals: true,
});

const addresses = z.object({ slackControl: z.url() });

async function controlAddress(page: string): Promise<string> {
  const answer = await fetch(`${page}/addresses`).catch(() => undefined);
  if (answer?.ok !== true) {
    throw new Error(
      `No sandbox answers at ${page}. Start it with npm run sandbox, or say --page with the address it printed.`,
    );
  }
  return addresses.parse(await answer.json()).slackControl;
}

if (values.help || positionals.length === 0) console.log(HELP);
else {
  try {
    const hand = await Hand.reach(slackControl(await controlAddress(values.page)));
    console.log(await hand.carryOut(positionals));
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
