/** What the upgradeable loader itself does to a registered program. */
import { getAddressEncoder, lamports, type Address } from "@solana/kit";

import { bufferBytes, extendProgram, upgradeProgram } from "../../../scripts/deploy/solana/loader.js";
import { readProgramData, UPGRADEABLE_LOADER } from "../../../scripts/validator/programs.js";
import type { TestConsumer, VaultRig } from "./rig.js";

/** The least that a cluster may ask for. */
const EXTENSION_BYTES = 10_240;
/** Of UpgradeableLoaderState: kind, whether there is an authority, the authority. */
const KIND_BUFFER = 1;

/** Anybody pays for more room. The slot of the deployment moves. */
export async function extend(
  rig: VaultRig,
  consumer: TestConsumer,
  bytes = EXTENSION_BYTES,
  payer = rig.payer.address,
): Promise<void> {
  rig.warp(1n);
  const instruction = extendProgram(payer, consumer, bytes);
  await rig.must([instruction], { as: [payer] });
}

/** Its upgrade authority replaces the code, in a later slot than the last deployment's. */
export async function upgrade(rig: VaultRig, consumer: TestConsumer, so: Uint8Array): Promise<void> {
  const { upgradeAuthority } = rig.roles;
  if (codeOf(rig, consumer).length < so.length) await extend(rig, consumer);
  rig.warp(1n);
  const buffer = (await rig.wallet(`buffer ${consumer.programId}`)).address;
  rig.svm.setAccount(bufferAccount(rig, buffer, upgradeAuthority.address, so));
  const instruction = upgradeProgram(upgradeAuthority.address, { ...consumer, buffer });
  await rig.must([instruction], { as: [upgradeAuthority.address] });
}

/** As its ProgramData has it, zeros behind it included. */
export function codeOf(rig: VaultRig, { programData }: TestConsumer): Uint8Array {
  const account = rig.svm.getAccount(programData);
  if (!account.exists) throw new Error("no ProgramData");
  return readProgramData(account).so;
}

/** Other code that the loader takes as well: the same with something behind it. */
export const otherCode = (so: Uint8Array, marker = 1): Uint8Array => Uint8Array.from([...so, marker]);

function bufferAccount(rig: VaultRig, address: Address, authority: Address, so: Uint8Array) {
  const data = new Uint8Array(bufferBytes(so.length));
  data[0] = KIND_BUFFER;
  data[4] = 1;
  data.set(getAddressEncoder().encode(authority), 5);
  data.set(so, bufferBytes(0));
  const rent = rig.svm.minimumBalanceForRentExemption(BigInt(data.length));
  const space = BigInt(data.length);
  return { address, data, executable: false, lamports: lamports(rent), programAddress: UPGRADEABLE_LOADER, space };
}
