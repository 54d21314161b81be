import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "chai";
import { encryptKeystoreJson, Transaction } from "ethers";

import { KEEPER_KEY, loadKey } from "../../../keepers/kit/keys/load.js";
import { signCall, type TransactionSigner } from "../../../keepers/kit/signer.js";
import { developmentAccounts } from "../../../protocol/params/rules.js";
import { codeOf } from "../../helpers/rejection.js";

const PASSPHRASE = "correct horse";
const [, keeper] = developmentAccounts();

const loadSigner = async (
  env: Record<string, string>,
  localAddress: string | undefined,
): Promise<TransactionSigner | undefined> => (await loadKey(env, KEEPER_KEY, localAddress))?.account;

describe("keepers/kit/signer", () => {
  let folder: string;
  let keystore: string;
  before(async () => {
    if (keeper === undefined) throw new Error("no development account");
    folder = mkdtempSync(join(tmpdir(), "keeper-key-"));
    keystore = join(folder, "keystore.json");
    // The lightest scrypt that the format allows: this is about the code around it.
    writeFileSync(
      keystore,
      await encryptKeystoreJson({ address: keeper.address, privateKey: keeper.privateKey }, PASSPHRASE, {
        scrypt: { N: 2, r: 1, p: 1 },
      }),
    );
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  it("opens an encrypted keystore and shows nothing but its address", async () => {
    const signer = await loadSigner(
      { KEEPER_KEYSTORE_FILE: keystore, KEEPER_KEYSTORE_PASSPHRASE: PASSPHRASE },
      undefined,
    );
    expect(signer?.address).to.equal(keeper?.address);
    expect(JSON.stringify(signer)).to.equal(JSON.stringify({ address: keeper?.address }));
    expect(Object.keys(signer ?? {})).to.have.members(["address", "sign", "signTypedData", "getAddress"]);
    expect(signer?.remote).to.equal(undefined);
  });

  it("names what is wrong with a key, without repeating the passphrase", async () => {
    const wrong = { KEEPER_KEYSTORE_FILE: keystore, KEEPER_KEYSTORE_PASSPHRASE: "hunter2" };
    expect(await codeOf(loadSigner(wrong, undefined))).to.equal("KEYSTORE_REFUSED");
    const missing = { KEEPER_KEYSTORE_FILE: join(folder, "none"), KEEPER_KEYSTORE_PASSPHRASE: "x" };
    expect(await codeOf(loadSigner(missing, undefined))).to.equal("KEYSTORE_UNREADABLE");
    expect(await codeOf(loadSigner({ KEEPER_KEYSTORE_FILE: keystore }, undefined))).to.equal("PASSPHRASE_MISSING");
    await loadSigner(wrong, undefined).catch((error: unknown) => {
      expect(String(error)).to.not.include("hunter2");
    });
  });

  it("uses a public development key only where an address of one is named", async () => {
    expect(await loadSigner({}, undefined)).to.equal(undefined);
    expect((await loadSigner({}, keeper?.address))?.address).to.equal(keeper?.address);
    expect(await loadSigner({}, "0x00000000000000000000000000000000000000AA")).to.equal(undefined);
  });

  it("signs for chains with and without a base fee", async () => {
    const signer = await loadSigner({}, keeper?.address);
    if (signer === undefined) throw new Error("no signer");
    const call = {
      to: "0x00000000000000000000000000000000000000AA",
      data: "0x12",
      valueWei: 0n,
      gasLimit: 21_000n,
      nonce: 3,
      chainId: 138,
      fees: { maxFeePerGasWei: 7n, priorityFeeWei: 2n },
    };
    for (const legacy of [true, false]) {
      const { bytes, hash } = await signCall(signer, { ...call, legacy });
      const parsed = Transaction.from(bytes);
      expect([parsed.hash, parsed.from, parsed.type, parsed.nonce, parsed.chainId]).to.deep.equal([
        hash,
        signer.address,
        legacy ? 0 : 2,
        3,
        138n,
      ]);
      expect(legacy ? parsed.gasPrice : parsed.maxFeePerGas).to.equal(7n);
    }
  });
});
