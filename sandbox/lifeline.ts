/**
 * Loaded by Node before a program of the sandbox: when the process that started it is gone, however that ended, the
 * program is told to end as by SIGTERM. So the bot that ships need not know that it is in a sandbox.
 */
process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
process.channel?.unref();
