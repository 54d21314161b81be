/** Reverts that say "you may not": for a keeper, that its role is gone or its key is somebody else's business now. */
import type { DecodedRevert } from "../../../protocol/revert.js";

const NAMES: ReadonlySet<string> = new Set([
  "AccessControlUnauthorizedAccount",
  "OwnableUnauthorizedAccount",
  "NotAuthorized",
  "NotAllowed",
  "NotOwner",
  "NotAdmin",
]);

export function isUnauthorized({ name }: Pick<DecodedRevert, "name">): boolean {
  return NAMES.has(name);
}
