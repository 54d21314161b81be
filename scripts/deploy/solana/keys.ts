/** Keys of a deployment. On a cluster of this machine they are the published ones, elsewhere they come from the keystore or the environment. */
import { createKeyPairSignerFromBytes, getBase58Encoder, type KeyPairSigner } from "@solana/kit";

import { PermanentError } from "../../../protocol/errors.js";
import { solanaVariable, type LoadedSolanaParams } from "../../../protocol/solana/network.js";
import { localProgramSigner, localSigner } from "../../../protocol/solana/programKeys.js";
import { localPayer } from "../../validator/localPayer.js";
import type { Hands } from "./finding.js";

/** Reads a variable of the keystore or the environment; undefined when it is not set. */
export type ReadVariable = (name: string) => Promise<string | undefined>;

const KEY_BYTES = 64;

/** @throws PermanentError KEY_MISSING, KEY_MALFORMED. */
export async function solanaHands({ network, local }: LoadedSolanaParams, read: ReadVariable): Promise<Hands> {
  const configured = (what: string): Promise<KeyPairSigner> => keyOf(solanaVariable(network, what), read);
  return {
    deployer: local ? await localPayer() : await configured("DEPLOYER_KEY"),
    house: () => (local ? localSigner("house") : configured("HOUSE_KEY")),
    programKey: (name) => (local ? localProgramSigner(name) : configured(`${name}_KEY`)),
  };
}

async function keyOf(variable: string, read: ReadVariable): Promise<KeyPairSigner> {
  const text = await read(variable);
  if (text === undefined) {
    throw new PermanentError(
      "KEY_MISSING",
      `${variable} is not set`,
      `run: npx hardhat keystore set ${variable}, or set it in the environment`,
      { variable },
    );
  }
  try {
    return await createKeyPairSignerFromBytes(keyBytes(text.trim()));
  } catch {
    // Without the cause: it may quote the key.
    throw new PermanentError(
      "KEY_MALFORMED",
      `${variable} is not a Solana key`,
      "give the content of the file that solana-keygen writes, or the same 64 bytes in base58",
      { variable },
    );
  }
}

function keyBytes(text: string): Uint8Array {
  const bytes = text.startsWith("[")
    ? Uint8Array.from(JSON.parse(text) as number[])
    : new Uint8Array(getBase58Encoder().encode(text));
  if (bytes.length !== KEY_BYTES) throw new RangeError("not 64 bytes");
  return bytes;
}
