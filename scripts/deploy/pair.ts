/** What must be the same on the two chains of one deployment, as far as their parameter files say. Reads no chain. */
import { reservedTokenNames, tokenNames, type NetworkParams } from "../../protocol/params/schema.js";
import { createBlueprint, type Blueprint } from "./blueprint.js";
import { endDifferences, plannedEnd } from "./bridgePair.js";
import { pairDifference, type PairDifference } from "./pairDifference.js";
import { steps } from "./steps.js";
import type { PlannedContract } from "./types.js";

const NOT_PLANNED = "not planned";

/** Contracts that must stand at one address on both chains, by their names in the record. */
export interface TwinContract {
  readonly name: string;
  readonly here: PlannedContract | undefined;
  readonly there: PlannedContract | undefined;
}

/**
 * Contracts whose addresses must be equal: all but those that a chain had before, and those that commit to one of these (reserve vaults,
 * DODO integration, the adapter of CCIP). A contract that only one chain plans is among them.
 */
export function twinContracts(here: Blueprint, there: Blueprint): TwinContract[] {
  const [mine, theirs] = [contractsOf(here), contractsOf(there)];
  const adoptedAlike = { ...there.loaded, params: withAdopted(there.params, here.params) };
  const comparable = contractsOf(createBlueprint(adoptedAlike));
  const names = [...new Set([...mine.keys(), ...theirs.keys()])];
  return names
    .map((name) => ({ name, here: mine.get(name), there: theirs.get(name) }))
    .filter((twin) => ![twin.here, twin.there].some((contract) => contract?.make.by === "adopted"))
    .filter(({ name, here: planned, there: other }) => {
      if (planned === undefined || other === undefined || planned.address === other.address) return true;
      // What the chains had before explains it when the other file, given these, plans this very address.
      return comparable.get(name)?.address !== planned.address;
    });
}

/** Where two parameter files would make two deployments of what must be one. */
export function pairPlanDifferences(here: Blueprint, there: Blueprint): PairDifference[] {
  const addressOf = (contract: PlannedContract | undefined) => contract?.address ?? NOT_PLANNED;
  const places = twinContracts(here, there)
    .filter((twin) => addressOf(twin.here) !== addressOf(twin.there))
    .map((twin) =>
      pairDifference(
        "ADDRESS_DIFFERS",
        twin.name,
        [here.loaded.network, addressOf(twin.here)],
        [there.loaded.network, addressOf(twin.there)],
        "one address on both chains: the same constructor arguments, roles and create2 in both parameter files",
      ),
    );
  return [...places, ...endDifferences(plannedEnd(here), plannedEnd(there))];
}

function contractsOf(plan: Blueprint): ReadonlyMap<string, PlannedContract> {
  const planned = steps.flatMap((step) => step.contracts?.({ plan, extraGrants: [] }) ?? []);
  return new Map(planned.map((contract) => [contract.name, contract]));
}

/** Parameters with what another chain had before its deployment in the place of what theirs had. */
function withAdopted(params: NetworkParams, other: NetworkParams): NetworkParams {
  const copy = structuredClone(params);
  for (const name of tokenNames) {
    const { existing } = other.tokens[name];
    if (existing === undefined) delete copy.tokens[name].existing;
    else copy.tokens[name].existing = existing;
  }
  for (const name of reservedTokenNames) {
    const [own, theirs] = [copy.reserves.tokens[name], other.reserves.tokens[name].asset];
    if (own.asset.kind === "existing" || theirs.kind === "existing") own.asset = theirs;
  }
  copy.dodo = other.dodo;
  // What one router names a chain is another name on the other one.
  copy.bridge.ccip = other.bridge.ccip;
  copy.router.permit2 = other.router.permit2;
  return copy;
}
