/** A cluster of one's own on the engine that was chosen. */
import { ValidatorServer, type ServerOptions } from "../../../scripts/validator/server.js";
import { testEngine, type EngineNode, type SvmEngine } from "./engine.js";
import { LiteEngine } from "./liteEngine.js";
import { liteNode } from "./liteNode.js";
import { stopSurfpools, SurfpoolEngine } from "./surfpoolEngine.js";

if (testEngine() === "surfpool") after(stopSurfpools);

export async function startEngine(): Promise<SvmEngine> {
  switch (testEngine()) {
    case "litesvm":
      return new LiteEngine();
    case "surfpool":
      return SurfpoolEngine.start();
    case "rpc":
      throw notOurs();
  }
}

/**
 * The same behind JSON-RPC, empty. Depths and the ledger's length are for LiteSVM: surfpool confirms after a block, finalizes after 31, and
 * keeps everything. With `slotMs` slots pass by themselves, on surfpool at a pace of its own.
 */
export async function startNode(options: ServerOptions = {}): Promise<EngineNode> {
  switch (testEngine()) {
    case "litesvm":
      return liteNode(await ValidatorServer.start(options));
    case "surfpool": {
      const engine = await SurfpoolEngine.start(options.seed);
      if (options.genesisTime !== undefined) engine.setClock(options.genesisTime, 0n);
      const node = await engine.serve(true);
      if (options.slotMs !== undefined) engine.run();
      return node;
    }
    case "rpc":
      throw notOurs();
  }
}

function notOurs(): Error {
  return new Error("the cluster of SOLANA_RPC_URL is not ours: the suite must be skipped there (describeWith)");
}
