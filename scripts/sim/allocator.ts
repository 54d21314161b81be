/**
 * Imported before the chain is loaded: its allocator (mimalloc) gives memory back to the system after every transaction and asks for it
 * again in the next one, a fifth of a simulation's processor time. Kept by the process, the memory is reused instead.
 */
process.env["MIMALLOC_PURGE_DELAY"] ??= "-1";
