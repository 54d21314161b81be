import { TOKEN_2022_PROGRAM_ID, TOKEN_PROGRAM_ID } from "@solana/spl-token";

import { ValidatorServer } from "../../../scripts/validator/server.js";
import { anchorFlow } from "../../helpers/solanaClients/anchor.js";
import type { Endpoint } from "../../helpers/solanaClients/endpoint.js";
import { kitFlow } from "../../helpers/solanaClients/kit.js";
import { splTokenFlow } from "../../helpers/solanaClients/splToken.js";
import { web3Flow } from "../../helpers/solanaClients/web3.js";

/** Fast enough that nobody waits, slow enough that a transaction is asked about in more than one state. */
const SLOT_MS = 20;

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

describe("clients without change on the LiteSVM engine", () => {
  let server: ValidatorServer;
  before(async () => {
    server = await ValidatorServer.start({ slotMs: SLOT_MS, clockMsPerSlot: BigInt(SLOT_MS) });
  });
  after(() => server.stop());
  clients(() => server);
});
