/** A token for the exchange: SPL Token's InitializeMint2 and MintTo. */
import { AccountRole, getAddressEncoder, type Address, type Instruction, type KeyPairSigner } from "@solana/kit";

import { SYSTEM_PROGRAM, TOKEN_PROGRAM } from "../../../protocol/solana/errorNames.js";
import type { SolanaChain } from "./chain.js";

const MINT_BYTES = 82n;
const INITIALIZE_MINT_2 = 20;
const MINT_TO = 7;

export async function createMint(chain: SolanaChain, authority: KeyPairSigner, decimals: number): Promise<Address> {
  const mint = await chain.wallet("mint of the exchange's collateral", 0n);
  const create = new DataView(new ArrayBuffer(52));
  create.setBigUint64(4, chain.cluster.bank.minimumBalanceForRentExemption(MINT_BYTES), true);
  create.setBigUint64(12, MINT_BYTES, true);
  new Uint8Array(create.buffer).set(getAddressEncoder().encode(TOKEN_PROGRAM as Address), 20);
  const instructions: Instruction[] = [
    {
      programAddress: SYSTEM_PROGRAM as Address,
      accounts: [
        { address: chain.payer.address, role: AccountRole.WRITABLE_SIGNER },
        { address: mint.address, role: AccountRole.WRITABLE_SIGNER },
      ],
      data: new Uint8Array(create.buffer),
    },
    {
      programAddress: TOKEN_PROGRAM as Address,
      accounts: [{ address: mint.address, role: AccountRole.WRITABLE }],
      data: Uint8Array.from([INITIALIZE_MINT_2, decimals, ...getAddressEncoder().encode(authority.address), 0]),
    },
  ];
  await chain.must("create the collateral's mint", instructions, [mint]);
  return mint.address;
}

/** @param amountUnits base units. */
export function mintTo(mint: Address, tokens: Address, authority: Address, amountUnits: bigint): Instruction {
  const data = new DataView(new ArrayBuffer(9));
  data.setUint8(0, MINT_TO);
  data.setBigUint64(1, amountUnits, true);
  return {
    programAddress: TOKEN_PROGRAM as Address,
    accounts: [
      { address: mint, role: AccountRole.WRITABLE },
      { address: tokens, role: AccountRole.WRITABLE },
      { address: authority, role: AccountRole.READONLY_SIGNER },
    ],
    data: new Uint8Array(data.buffer),
  };
}
