/** Every recording of a real OpenNebula, replayed against the stand-in: one process, so that none can be forgotten. */
import "./replay-oned.ts";
import "./replay-failed-deployments.ts";
import "./replay-federation.ts";
import "./replay-images.ts";
import "./replay-oneflow.ts";
import "./replay-onegate.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { allRecorded, replayed } from "./recorded-call.ts";

/** What is not replayed, and why. */
const NOT_REPLAYED: Readonly<Record<string, string>> = {
  "xmlrpc.system.config":
    "the whole configuration of an installation; the stand-in tells those parts that a bot can use",
  "xmlrpc.acl.info-by-member-of-group-0": "rules for hosts, datastores and VDCs, which the stand-in has not",
  "xmlrpc.image.info-error":
    "a kernel's file in a datastore of its own; the stand-in's images are disks in the default one",
  "xmlrpc.error-template-malformed": "the real parser's line number in it is whatever stood in its memory",
};

test("every recording is replayed, or stands here with the reason why it is not", () => {
  const listed = Object.keys(NOT_REPLAYED);
  assert.deepEqual(allRecorded().toSorted(), [...replayed, ...listed].toSorted());
});
