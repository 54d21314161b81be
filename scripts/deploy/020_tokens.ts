import { id, zeroPadValue } from "ethers";

import { IM1Token__factory, M1TokenFactory__factory } from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import { tokenNames } from "../../protocol/params/schema.js";
import type { Blueprint, PlannedToken } from "./blueprint.js";
import { bootstrapMints } from "./funding.js";
import type { Call, Grant, PlannedContract, Setting, Step } from "./types.js";

/** The four tokens: created through the factory, each with this chain's minters and guards in the creating transaction. */
export const tokensStep: Step = {
  id: "020_tokens",
  title: "tokens cUSDT, cUSDC, cEURT and XAU",
  contracts({ plan, extraGrants }) {
    const tokens = tokenNames.map((name) => plan.tokens[name]);
    const factory = tokens.every((token) => token.adopted) ? [] : [plan.tokenFactory];
    return [...factory, ...tokens.map((token) => plannedToken(plan, token, extraGrants))];
  },
  settings({ plan, provider }) {
    return tokenNames.map((name): Setting => {
      const token = plan.tokens[name];
      const handle = contractAt(IM1Token__factory, token.address, provider);
      return {
        id: `${name}.decimals`,
        at: token.address,
        expected: String(token.decimals),
        read: async () => String(await handle.decimals()),
        code: "CONSTRUCTOR_ARGUMENT",
        by: "outside",
        refusal: "DECIMALS_MISMATCH",
        calls: () => [],
        fix: token.adopted
          ? `tokens.${name}.existing names a token with other decimals: correct the address or the decimals`
          : "the token was made by other code",
      };
    });
  },
};

function plannedToken(plan: Blueprint, token: PlannedToken, extraGrants: readonly Grant[]): PlannedContract {
  const { timelock, roles, tokenFactory } = plan;
  const constructorArgs = [token.fullName, token.name, String(token.decimals), timelock.address];
  const common = { name: token.name, address: token.address };
  if (token.adopted) return { ...common, constructorArgs: [], make: { by: "adopted" } };

  const minted = bootstrapMints(plan, extraGrants)[token.name];
  const setup = {
    // The bootstrap minter: exactly what the first funding needs, nothing per second, revoked by the handover.
    minters:
      minted === 0n
        ? []
        : [
            {
              minter: timelock.address,
              mintCapacity: minted,
              mintRefillPerSecond: 0n,
              burnCapacity: 0n,
              burnRefillPerSecond: 0n,
            },
          ],
    pausers: [roles.guardian],
    freezers: [roles.guardian],
    systemContracts: [],
  };
  const call: Call = {
    to: tokenFactory.address,
    label: `M1TokenFactory.createToken(${token.name})`,
    data: M1TokenFactory__factory.createInterface().encodeFunctionData("createToken", [
      { name: token.fullName, symbol: token.name, decimals: token.decimals, admin: timelock.address },
      setup,
    ]),
  };
  return {
    ...common,
    source: "tokens/M1Token",
    constructorArgs,
    make: {
      by: "timelock",
      calls: [call],
      event: {
        at: tokenFactory.address,
        topics: [
          id("CreateToken(address,address,string,string,uint8,address)"),
          zeroPadValue(token.address, 32),
          zeroPadValue(timelock.address, 32),
        ],
      },
    },
  };
}
