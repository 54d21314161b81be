/** A cluster with many funded vaults as a program of its own, so that its work is not counted. Started by the benchmark, never by people. */
import { getAddressDecoder, type Address, type EncodedAccount } from "@solana/kit";

import { associatedTokenAddress } from "../../../protocol/solana/addresses.js";
import { TOKEN_PROGRAM } from "../../../protocol/solana/errorNames.js";
import { VaultInstructions } from "../../../protocol/solana/instructions.js";
import { createTokensInstruction } from "../../../protocol/solana/tokens.js";
import { ROOT } from "../../world/child.js";
import { SolanaChain } from "../../world/solana/chain.js";
import { createMint, mintTo } from "../../world/solana/mint.js";

const DECIMALS = 6;
const DEPOSIT_UNITS = 1_000_000n;
const FINAL_SLOTS = 40;
/** Where accounts name each other. */
const VAULT_OWNER = 8;
const BALANCE_VAULT = 8;
const BALANCE_TOKENS = 72;
const TOKENS_OWNER = 32;

/** A vault with a balance of a mint of its own, made by the program itself. @returns vault, balance and the vault's tokens. */
async function openVault(chain: SolanaChain): Promise<readonly [Address, Address, Address]> {
  const instructions = new VaultInstructions();
  const authority = await chain.wallet("mint authority");
  const mint = await createMint(chain, authority, DECIMALS);
  const tokenProgram = TOKEN_PROGRAM as Address;
  const wallet = await chain.wallet("owner");
  const owner = wallet.address;
  const payer = chain.payer.address;
  const at = { vault: { owner }, mint: { address: mint, tokenProgram, decimals: DECIMALS } };
  const roles = { admin: payer, guardian: owner };
  await chain.must("initialize the vault program", [await instructions.initializeAuthority(roles, payer, payer)], []);
  await chain.must(
    "fund the owner",
    [
      await createTokensInstruction(payer, owner, mint, tokenProgram),
      mintTo(mint, await associatedTokenAddress(owner, mint, tokenProgram), authority.address, DEPOSIT_UNITS),
    ],
    [authority],
  );
  await chain.must(
    "open a vault",
    [
      await instructions.initialize(owner, payer),
      await instructions.openBalance(at, payer),
      await instructions.deposit(at, DEPOSIT_UNITS),
    ],
    [wallet],
  );
  const vault = await instructions.addresses.vault(owner);
  return [
    vault,
    await instructions.addresses.balance(vault, mint),
    await associatedTokenAddress(vault, mint, tokenProgram),
  ];
}

/** A different address for every number and kind. */
function numbered(kind: number, number: number): Uint8Array {
  const bytes = new Uint8Array(32);
  for (let at = 0; at < bytes.length; at += 4) new DataView(bytes.buffer).setUint32(at, (number + at) * 2_654_435_761);
  bytes[31] = kind;
  return bytes;
}

/** Copies a vault with its balance and tokens, each with an owner of its own. */
function copy(chain: SolanaChain, templates: readonly EncodedAccount[], number: number): void {
  const [owner, vault, balance, tokens] = [1, 2, 3, 4].map((kind) => numbered(kind, number));
  if (owner === undefined || vault === undefined || balance === undefined || tokens === undefined) return;
  const changes: readonly (readonly [Uint8Array, ...(readonly [offset: number, bytes: Uint8Array])[]])[] = [
    [vault, [VAULT_OWNER, owner]],
    [balance, [BALANCE_VAULT, vault], [BALANCE_TOKENS, tokens]],
    [tokens, [TOKENS_OWNER, vault]],
  ];
  for (const [index, [address, ...fields]] of changes.entries()) {
    const template = templates[index];
    if (template === undefined) continue;
    const data = Uint8Array.from(template.data);
    for (const [offset, bytes] of fields) data.set(bytes, offset);
    chain.cluster.bank.setAccount({ ...template, address: getAddressDecoder().decode(address), data });
  }
}

const vaults = Number(process.argv[2]);
const chain = await SolanaChain.start(1, ROOT);
const templates = (await openVault(chain)).map((address) => {
  const account = chain.cluster.bank.account(address);
  if (account === undefined) throw new Error(`no account ${address}`);
  return account;
});
for (let number = 1; number < vaults; number += 1) copy(chain, templates, number);
chain.cluster.advance(FINAL_SLOTS);
process.send?.({ url: chain.url });
process.on("SIGTERM", () => {
  void chain.stop().finally(() => process.exit(0));
});
