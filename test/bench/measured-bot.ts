/** The bot that ships, except that it says what it costs when it is asked. */
import { runProgram } from "../../src/program.ts";
import { answerCosts } from "./probe.ts";

answerCosts({ watching: true });
await runProgram();
