import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { expect } from "chai";

import { connectBoth } from "../../../keepers/bridge-attestor/connect.js";
import { attestationsAt, Peers } from "../../../keepers/bridge-attestor/peers.js";
import { HOME } from "../../helpers/bridgeChains.js";
import { codeOf } from "../../helpers/rejection.js";

const ID = `0x${"ab".repeat(32)}`;

describe("keepers/bridge-attestor/connect", () => {
  it("refuses a local signer that is no development account, and takes none at all", async () => {
    const ask = async (signer: string) => {
      const { ends, attestingKey } = connectBoth(
        HOME,
        { ATTESTOR_LOCAL_SIGNER: signer, KEEPER_LOG_LEVEL: "silent" },
        false,
      );
      try {
        return await attestingKey();
      } finally {
        for (const { alerts, client } of ends) {
          await alerts.close();
          client.close();
        }
      }
    };
    expect(await codeOf(ask("0x00000000000000000000000000000000000000C1"))).to.equal("CONFIG_INVALID");
    expect(await ask("")).to.equal(undefined);
  });

  it("asks a peer under the path that was configured for it", async () => {
    expect(attestationsAt("https://host/one/two/?key=1", ID).href).to.equal(
      `https://host/one/two/attestations/${ID}?key=1`,
    );
    expect(attestationsAt("https://host", ID).href).to.equal(`https://host/attestations/${ID}`);
    const asked: (string | undefined)[] = [];
    const server = createServer(({ url }, response) => {
      asked.push(url);
      response.end(JSON.stringify({ attestations: [] }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const peers = [`http://127.0.0.1:${String((server.address() as AddressInfo).port)}/attestor-2`];
    const place = { chainId: 138n, bridge: "0x00000000000000000000000000000000000000B1" };
    const wanted = { place, kind: "deliver", messageId: ID, epoch: 1n } as const;
    await new Peers({ peers, timeoutMs: 1_000, onFailure: () => undefined }).collect(wanted, new Set());
    expect(asked).to.deep.equal([`/attestor-2/attestations/${ID}`]);
    await new Promise((closed) => server.close(closed));
  });
});
