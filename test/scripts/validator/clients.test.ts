import path from "node:path";

import { TOKEN_2022_PROGRAM_ID, TOKEN_PROGRAM_ID } from "@solana/spl-token";

import type { EngineOptions, RunningValidator } from "../../../scripts/validator/engines/engine.js";
import { startLiteSvm } from "../../../scripts/validator/engines/litesvm.js";
import { startSurfpool } from "../../../scripts/validator/engines/surfpool.js";
import { ownPrograms } from "../../../scripts/validator/localPrograms.js";
import { describeWith } from "../../helpers/describeWith.js";
import { testEngine } from "../../helpers/solanaEngine/engine.js";
import { anchorFlow } from "../../helpers/solanaClients/anchor.js";
import { endpointOf, type Endpoint } from "../../helpers/solanaClients/endpoint.js";
import { kitFlow } from "../../helpers/solanaClients/kit.js";
import { splTokenFlow } from "../../helpers/solanaClients/splToken.js";
import { web3Flow } from "../../helpers/solanaClients/web3.js";

/** Fast enough that nobody waits, slow enough that a transaction is asked about in more than one state. */
const SLOT_MS = 20;
/** Its own pace. */
const SURFPOOL_SLOT_MS = 400;

function clients(endpoint: () => Endpoint): void {
  describe("@solana/web3.js", () => {
    web3Flow(endpoint);
  });
  describe("@solana/kit", () => {
    kitFlow(endpoint);
  });
  describe("@solana/spl-token with SPL Token", () => {
    splTokenFlow(endpoint, TOKEN_PROGRAM_ID);
  });
  describe("@solana/spl-token with Token-2022", () => {
    splTokenFlow(endpoint, TOKEN_2022_PROGRAM_ID);
  });
  describe("@anchor-lang/core", () => {
    anchorFlow(endpoint);
  });
}

/** A validator as the command starts it. */
function startedBy(start: (options: EngineOptions) => Promise<RunningValidator>, slotMs: number): () => Endpoint {
  let validator: RunningValidator;
  before(async () => {
    const programs = ownPrograms(path.resolve(import.meta.dirname, "../../.."));
    const { signal } = new AbortController();
    validator = await start({ port: 0, slotMs, programs, signal, say: () => undefined });
  });
  after(() => validator.stop());
  return () => ({ url: validator.rpc, wsUrl: validator.ws });
}

if (testEngine() === "litesvm") {
  describe("clients without change on the LiteSVM engine", () => {
    clients(startedBy(startLiteSvm, SLOT_MS));
  });
}

describeWith("surfpool", "clients without change on the surfpool engine", () => {
  clients(startedBy(startSurfpool, SURFPOOL_SLOT_MS));
});

describeWith("solanaRpc", "clients without change on the cluster of SOLANA_RPC_URL", () => {
  clients(() => endpointOf(process.env["SOLANA_RPC_URL"] ?? "", process.env["SOLANA_WS_URL"]));
});
