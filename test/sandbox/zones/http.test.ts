import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { onBench } from "./bench.ts";

const call = "<methodCall><methodName>one.system.version</methodName></methodCall>";

/** The first line of what the server says to these lines and this body. */
async function firstLine(url: string, head: readonly string[], body: string): Promise<string> {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(`${[...head, `Host: ${hostname}`, "", ""].join("\r\n")}${body}`);
  const [chunk] = await once(socket, "data");
  socket.destroy();
  return String(chunk).split("\r\n")[0] ?? "";
}

test("oned's HTTP server wants a POST of XML with its length", () =>
  onBench({}, async (bench) => {
    const url = bench.running.addresses.zones[0]?.xmlrpc ?? "";
    const xml = "Content-Type: text/xml";
    const answers = await Promise.all([
      firstLine(url, ["POST /RPC2 HTTP/1.1", xml, `Content-Length: ${call.length}`], call),
      firstLine(
        url,
        ["POST /RPC2 HTTP/1.1", xml, "Transfer-Encoding: chunked"],
        `${call.length.toString(16)}\r\n${call}\r\n0\r\n\r\n`,
      ),
      firstLine(url, ["POST /RPC2 HTTP/1.1", xml, "Content-Length: 0"], ""),
      firstLine(url, ["POST /RPC2 HTTP/1.1", "Content-Type: text/plain", `Content-Length: ${call.length}`], call),
      firstLine(url, ["GET /RPC2 HTTP/1.1"], ""),
      firstLine(url, ["POST /other HTTP/1.1", xml, `Content-Length: ${call.length}`], call),
    ]);
    assert.deepEqual(
      answers.map((line) => line.split(" ")[1]),
      ["200", "411", "400", "400", "405", "404"],
    );
  }));
