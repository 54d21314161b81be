import { AccountRole, getAddressEncoder, type Address, type Instruction } from "@solana/kit";
import { expect } from "chai";

import { associatedTokenAddress } from "../../../protocol/solana/addresses.js";
import { TOKEN_PROGRAM } from "../../../protocol/solana/errorNames.js";
import { ZERO_ADDRESS, type BalanceRef } from "../../../protocol/solana/instructions.js";
import { describeWith } from "../../helpers/describeWith.js";
import { act, outcome } from "../../helpers/solanaVault/acting.js";
import { closeTokensInstruction, MINT_EXTENSIONS, type MintExtensionName } from "../../helpers/solanaVault/mints.js";
import { VaultRig, type Depositor, type TestMint } from "../../helpers/solanaVault/rig.js";

const DAY = 86_400n;
const LIMITS = { perTransaction: 1_000n, capacity: 1_000n, refillPerDay: 1_000n };

/** `SetAuthority` of the token program: gives a token account to somebody else, who keeps its associated address. */
function giveAway(tokens: Address, owner: Address, next: Address): Instruction {
  return {
    programAddress: TOKEN_PROGRAM as Address,
    accounts: [
      { address: tokens, role: AccountRole.WRITABLE },
      { address: owner, role: AccountRole.READONLY_SIGNER },
    ],
    data: Uint8Array.from([6, 2, 1, ...getAddressEncoder().encode(next)]),
  };
}

describeWith("ownCluster", "where money of the collateral vault may go", () => {
  let rig: VaultRig;
  let mint: TestMint;
  let alice: Depositor;
  let friend: Address;
  let at: BalanceRef;
  let guarded: BalanceRef;

  beforeEach(async () => {
    rig = await VaultRig.create({ isUnsigned: true });
    mint = await rig.mint();
    alice = await rig.depositor("alice", [mint], 1_000n);
    friend = (await rig.wallet("friend")).address;
    await rig.tokens(friend, mint);
    at = { vault: alice.vault, mint };
    guarded = { vault: { ...alice.vault, hasSecurityConfig: true }, mint };
    await act(rig, rig.instructions.setLimits(at, LIMITS));
  });

  const to = (wallet: Address, from: BalanceRef = at) => outcome(rig, rig.instructions.withdraw(from, 10n, wallet));
  const create = (whitelist: readonly Address[] | null) =>
    act(rig, rig.instructions.createSecurityConfig(alice.vault, { withdrawalDelaySeconds: 0n, whitelist }));
  const change = (kind: Parameters<typeof rig.instructions.changeSecurity>[1]) =>
    outcome(rig, rig.instructions.changeSecurity(guarded.vault, kind));

  it("COL-8 pays the owner only, on his associated account, where no whitelist says otherwise", async () => {
    expect(await to(friend)).to.equal("DestinationNotAllowed");
    expect(await to(alice.key.address)).to.equal("ok");
    const [owner] = [alice.key.address];
    const own = await associatedTokenAddress(owner, mint.address, mint.tokenProgram);
    const theirs = await associatedTokenAddress(friend, mint.address, mint.tokenProgram);
    // the friend's account now belongs to alice: still not her associated one
    await rig.must([giveAway(theirs, friend, owner)], { as: [friend] });
    expect(await to(friend)).to.equal("WrongTokenAccount");
    // alice's associated account belongs to somebody else
    await rig.must([giveAway(own, owner, friend)], { as: [owner] });
    expect(await to(owner)).to.equal("DestinationNotAllowed");
  });

  it("COL-8 pays active wallets of the whitelist only, while it is on", async () => {
    const owner = alice.key.address;
    await create([friend]);
    expect(await to(owner, guarded)).to.equal("DestinationNotAllowed");
    expect(await to(friend, guarded)).to.equal("ok");
    expect(await change({ kind: "addWallet", wallet: friend })).to.equal("AlreadyWhitelisted");
    expect(await change({ kind: "addWallet", wallet: owner })).to.equal("ok");
    rig.warp(DAY - 1n);
    expect(await to(owner, guarded)).to.equal("DestinationNotAllowed");
    rig.warp(1n);
    expect(await to(owner, guarded)).to.equal("ok");
    expect(await change({ kind: "removeWallet", wallet: friend })).to.equal("ok");
    expect(await to(friend, guarded)).to.equal("DestinationNotAllowed");
    expect(await change({ kind: "removeWallet", wallet: friend })).to.equal("NotWhitelisted");
    expect(await change({ kind: "whitelist", on: false })).to.equal("ok");
    expect(await change({ kind: "removeWallet", wallet: owner })).to.equal("ok");
    expect(await to(owner, guarded)).to.equal("DestinationNotAllowed");
    rig.warp(DAY);
    expect(await to(owner, guarded)).to.equal("ok");
    expect(await change({ kind: "whitelist", on: true })).to.equal("ok");
    expect(await to(owner, guarded)).to.equal("DestinationNotAllowed");
  });

  it("COL-8 makes a first whitelist of several owners wait, but not the owner on it", async () => {
    const { instructions: make } = rig;
    const vault = { ...alice.vault, hasMultiSig: true };
    const owner = alice.key.address;
    await act(rig, make.createMultiSig(alice.vault, { owners: [friend], threshold: 1 }));
    await act(
      rig,
      make.createSecurityConfig(vault, { withdrawalDelaySeconds: 0n, whitelist: [owner, friend] }, friend),
    );
    const both: BalanceRef = { vault: { ...vault, hasSecurityConfig: true }, mint };
    expect(await to(owner, both)).to.equal("ok");
    expect(await to(friend, both)).to.equal("DestinationNotAllowed");
    rig.warp(DAY - 1n);
    expect(await to(friend, both)).to.equal("DestinationNotAllowed");
    rig.warp(1n);
    expect(await to(friend, both)).to.equal("ok");
  });

  it("COL-8 holds sixteen wallets, each once and none zero", async () => {
    const wallets = await Promise.all(Array.from({ length: 16 }, (_, index) => rig.wallet(`wallet ${String(index)}`)));
    await create(wallets.map(({ address }) => address));
    expect(await change({ kind: "addWallet", wallet: friend })).to.equal("WhitelistFull");
    expect(await change({ kind: "removeWallet", wallet: wallets[3]?.address ?? friend })).to.equal("ok");
    expect(await change({ kind: "addWallet", wallet: ZERO_ADDRESS })).to.equal("ZeroAddress");
    expect(await change({ kind: "addWallet", wallet: friend })).to.equal("ok");
  });

  it("COL-9 says what is wrong with frozen and closed token accounts", async () => {
    const owner = alice.key.address;
    const own = await associatedTokenAddress(owner, mint.address, mint.tokenProgram);
    const held = await associatedTokenAddress(alice.address, mint.address, mint.tokenProgram);
    const both = [() => to(owner), () => outcome(rig, rig.instructions.deposit(at, 1n))];
    for (const tokens of [own, held]) {
      await rig.freeze(mint, tokens);
      for (const move of both) expect(await move()).to.equal("TokenAccountFrozen");
      await rig.freeze(mint, tokens, false);
      for (const move of both) expect(await move()).to.equal("ok");
    }
    await rig.donate(mint, alice.key, held, rig.held(own));
    await rig.must([closeTokensInstruction(mint.tokenProgram, own, owner, owner)], { as: [owner] });
    for (const move of both) expect(await move()).to.equal("TokenAccountNotInitialized");
  });

  it("COL-10 refuses each unsupported extension of a mint by its name, and takes the others", async () => {
    const refused: Readonly<Partial<Record<MintExtensionName, string>>> = {
      MintCloseAuthority: "UnsupportedMintCloseAuthority",
      DefaultAccountState: "UnsupportedDefaultAccountState",
      NonTransferable: "UnsupportedNonTransferable",
      InterestBearingConfig: "UnsupportedInterestBearing",
      PermanentDelegate: "UnsupportedPermanentDelegate",
      TransferHook: "UnsupportedTransferHook",
      ConfidentialTransferMint: "UnsupportedConfidentialTransfer",
      ConfidentialTransferFeeConfig: "UnsupportedConfidentialTransferFee",
      ConfidentialMintBurn: "UnsupportedConfidentialMintBurn",
      ScaledUiAmount: "UnsupportedScaledUiAmount",
      Pausable: "UnsupportedPausable",
      PermissionedBurn: "UnsupportedPermissionedBurn",
    };
    const found: Record<string, string> = {};
    for (const name of Object.keys(MINT_EXTENSIONS) as MintExtensionName[]) {
      const beside: MintExtensionName[] =
        name === "ConfidentialMintBurn" || name === "ConfidentialTransferFeeConfig" ? ["ConfidentialTransferMint"] : [];
      const fee = name === "ConfidentialTransferFeeConfig" ? { transferFee: { bps: 1, maxUnits: 1n } } : {};
      const extended = await rig.mint({ extensions: [name, ...beside], ...fee });
      found[name] = await outcome(rig, rig.instructions.openBalance({ vault: alice.vault, mint: extended }));
    }
    const expected = Object.fromEntries(
      Object.keys(MINT_EXTENSIONS).map((name) => [name, refused[name as MintExtensionName] ?? "ok"]),
    );
    expect(found).to.deep.equal(expected);
    // an extension of the day after tomorrow: its number is put over that of an allowed one
    const unknown = await rig.mint({ extensions: ["MetadataPointer"] });
    const account = rig.svm.getAccount(unknown.address);
    if (!account.exists) throw new Error("no mint");
    const data = Uint8Array.from(account.data);
    data[166] = 200;
    rig.svm.setAccount({ ...account, data });
    expect(await outcome(rig, rig.instructions.openBalance({ vault: alice.vault, mint: unknown }))).to.equal(
      "UnsupportedUnknownExtension",
    );
  });

  it("tells which mints somebody can freeze, and takes them", async () => {
    const found: unknown[] = [];
    for (const hasFreezeAuthority of [true, false]) {
      const other = await rig.mint({ hasFreezeAuthority });
      const opening = await rig.instructions.openBalance({ vault: alice.vault, mint: other });
      const { events } = await rig.must([opening], { as: [alice.key.address] });
      found.push(...events.map(({ data }) => (data as { readonly hasFreezeAuthority?: boolean }).hasFreezeAuthority));
    }
    expect(found).to.deep.equal([true, false]);
  });
});
