// Preloaded into every child of the local world: a child whose parent is gone, however it ended, ends too.
// It needs nothing of the child: the parent keeps an IPC channel open, and a closed channel means that the parent is gone.
if (process.channel !== undefined) {
  process.channel.unref();
  process.on("disconnect", () => {
    process.kill(process.pid, "SIGTERM");
  });
}
