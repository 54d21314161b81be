/** `deployments/<network>.json` of a Solana network: what a deployment left behind. Read by protocol/solana/network.ts. */
import { DEPLOYMENTS_FOLDER } from "../../../protocol/params/load.js";
import {
  paramsReferenceOf,
  solanaRecordFile,
  type LoadedSolanaParams,
  type SolanaRecord,
} from "../../../protocol/solana/network.js";
import { VaultAddresses } from "../../../protocol/solana/addresses.js";
import { replaceFile } from "../store.js";
import { codeHash, type BuiltProgram } from "./built.js";
import type { SolanaChain } from "./chain.js";
import { marketOf, programState } from "./state.js";

/** The record of what is on the cluster now. Programs that are not there are left out. */
export async function currentRecord(
  chain: SolanaChain,
  loaded: LoadedSolanaParams,
  built: readonly BuiltProgram[],
): Promise<SolanaRecord> {
  const programs: SolanaRecord["programs"] = {};
  for (const { name, programId } of built) {
    const state = await programState(chain, programId);
    if (state.kind !== "deployed") continue;
    const { programData, slot, so } = state;
    programs[name] = { programId, programData, codeSha256: codeHash(so), deploySlot: String(slot) };
  }
  const market = await marketOf(chain, loaded.params.programs["position-manager"]);
  return {
    genesisHash: await chain.genesisHash(),
    programs,
    ...(market === undefined ? {} : { market: market.address }),
    vaultAuthority: await new VaultAddresses(loaded.params.programs["collateral-vault"]).vaultAuthority(),
    params: paramsReferenceOf(loaded),
  };
}

export function writeSolanaRecord(network: string, record: SolanaRecord, folder = DEPLOYMENTS_FOLDER): void {
  replaceFile(solanaRecordFile(network, folder), record);
}
