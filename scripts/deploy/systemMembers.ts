import { IM1Token__factory } from "../../protocol/generated/contracts/index.js";
import { contractAt } from "../../protocol/handles.js";
import type { TokenName } from "../../protocol/params/schema.js";
import { answer, governed } from "./setting.js";
import type { Setting, StepContext } from "./types.js";

/** Contracts of ours that a token may not freeze. An adopted token has no such list. */
export function systemMembers(
  { plan, provider }: StepContext,
  name: TokenName,
  members: readonly { readonly name: string; readonly address: string }[],
): Setting[] {
  const token = plan.tokens[name];
  if (token.adopted) return [];
  const handle = contractAt(IM1Token__factory, token.address, provider);
  return members.map((member) =>
    governed(
      `${name}.isSystemContract(${member.name})`,
      token.address,
      "true",
      () => answer(handle.isSystemContract(member.address)),
      {
        to: token.address,
        data: handle.interface.encodeFunctionData("setSystemContract", [member.address, true]),
        label: `${name}.setSystemContract(${member.name})`,
      },
      { code: "ROLE_MISSING" },
    ),
  );
}
