/** A LiteSVM cluster of the local validator as tests see it. */
import type { ValidatorServer } from "../../../scripts/validator/server.js";
import type { EngineNode } from "./engine.js";

export function liteNode(server: ValidatorServer): EngineNode {
  const { cluster, url, wsUrl } = server;
  return {
    ...{ url, wsUrl, lite: cluster },
    get genesisHash() {
      return cluster.bank.genesisHash;
    },
    get slot() {
      return cluster.bank.blocks.open.slot;
    },
    get now() {
      return cluster.bank.blocks.open.time;
    },
    getAccount: (address) => cluster.bank.getAccount(address),
    setAccount: (account) => {
      cluster.bank.setAccount(account);
    },
    minimumBalanceForRentExemption: (bytes) => cluster.bank.minimumBalanceForRentExemption(bytes),
    advance: (blocks) => {
      cluster.advance(blocks);
    },
    jumpTo: (unixSeconds) => {
      cluster.bank.jumpTo(unixSeconds * 1_000n);
    },
    stop: () => server.stop(),
  };
}
