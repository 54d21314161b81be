import { expect } from "chai";

import { loadBitcoinConfig } from "../../../../keepers/courtesy-call-redeemer/bitcoin/config.js";
import { openServers } from "../../../../keepers/courtesy-call-redeemer/bitcoin/electrum/open.js";
import { parseElectrumServer } from "../../../../keepers/courtesy-call-redeemer/bitcoin/electrum/server.js";
import { ConfigError, type Env } from "../../../../keepers/kit/env.js";
import { codeThrown } from "../../../helpers/thrown.js";

const ADDRESS = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
const GOOD: Env = {
  BTC_WALLET_PUBLIC_KEY: ADDRESS,
  BTC_ELECTRUM_SERVERS: "ssl://one.example:50002, tcp://10.0.0.1:50001",
};

function wrong(env: Env): string[] {
  try {
    loadBitcoinConfig(env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => problem.env);
  }
}

describe("courtesy-call-redeemer/bitcoin/config", () => {
  it("BTC-7 reads servers and the destination, which it checks at the start", () => {
    const config = loadBitcoinConfig(GOOD);
    expect(config.servers.map(({ name }) => name)).to.deep.equal(["tls://one.example:50002", "tcp://10.0.0.1:50001"]);
    expect(config.destination?.address).to.equal(ADDRESS);
    expect(config.fees).to.include({ maxFeeSat: 200_000n, maxShareBps: 500n });
  });

  it("BTC-7 opens every server that is named, and asks none before it must", () => {
    const servers = openServers(loadBitcoinConfig(GOOD));
    expect(servers.standings().map(({ server, state }) => [server, state])).to.deep.equal([
      ["tls://one.example:50002", "ok"],
      ["tcp://10.0.0.1:50001", "ok"],
    ]);
    expect(servers.agreeing).to.equal(2);
    servers.close();
    // With one server, one has to do.
    const alone = openServers(loadBitcoinConfig({ ...GOOD, BTC_ELECTRUM_SERVERS: "tcp://10.0.0.1:50001" }));
    expect(alone.agreeing).to.equal(1);
    alone.close();
  });

  it("BTC-7 reads the names of the original", () => {
    const env = {
      BTC_NETWORK: "testnet",
      BTC_ELECTRUM_SERVER: "electrumx-server.test.tbtc.network",
      BTC_ELECTRUM_PORT: "8443",
      BTC_ELECTRUM_PROTOCOL: "wss",
      BTC_WALLET_PUBLIC_KEY: "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx",
    };
    expect(loadBitcoinConfig(env).servers.map(({ name }) => name)).to.deep.equal([
      "wss://electrumx-server.test.tbtc.network:8443",
    ]);
  });

  it("BTC-7 names every variable that is wrong, at once", () => {
    expect(wrong(GOOD)).to.deep.equal([]);
    expect(wrong({ BTC_WALLET_PUBLIC_KEY: "bc1qnobody" })).to.deep.equal(["BTC_WALLET_PUBLIC_KEY"]);
    expect(wrong({ ...GOOD, BTC_NETWORK: "testnet", BTC_ELECTRUM_SERVERS: "http://x:1" })).to.deep.equal([
      "BTC_ELECTRUM_SERVERS",
      "BTC_WALLET_PUBLIC_KEY",
    ]);
    expect(wrong({ ...GOOD, BTC_ELECTRUM_SERVERS: "ssl://a:1,tls://a:1" })).to.deep.equal(["BTC_ELECTRUM_SERVERS"]);
    expect(wrong({ ...GOOD, BTC_ELECTRUM_SERVERS: "ssl://a.example:1,ssl://A.Example:01" })).to.deep.equal([
      "BTC_ELECTRUM_SERVERS",
    ]);
    expect(wrong({ ...GOOD, BTC_NETWROK: "main", BTC_ELECTRUM_AGREEING: "0" })).to.deep.equal([
      "BTC_NETWROK",
      "BTC_ELECTRUM_AGREEING",
    ]);
  });

  it("BTC-7 needs neither destination nor servers to watch, and takes the key of children from variables of its own", () => {
    expect(loadBitcoinConfig({})).to.include({ network: "main", destination: undefined });
    expect(loadBitcoinConfig({}).servers).to.deep.equal([]);
    expect(wrong({ ...GOOD, BTC_CHILD_KEYSTORE_FILE: "key.json", BTC_CHILD_KEYSTORE_PASSPHRASE: "x" })).to.deep.equal(
      [],
    );
    expect(wrong({ ...GOOD, BTC_CHILD_PRIVATE_KEY: "11" })).to.deep.equal(["BTC_CHILD_PRIVATE_KEY"]);
  });

  it("BTC-7 reads addresses of servers, and refuses what is none", () => {
    const print = "ab".repeat(32);
    expect(parseElectrumServer(`ssl://h:50002#sha256=${print.toUpperCase()}`).fingerprint).to.equal(print);
    expect(parseElectrumServer("ws://[::1]:1").host).to.equal("[::1]");
    for (const text of [
      "",
      "h:1",
      "ssl://h",
      "ssl://h:0",
      "ssl://h:65536",
      "ssl://u@h:1",
      "ssl://h:1/x",
      "http://h:1",
      `tcp://h:1#sha256=${print}`,
    ]) {
      expect(
        codeThrown(() => parseElectrumServer(text)),
        text,
      ).to.equal("BTC_SERVER_ADDRESS_INVALID");
    }
  });
});
