import assert from "node:assert/strict";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { JournalError } from "../../src/store/journal-error.ts";
import { ASKED_AGAIN, create, happens, openStoreIn } from "./stores.ts";

test("A store whose directory is taken away says so once something is to be written, and not before", async () => {
  const directory = await mkdtemp(join(tmpdir(), "florist-lost-"));
  const store = await openStoreIn(directory);
  try {
    await create(store.federations, 1);
    assert.equal(await store.trouble(), null);
    await rename(directory, `${directory}-away`);
    await assert.rejects(happens(store.federations, 1, ASKED_AGAIN), JournalError);
    const lost = await store.lost;
    assert.equal(lost.code, "journal-lost");
    assert.match(lost.message, /^The data directory .* cannot be used any more/);
  } finally {
    await rename(`${directory}-away`, directory).catch(() => undefined);
    await store.close();
    await rm(directory, { recursive: true, force: true });
  }
});
