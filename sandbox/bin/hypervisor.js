#!/usr/bin/env node
// What `npm run build` compiled.
await import("../../dist/sandbox/hypervisor/main.js");
