import { getCreate2Address, id } from "ethers";

import { codeHash } from "../../protocol/hashes.js";

/**
 * The deterministic-deployment proxy: called with `salt ++ initCode`, it runs CREATE2. Its creating transaction is signed by a key that
 * nobody has (the signature is a constant), for no particular chain, so the proxy can only ever get this code at this address.
 */
export const DETERMINISTIC_PROXY = "0x4e59b44847b379578588920cA78FbF26c0B4956C";
/** Runtime code of the proxy, the same on every chain and for both kinds of root. */
export const PROXY_RUNTIME_CODE =
  "0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3";
/** Creation code of the proxy. */
export const PROXY_INIT_CODE = `0x604580600e600039806000f350fe${PROXY_RUNTIME_CODE.slice(2)}`;
/** The account recovered from the constant signature; it must hold the transaction's gas. */
export const KEYLESS_SENDER = "0x3fAB184622Dc19b6109349B94811493BF2a45362";
/** 100,000 gas at 100 gwei, as the transaction says. */
export const KEYLESS_COST_WEI = 10n ** 16n;
/** The transaction: legacy, without chain id, gas price 100 gwei, r = s = 0x22…22. */
export const KEYLESS_TRANSACTION = `0xf8a58085174876e800830186a08080b853${PROXY_INIT_CODE.slice(2)}1ba0${"22".repeat(32)}a0${"22".repeat(32)}`;

/** Salt of a contract: the parameters' salt text and the contract's name. */
export function saltOf(saltText: string, name: string): string {
  return id(`${saltText}/${name}`);
}

/** Address of a contract made through the root. */
export function create2Address(root: string, salt: string, initCode: string): string {
  return getCreate2Address(root, salt, codeHash(initCode));
}

/** Calldata for the root. */
export function create2Calldata(salt: string, initCode: string): string {
  return salt + initCode.slice(2);
}
