/** What parameters of a Solana network say alike in several places. */
import { isAddress, type Address } from "@solana/kit";
import { z } from "zod";

import type { ParameterProblem } from "../errors.js";
import { isPublished } from "./programKeys.js";

export const address = z.custom<Address>(
  (value) => typeof value === "string" && isAddress(value),
  "not a Solana address",
);

/** Roles that nobody has decided, or for which anyone could sign. */
export function holderProblems(
  path: string,
  holders: Readonly<Record<string, Address | null>>,
  local: boolean,
): ParameterProblem[] {
  return Object.entries(holders).flatMap(([role, holder]): ParameterProblem[] => {
    const at = `${path}.${role}`;
    if (holder === null) return [{ code: "PARAM_UNSET", path: at, message: "not decided yet" }];
    if (local || !isPublished(holder)) return [];
    const message = "anyone can sign for this address: name one whose key is yours alone";
    return [{ code: "LOCAL_ROLE_KEY", path: at, message }];
  });
}
