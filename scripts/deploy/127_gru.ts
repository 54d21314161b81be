import { dataSlice, id, keccak256, MaxUint256, toBeHex, ZeroAddress, zeroPadBytes, type Interface } from "ethers";

import {
  BasketVault__factory,
  GruDiamond__factory,
  IDiamondLoupe__factory,
  LoupeFacet__factory,
  M1Token__factory,
  OwnershipFacet__factory,
} from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import { approval } from "./090_pools.js";
import { listText, singleHolder } from "./holders.js";
import { answer, governed, outside } from "./setting.js";
import type { Setting, Step, StepContext } from "./types.js";

/** Of the table of functions in the diamond (contracts/gru/SelectorTable.sol); its fourth member maps selectors to facets. */
const SELECTOR_TABLE = "cantilever.gru.SelectorTable";
const ENTRIES_OFFSET = 3n;

const CHANGED = "a cut changed it: name its facets in gru.facets, or have the timelock cut them out again";

/** M0, and the two facets that M00 is born with. */
export const gruCodeStep: Step = {
  id: "127_gru_code",
  title: "M0, and the first facets of M00",
  contracts({ plan }) {
    const { wrappedEther, loupeFacet, ownershipFacet } = plan.gru;
    return [wrappedEther, loupeFacet, ownershipFacet];
  },
};

/** M00 with its vault: owned by the timelock from its first block, known to its tokens, and first issued to the treasury. */
export const gruStep: Step = {
  id: "128_gru",
  title: "M00 and the vault of its basket",
  contracts({ plan }) {
    return [plan.gru.diamond, plan.gru.vault];
  },
  settings(context) {
    const { plan } = context;
    return [
      ...fixedAtCreation(context),
      ...facets(context),
      ...guardians(context),
      ...systemContracts(context),
      ...(plan.params.funding.source === "none" ? [] : [firstIssue(context)]),
    ];
  },
};

function fixedAtCreation({ plan, provider }: StepContext): Setting[] {
  const { diamond, vault, basket } = plan.gru;
  const m00 = contractAt(GruDiamond__factory, diamond.address, provider);
  const handle = contractAt(BasketVault__factory, vault.address, provider);
  const fix =
    "this value is fixed when the contract is made: the code at this address is not what the parameters ask for";
  const code = { code: "CONSTRUCTOR_ARGUMENT" } as const;
  const parts = basket.map(({ token, unitsPerShare }) => `${plan.tokens[token].address}: ${String(unitsPerShare)}`);
  const delay = String(plan.params.gru.minCutDelaySeconds);
  return [
    outside("GruDiamond.vault", diamond.address, vault.address, () => answer(m00.vault()), fix, code),
    outside("GruDiamond.minCutDelaySeconds", diamond.address, delay, () => answer(m00.minCutDelaySeconds()), fix, code),
    outside("BasketVault.DIAMOND", vault.address, diamond.address, () => answer(handle.DIAMOND()), fix, code),
    outside(
      "BasketVault.basket",
      vault.address,
      parts.join(", "),
      async () => {
        const [tokens, units] = await handle.basket();
        return tokens.map((token, index) => `${token}: ${String(units[index])}`).join(", ");
      },
      fix,
      code,
    ),
  ];
}

/**
 * Which code answers which function of M00. The loupe is a facet and could be cut to lie, so its own entries and those of the ownership
 * facet are read from the diamond's storage.
 */
function facets({ plan, provider }: StepContext): Setting[] {
  const { diamond, loupeFacet, ownershipFacet } = plan.gru;
  const loupe = contractAt(IDiamondLoupe__factory, diamond.address, provider);
  const code = { code: "WIRING_CHANGED" } as const;
  const first = [
    { facet: loupeFacet, abi: LoupeFacet__factory.createInterface() },
    { facet: ownershipFacet, abi: OwnershipFacet__factory.createInterface() },
  ];
  const expected = [diamond, loupeFacet, ownershipFacet].map(({ address }) => address);
  return [
    ...first.map(({ facet, abi }) =>
      outside(
        `GruDiamond.functionsOf(${facet.name})`,
        diamond.address,
        facet.address,
        async () => {
          const slots = selectorsOf(abi).map(entrySlot);
          const words = await Promise.all(slots.map((slot) => provider.getStorage(diamond.address, slot)));
          return listText(words.map((word) => dataSlice(word, 12)));
        },
        CHANGED,
        code,
      ),
    ),
    outside(
      "GruDiamond.facets",
      diamond.address,
      listText([...expected, ...plan.params.gru.facets]),
      async () => listText(await loupe.facetAddresses()),
      CHANGED,
      code,
    ),
  ];
}

function guardians({ plan, provider }: StepContext): Setting[] {
  const { address } = plan.gru.diamond;
  const m00 = contractAt(GruDiamond__factory, address, provider);
  const pending = async (): Promise<string> => answer(m00.pendingGuardian().then(({ account }) => account));
  return [
    singleHolder(plan, "GruDiamond.guardian", address, plan.roles.guardian, () => answer(m00.guardian())),
    singleHolder(plan, "GruDiamond.pendingGuardian", address, ZeroAddress, pending),
  ];
}

/** The vault cannot be frozen by a token whose system contract it is. */
function systemContracts({ plan, provider }: StepContext): Setting[] {
  const { vault, basket } = plan.gru;
  return basket
    .filter(({ token }) => !plan.tokens[token].adopted)
    .map(({ token }) => {
      const handle = contractAt(M1Token__factory, plan.tokens[token].address, provider);
      return governed(
        `${token}.isSystemContract(BasketVault)`,
        plan.tokens[token].address,
        "true",
        () => answer(handle.isSystemContract(vault.address)),
        {
          to: plan.tokens[token].address,
          data: handle.interface.encodeFunctionData("setSystemContract", [vault.address, true]),
          label: `${token}.setSystemContract(BasketVault)`,
        },
        { code: "ROLE_MISSING" },
      );
    });
}

/** Shares that stay with the treasury: while a vault is almost empty, little money bends the proportions of its basket. */
function firstIssue({ plan, provider }: StepContext): Setting {
  const { diamond, vault, basket, firstIssueShares } = plan.gru;
  const m00 = contractAt(GruDiamond__factory, diamond.address, provider);
  const { treasury } = plan.roles;
  const limits = basket.map(({ firstUnits }) => firstUnits);
  const data = m00.interface.encodeFunctionData("issue", [firstIssueShares, limits, treasury, MaxUint256]);
  return {
    id: "GruDiamond.firstIssue",
    at: diamond.address,
    expected: "done",
    read: async () => ((await m00.totalSupply()) > 0n ? "done" : "nothing is issued"),
    by: "timelock",
    calls: () => [
      ...basket.map(({ token, firstUnits }) => approval(plan, token, vault.address, firstUnits)),
      { to: diamond.address, data, label: `GruDiamond.issue(${String(firstIssueShares)}, treasury)` },
    ],
    bootstrapOnly: true,
  };
}

function selectorsOf(abi: Interface): string[] {
  const selectors: string[] = [];
  abi.forEachFunction(({ selector }) => selectors.push(selector));
  return selectors;
}

/** Slot of a selector's entry: its low 20 bytes are the facet. */
function entrySlot(selector: string): string {
  const base = toBeHex(erc7201Slot(SELECTOR_TABLE) + ENTRIES_OFFSET, 32);
  return keccak256(zeroPadBytes(selector, 32) + base.slice(2));
}

/** keccak256(abi.encode(uint256(keccak256(name)) - 1)) & ~0xff */
function erc7201Slot(name: string): bigint {
  return (BigInt(keccak256(toBeHex(BigInt(id(name)) - 1n, 32))) >> 8n) << 8n;
}
