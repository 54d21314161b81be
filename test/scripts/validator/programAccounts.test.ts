import { getBase58Decoder, lamports, type EncodedAccount } from "@solana/kit";
import { expect } from "chai";
import fc from "fast-check";
import { LiteSVM } from "litesvm";

import { fill, numberedAddress } from "../../../scripts/bench/programAccounts.js";
import { AccountStore } from "../../../scripts/validator/accountStore.js";
import { transferInstruction } from "../../../scripts/validator/instructions.js";
import { ValidatorServer } from "../../../scripts/validator/server.js";
import { ask, LAMPORTS_PER_SOL, signWith, testSigner } from "../../helpers/solana.js";

interface Listed {
  readonly pubkey: string;
  readonly account: { readonly data: readonly [string, string]; readonly lamports: bigint };
}

const ACCOUNTS = 10_000;
const OWNERS = [3, 4, 5].map(numberedAddress);

describe("accounts by owner", () => {
  it("are those that LiteSVM finds by a search, whatever was written", () => {
    const write = fc.record({
      address: fc.nat(7).map((number) => numberedAddress(100 + number)),
      // No lamports: the account is gone.
      amount: fc.nat(2),
      owner: fc.constantFrom(...OWNERS),
      bytes: fc.uint8Array({ maxLength: 4 }),
      asked: fc.constantFrom(...OWNERS),
    });
    fc.assert(
      fc.property(fc.array(write, { maxLength: 20 }), (writes) => {
        const svm = new LiteSVM();
        const store = new AccountStore(svm);
        for (const { address, amount, owner, bytes, asked } of writes) {
          const account: EncodedAccount = {
            address,
            lamports: lamports(BigInt(amount)),
            data: bytes,
            executable: false,
            programAddress: owner,
            space: BigInt(bytes.length),
          };
          store.set(address, amount === 0 ? undefined : account);
          const found = svm.getProgramAccounts(asked).filter((one) => one.lamports > 0n);
          expect([...store.ownedBy(asked).values()]).to.have.deep.members(found);
          expect(store.get(address)).to.deep.equal(store.read(address));
        }
      }),
      { numRuns: 30 },
    );
  });

  describe("over JSON-RPC", () => {
    let server: ValidatorServer;
    beforeEach(async () => {
      server = await ValidatorServer.start({ confirmedBlocks: 2, finalizedBlocks: 4 });
    });
    afterEach(() => server.stop());

    it(`lists ${String(ACCOUNTS)} of one program, all and by filter`, async () => {
      const owner = fill(server, ACCOUNTS);
      const list = async (config: object): Promise<readonly Listed[]> =>
        (await ask<Listed[]>(server.url, "getProgramAccounts", owner, { encoding: "base64", ...config })).result ?? [];
      const all = await list({});
      expect(new Set(all.map(({ pubkey }) => pubkey)).size).to.equal(ACCOUNTS);
      const sevens = getBase58Decoder().decode(new Uint8Array(8).fill(7));
      const memcmp = { offset: 0n, bytes: sevens };
      const sliced = await list({ filters: [{ memcmp }, { dataSize: 300n }], dataSlice: { offset: 6n, length: 4n } });
      expect(sliced).to.have.lengthOf(ACCOUNTS);
      expect(Buffer.from(sliced[0]?.account.data[0] ?? "", "base64")).to.deep.equal(Buffer.from([7, 7, 0, 0]));
      expect(await list({ filters: [{ memcmp: { ...memcmp, offset: 1n } }] })).to.be.empty;
      expect(await list({ filters: [{ memcmp: { ...memcmp, offset: 295n } }] })).to.be.empty;
      expect(await list({ filters: [{ dataSize: 301n }] })).to.be.empty;
    });

    it("refuses filters that are none", async () => {
      const code = async (...filters: unknown[]) =>
        (await ask(server.url, "getProgramAccounts", numberedAddress(1), { encoding: "base64", filters })).error?.code;
      const memcmp = { offset: 0n, bytes: "1" };
      expect(await code({})).to.equal(-32602n);
      expect(await code({ memcmp, dataSize: 1n })).to.equal(-32602n);
      expect(await code({ memcmp: { ...memcmp, bytes: "0OIl" } })).to.equal(-32602n);
      expect(await code({ memcmp: { ...memcmp, offset: -1n } })).to.equal(-32602n);
      expect(
        await code({ dataSize: 1n }, { dataSize: 1n }, { dataSize: 1n }, { dataSize: 1n }, { dataSize: 1n }),
      ).to.equal(-32602n);
      expect(await code({ memcmp })).to.equal(undefined);
    });

    it("answers as of the block of the commitment", async () => {
      const payer = await testSigner(1);
      const receiver = await testSigner(2);
      const system = "11111111111111111111111111111111";
      await ask(server.url, "requestAirdrop", payer.address, 100n * LAMPORTS_PER_SOL);
      server.cluster.advance(6);
      const { blockhash } = server.cluster.bank.blocks.parent;
      const signed = await signWith(payer, blockhash, [
        transferInstruction(payer.address, receiver.address, LAMPORTS_PER_SOL),
      ]);
      await ask(server.url, "sendTransaction", signed.wire, { encoding: "base64", skipPreflight: true });
      const balances = async (commitment: string): Promise<(bigint | undefined)[]> => {
        const reply = await ask<{ context: { slot: bigint }; value: Listed[] }>(
          server.url,
          "getProgramAccounts",
          system,
          {
            encoding: "base64",
            commitment,
            withContext: true,
          },
        );
        const byKey = new Map(reply.result?.value.map(({ pubkey, account }) => [pubkey, account.lamports]));
        return [byKey.get(payer.address), byKey.get(receiver.address)];
      };
      const before = [100n * LAMPORTS_PER_SOL, undefined];
      const after = [99n * LAMPORTS_PER_SOL - 5_000n, LAMPORTS_PER_SOL];
      expect(await balances("processed")).to.deep.equal(after);
      expect(await balances("confirmed")).to.deep.equal(before);
      server.cluster.advance(2);
      expect(await balances("confirmed")).to.deep.equal(after);
      expect(await balances("finalized")).to.deep.equal(before);
      server.cluster.advance(2);
      expect(await balances("finalized")).to.deep.equal(after);
    });
  });
});
