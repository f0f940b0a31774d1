import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { channelId } from "../../src/federation/model/identity.ts";
import { openChannelIds } from "../../src/store/channel-id-file.ts";

const A = channelId.parse("CA1");
const B = channelId.parse("CB1");
const C = channelId.parse("CC1");
const OTHER = channelId.parse("COTHER");

describe("The ids of channels", () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "florist-channels-"));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  it("lead from each id that a channel has had to its first and to its newest, also after a restart", async () => {
    const path = join(directory, "channels.json");
    const ids = await openChannelIds(path);
    await ids.change(A, B);
    await Promise.all([ids.change(B, C), ids.change(B, C), ids.change(A, C)]);
    for (const opened of [ids, await openChannelIds(path)]) {
      assert.deepEqual([A, B, C, OTHER].map(opened.first), [A, A, A, OTHER]);
      assert.deepEqual([A, B, C, OTHER].map(opened.newest), [C, C, C, OTHER]);
    }
  });

  it("are not guessed from a damaged file", async () => {
    const path = join(directory, "damaged.json");
    await writeFile(path, "{");
    await assert.rejects(openChannelIds(path), /damaged\.json cannot be used/);
  });
});
