/** A chain of the local world as a program of its own: a JSON-RPC node. Started by the world, never by people. */
import { network } from "hardhat";

/** Room for a block's market transaction at 5x and a compressed minute per second. */
const BLOCK_GAS = 200_000_000n;

/** Tells the world why the node cannot run. The server reports a port in use outside of any promise. */
function fail(error: unknown): void {
  const code = error instanceof Error && "code" in error ? String(error.code) : "UNKNOWN";
  const message = error instanceof Error ? error.message : String(error);
  if (process.send === undefined) process.exit(1);
  process.send({ error: code, message }, () => process.exit(1));
}
process.on("uncaughtException", fail);

const [chain = "138", port = "0"] = process.argv.slice(2);
try {
  const server = await network.createServer(
    {
      network: `sim${chain}`,
      override: { blockGasLimit: BLOCK_GAS, initialBaseFeePerGas: 1_000_000_000n },
    },
    "127.0.0.1",
    Number(port),
  );
  const listening = await server.listen();
  process.send?.({ port: listening.port });
  process.on("SIGTERM", () => {
    void server.close().finally(() => process.exit(0));
  });
} catch (error) {
  fail(error);
}
