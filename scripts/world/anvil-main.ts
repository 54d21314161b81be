/**
 * A node of anvil in a process that ends with its parent. Arguments: those of anvil beside host and port. Says its address to its parent.
 */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setTimeout as rest } from "node:timers/promises";

import { freePort } from "./child.js";

const LOOK_MS = 20;

// The program that npm has chosen for this machine; the package itself only knows its name.
const program = join(dirname(createRequire(import.meta.url).resolve("@foundry-rs/anvil/package.json")), "bin.mjs");
const port = await freePort();
const url = `http://127.0.0.1:${String(port)}`;
const args = [program, ...process.argv.slice(2), "--silent", "--host", "127.0.0.1", "--port", String(port)];
const node = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
let isUp = false;
node.once("exit", (code) => {
  process.exit(code ?? 1);
});
process.once("SIGTERM", () => {
  node.kill("SIGTERM");
});
while (!isUp) {
  try {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 0, method: "eth_chainId", params: [] });
    isUp = (await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body })).ok;
  } catch {
    // Not yet: when the node cannot start this process ends with it.
    await rest(LOOK_MS);
  }
}
process.send?.({ url });
