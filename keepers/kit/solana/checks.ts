/** What every Solana keeper checks of its node. */
import { z } from "zod";

import type { CheckPlan } from "../doctor.js";
import { clusterHead } from "./cluster.js";
import type { SolanaConnection } from "./connection.js";

const programAccount = z.object({ value: z.object({ executable: z.boolean() }).nullable() });

/** `rpc`, `genesis` and `program`. */
export function clusterChecks({ client, config, chainId }: SolanaConnection, programId: string): CheckPlan[] {
  const { network } = config;
  return [
    {
      name: "rpc",
      expected: "a node that answers",
      fix: network.local ? "start the local cluster: npm run validator" : "check the RPC variable and its node",
      look: async () => {
        const head = await clusterHead(client);
        return {
          ok: true,
          found: `${client.shownUrl} at slot ${String(head.slot)}, final ${String(head.finalizedSlot)}`,
        };
      },
    },
    {
      name: "genesis",
      expected: `the cluster ${network.genesisHash}`,
      fix: "point the RPC variable of this network to a node of its cluster",
      needs: ["rpc"],
      look: async () => ({ ok: true, found: await chainId() }),
    },
    {
      name: "program",
      expected: `an executable program at ${programId}`,
      fix: "deploy it, or correct its address in the parameters of the network",
      needs: ["genesis"],
      look: async () => {
        const { value } = await client.request("getAccountInfo", [programId, { encoding: "base64" }], programAccount);
        const found = value === null ? "nothing" : value.executable ? "a program" : "an account that is no program";
        return { ok: value?.executable === true, found };
      },
    },
  ];
}
