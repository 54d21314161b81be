import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { p2wpkh } from "@scure/btc-signer";
import { expect } from "chai";
import { computeAddress, encryptKeystoreJsonSync, id, SigningKey } from "ethers";

import {
  openMinting,
  type OpenMintingParts,
} from "../../../../../keepers/courtesy-call-redeemer/adapters/tbtc/minting/open.js";
import { loadBitcoinConfig } from "../../../../../keepers/courtesy-call-redeemer/bitcoin/config.js";
import { planFunding, signFunding } from "../../../../../keepers/courtesy-call-redeemer/bitcoin/funding.js";
import { loadConfig } from "../../../../../keepers/courtesy-call-redeemer/config.js";
import type { SupplyParts } from "../../../../../keepers/courtesy-call-redeemer/site.js";
import type { Env } from "../../../../../keepers/kit/env.js";
import { loadBitcoinKey } from "../../../../../keepers/kit/keys/bitcoinKey.js";
import { keyScript, payment, rawTransaction } from "../../../../../scripts/tbtc/bitcoin.js";
import { reversed } from "../../../../../scripts/tbtc/electrum/chain.js";
import { codeOf } from "../../../../helpers/rejection.js";
import { codeThrown } from "../../../../helpers/thrown.js";

const KEY = new SigningKey(id("wallet of the mint"));
const OTHER = new SigningKey(id("another wallet"));
const PASSPHRASE = "open sesame";

describe("minting: the key of the bitcoin", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "cantilever-mint-"));
  const file = path.join(folder, "bitcoin.json");
  const key = { REDEEMER_BTC_KEYSTORE_FILE: file, REDEEMER_BTC_KEYSTORE_PASSPHRASE: PASSPHRASE };

  before(() => {
    const account = { address: computeAddress(KEY.publicKey), privateKey: KEY.privateKey };
    // The least work that the format allows: this keystore protects nothing.
    writeFileSync(file, encryptKeystoreJsonSync(account, PASSPHRASE, { scrypt: { N: 2 } }));
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const open = (env: Env) =>
    openMinting(
      { addresses: {}, config: {}, bitcoin: loadBitcoinConfig(env) } as unknown as OpenMintingParts,
      { env } as unknown as SupplyParts,
    );
  const bitcoin = (destination: SigningKey): Env => ({
    BTC_WALLET_PUBLIC_KEY: destination.compressedPublicKey.slice(2),
    BTC_ELECTRUM_SERVERS: "tcp://127.0.0.1:1",
  });

  it("MINT-23 comes from an encrypted keystore, is the destination's own, and is never a variable; without it nothing is minted", async () => {
    expect(await codeOf(open(bitcoin(KEY)))).to.equal("BTC_KEY_MISSING");
    expect(await codeOf(open({ ...bitcoin(OTHER), ...key }))).to.equal("BTC_KEY_NOT_DESTINATION");
    const { REDEEMER_BTC_KEYSTORE_FILE } = key;
    expect(await codeOf(open({ ...bitcoin(KEY), REDEEMER_BTC_KEYSTORE_FILE }))).to.equal("PASSPHRASE_MISSING");
    const wrong = { ...key, REDEEMER_BTC_KEYSTORE_PASSPHRASE: "close sesame" };
    expect(await codeOf(open({ ...bitcoin(KEY), ...wrong }))).to.equal("KEYSTORE_REFUSED");
  });

  it("MINT-23 signs what spends its own outputs, shows no key, and signs nothing else", async () => {
    const opened = await loadBitcoinKey(key, "REDEEMER_BTC");
    if (opened === undefined) throw new Error("there is a keystore");
    expect(opened.publicKey).to.equal(KEY.compressedPublicKey.slice(2));
    expect(JSON.stringify(opened)).to.not.include(KEY.privateKey.slice(2));
    const planOf = (owner: SigningKey) => {
      const script = keyScript(owner);
      const brought = payment(`${id("brought")}00000000`, script, 2_000_000n);
      const coin = { txid: reversed(brought.txid.slice(2)).slice(2), index: 0, amountSat: 2_000_000n };
      const target = {
        script: p2wpkh(Buffer.from(OTHER.compressedPublicKey.slice(2), "hex")).script,
        amountSat: 1_000_000n,
      };
      const limits = { rateMultipleBps: 20_000n, maxFeeSat: 50_000n };
      const planned = planFunding([{ ...coin, raw: rawTransaction(brought) }], target, script, 1_000n, limits);
      if (!planned.ok) throw new Error(planned.reason);
      return planned.plan;
    };
    expect((await signFunding(planOf(KEY), opened)).txid).to.match(/^[0-9a-f]{64}$/);
    expect(await codeOf(opened.signPsbt(planOf(OTHER).psbt))).to.equal("BTC_NOTHING_TO_SIGN");
  });

  it("MINT-23 a watching keeper does not mint, and numbers are numbers", () => {
    const env = { OPERATORS: `0x${"11".repeat(20)}`, MAINNET_RPC_URL: "http://127.0.0.1:1", ...bitcoin(KEY), ...key };
    const code = (changes: Env): string => codeThrown(() => loadConfig("mainnet", { ...env, ...changes }));
    expect(code({})).to.equal("no error");
    expect(code({ REDEEMER_MODE: "courtesy", REDEEMER_MINT_TARGET_TBTC: "2.5" })).to.equal("no error");
    expect(code({ REDEEMER_MINT_TARGET_TBTC: "2.5" })).to.equal("CONFIG_INVALID");
    const unseen = { REDEEMER_MODE: "courtesy", BTC_ELECTRUM_SERVERS: "", REDEEMER_MINT_TARGET_TBTC: "2.5" };
    expect(code(unseen)).to.equal("CONFIG_INVALID");
    expect(code({ ...unseen, REDEEMER_MINT_TARGET_TBTC: "0" })).to.equal("no error");
    expect(code({ REDEEMER_MODE: "courtesy", REDEEMER_MINT_TARGET_TBTC: "two" })).to.equal("CONFIG_INVALID");
    expect(code({ REDEEMER_MODE: "courtesy", REDEEMER_MINT_MAX_OPEN: "0" })).to.equal("CONFIG_INVALID");
    expect(code({ REDEEMER_MODE: "courtesy", REDEEMER_MINT_MIN_COLLATERAL: "150" })).to.equal("no error");
    expect(code({ REDEEMER_MODE: "courtesy", REDEEMER_MINT_MIN_COLLATERAL: "151" })).to.equal("CONFIG_INVALID");
  });
});
