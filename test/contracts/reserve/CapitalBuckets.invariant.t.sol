// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICapitalBuckets} from "../../../contracts/interfaces/ICapitalBuckets.sol";
import {IM1Token} from "../../../contracts/interfaces/IM1Token.sol";
import {Erc3156Borrower} from "../../../contracts/mocks/Erc3156Borrower.sol";
import {CapitalBuckets} from "../../../contracts/reserve/CapitalBuckets.sol";
import {FlashVault} from "../../../contracts/reserve/FlashVault.sol";
import {Stabilizer} from "../../../contracts/stabilizer/Stabilizer.sol";
import {M1Token} from "../../../contracts/tokens/M1Token.sol";
import {Base} from "../Base.t.sol";
import {BucketBase} from "./BucketBase.t.sol";

/// @notice What only the test contract can do: sign prices and price a token independently of the oracle.
interface IMarket {
    function signPrices(uint256 seed) external;

    function valueOf(M1Token token, uint256 units) external view returns (uint256 xauWei);
}

/// @notice Moves, refills, trades, gifts, loans with hostile calls inside, bridge traffic and time; keeps its own books.
contract BucketHandler is Base {
    uint256 private constant ALL = type(uint256).max;
    CapitalBuckets private immutable _buckets;
    FlashVault private immutable _flash;
    Stabilizer private immutable _stabilizer;
    Erc3156Borrower private immutable _borrower;
    address private immutable _timelock;
    address private immutable _keeper;
    IMarket private immutable _market;
    M1Token[4] private _all;

    /// @dev Per token what came from outside into any bucket less what left: the sum that the buckets must have.
    mapping(address token => uint256) public expected;
    /// @dev What only explicit moves may change: A.
    mapping(address token => uint256) public expectedA;
    uint256 public refills;
    uint256 public rewardXauWei;
    uint256 public gainXauWei;
    uint256 public lostByE;

    constructor(
        CapitalBuckets buckets,
        FlashVault flash,
        Stabilizer stabilizer,
        Erc3156Borrower borrower,
        address timelock,
        address keeper,
        M1Token[4] memory all
    ) {
        (_buckets, _flash, _stabilizer, _borrower) = (buckets, flash, stabilizer, borrower);
        (_timelock, _keeper, _market, _all) = (timelock, keeper, IMarket(msg.sender), all);
        for (uint256 i = 0; i < 4; ++i) {
            expected[address(all[i])] = _sum(all[i]);
            expectedA[address(all[i])] = buckets.bucketUnits(ICapitalBuckets.Bucket.PUBLIC_LIQUIDITY, address(all[i]));
            vm.prank(timelock);
            all[i].approve(address(buckets), ALL);
        }
    }

    function _sum(M1Token token) private view returns (uint256 sum) {
        for (uint8 i = 0; i < 5; ++i) sum += _buckets.bucketUnits(ICapitalBuckets.Bucket(i), address(token));
    }

    function move(uint256 which, uint256 from, uint256 to, uint256 amount) external {
        M1Token token = _all[which % 4];
        ICapitalBuckets.Bucket source = ICapitalBuckets.Bucket(from % 5);
        ICapitalBuckets.Bucket target = ICapitalBuckets.Bucket(to % 5);
        uint256 held = _buckets.bucketUnits(source, address(token));
        amount = bound(amount, 0, held + 1);
        vm.prank(_timelock);
        try _buckets.move(address(token), source, target, amount) {
            if (source == ICapitalBuckets.Bucket.PUBLIC_LIQUIDITY) expectedA[address(token)] -= amount;
            if (target == ICapitalBuckets.Bucket.PUBLIC_LIQUIDITY) expectedA[address(token)] += amount;
        } catch {}
    }

    /// @dev The stabilizer trades with the world: some of one token becomes as much of another.
    function trade(uint256 sold, uint256 bought, uint256 share) external {
        M1Token from = _all[sold % 4];
        M1Token to = _all[bought % 4];
        uint256 units = (from.balanceOf(address(_stabilizer)) * bound(share, 0, 100)) / 100;
        if (units == 0) return;
        uint256 value = _market.valueOf(from, units);
        uint256 back = (value * 1e6) / (_market.valueOf(to, 1e6) + 1);
        vm.prank(_timelock);
        _stabilizer.withdraw(address(from), units, address(0xdead));
        vm.prank(_timelock);
        to.mint(address(_stabilizer), back);
        expected[address(from)] -= units;
        expected[address(to)] += back;
    }

    function refill(uint256 bucket, uint256 scarce, uint256 surplus, uint256 part, uint256 gasPrice) external {
        _refill(ICapitalBuckets.Bucket(bucket % 5), _all[scarce % 4], _all[surplus % 4], part, gasPrice);
    }

    /// @dev Refills of B that can happen: the token that is lowest against the one that is highest.
    function refillSensibly(uint256 scarce, uint256 surplus, uint256 gasPrice) external {
        _refill(ICapitalBuckets.Bucket.STABILIZATION, _all[scarce % 4], _all[surplus % 4], 100, gasPrice);
    }

    function _refill(
        ICapitalBuckets.Bucket bucket,
        M1Token scarce,
        M1Token surplus,
        uint256 part,
        uint256 gasPrice
    ) private {
        ICapitalBuckets.Quote memory quote = _buckets.quoteRefill(bucket, address(scarce), address(surplus));
        part = bound(part, 0, 200);
        uint256 amount = (quote.allowedUnits * part) / 100;
        uint256 before = surplus.balanceOf(_keeper);
        vm.txGasPrice(bound(gasPrice, 0, 300e9));
        vm.prank(_keeper);
        try _buckets.refill(bucket, address(scarce), address(surplus), amount, quote.paidUnits) returns (
            uint256 filled,
            uint256 paid,
            uint256 reward
        ) {
            assertEq(uint256(quote.reason), 0, "BUCKET-3: refilled while refused");
            assertGe(2 * filled, quote.allowedUnits, "BUCKET-4: less than half");
            assertEq(surplus.balanceOf(_keeper), before + reward, "reward");
            uint256 valueOut = _market.valueOf(scarce, filled);
            uint256 valueIn = _market.valueOf(surplus, paid - reward);
            // A unit of rounding in each valuation.
            uint256 unit = _market.valueOf(surplus, 1) + 2;
            assertGe(valueIn + unit, valueOut, "BUCKET-2: E lost value");
            rewardXauWei += _market.valueOf(surplus, reward);
            gainXauWei += _market.valueOf(surplus, paid) + unit - valueOut;
            expected[address(surplus)] -= reward;
            if (bucket == ICapitalBuckets.Bucket.PUBLIC_LIQUIDITY) {
                expectedA[address(scarce)] += filled;
                expectedA[address(surplus)] -= paid;
            }
            ++refills;
        } catch {
            assertTrue(
                quote.reason != ICapitalBuckets.RefillReason.NONE || part < 100,
                "LIVE-25: an open refill failed"
            );
        }
        vm.txGasPrice(0);
    }

    function fund(uint256 which, uint256 amount) external {
        M1Token token = _all[which % 4];
        amount = bound(amount, 1, 1e9);
        vm.prank(_timelock);
        token.mint(_timelock, amount);
        vm.prank(_timelock);
        _buckets.fund(address(token), amount);
        expected[address(token)] += amount;
    }

    /// @dev Gifts to every holder; only B counts what it did not ask for.
    function gift(uint256 which, uint256 to, uint256 amount) external {
        M1Token token = _all[which % 4];
        amount = bound(amount, 1, 1e9);
        address[3] memory holders = [address(_buckets), address(_flash), address(_stabilizer)];
        vm.prank(_timelock);
        token.mint(holders[to % 3], amount);
        if (to % 3 == 2) expected[address(token)] += amount;
    }

    function absorb(uint256 which, uint256 bucket) external {
        M1Token token = _all[which % 4];
        ICapitalBuckets.Bucket chosen = ICapitalBuckets.Bucket(bucket % 5);
        uint256 surplus = _buckets.surplus(chosen, address(token));
        if (surplus == 0) return;
        assertEq(_buckets.absorb(chosen, address(token)), surplus);
        expected[address(token)] += surplus;
    }

    /// @dev A loan that tries something in the middle; what it does there is a caller's right or fails.
    function borrow(uint256 amount, uint256 trick) external {
        M1Token token = _all[2];
        uint256 most = _flash.maxFlashLoan(address(token));
        if (most == 0) return;
        amount = bound(amount, 1, most);
        bytes[4] memory calls = [
            abi.encodeCall(_flash.flashLoan, (_borrower, address(token), 1, "")),
            abi.encodeCall(_buckets.absorb, (ICapitalBuckets.Bucket.FLASH, address(token))),
            abi.encodeCall(_flash.release, (address(token), amount, address(_borrower))),
            abi.encodeCall(_flash.holding, (address(token)))
        ];
        address target = trick % 4 == 1 ? address(_buckets) : address(_flash);
        _borrower.plan(target, calls[trick % 4]);
        vm.prank(_timelock);
        token.mint(address(_borrower), amount);
        _flash.flashLoan(_borrower, address(token), amount, "");
        assertFalse(_borrower.callSucceeded(), "BUCKET-10: something ran inside a loan");
    }

    function bridge(uint256 which, uint256 amount, bool back) external {
        M1Token token = _all[which % 4];
        uint256 held = _buckets.bucketUnits(ICapitalBuckets.Bucket.CROSS_CHAIN, address(token));
        if (!back) {
            amount = bound(amount, 0, held);
            if (amount == 0) return;
            vm.prank(_timelock);
            _buckets.bridgeTake(address(token), amount, _timelock);
            expected[address(token)] -= amount;
        } else {
            uint256 balance = token.balanceOf(_timelock);
            if (balance == 0) return;
            amount = bound(amount, 1, balance);
            vm.prank(_timelock);
            _buckets.bridgeReturn(address(token), amount);
            expected[address(token)] += amount;
        }
    }

    function waitForARound(uint256 duration, uint256 seed) external {
        skipTime(bound(duration, 2, 2 hours), 2);
        _market.signPrices(seed);
    }
}

contract CapitalBucketsInvariantTest is BucketBase, IMarket {
    BucketHandler internal handler;

    function setUp() public override {
        super.setUp();
        Erc3156Borrower borrower = Erc3156Borrower(deploy("Erc3156Borrower", ""));
        M1Token[4] memory all = [xau, cUSDT, cUSDC, cEURT];
        vm.startPrank(timelock);
        buckets.setBridge(timelock);
        for (uint256 i = 0; i < 4; ++i) {
            all[i].setMinterLimit(minterLimit());
            all[i].grantRole(all[i].MINTER_ROLE(), timelock);
            buckets.setPolicy(A, address(all[i]), policy(all[i], 20_000, 50_000));
            buckets.setPolicy(D, address(all[i]), policy(all[i], 20_000, 50_000));
            buckets.setPolicy(C, address(all[i]), policy(all[i], 20_000, 50_000));
        }
        vm.stopPrank();
        handler = new BucketHandler(buckets, flash, stabilizer, borrower, timelock, keeper, all);
        targetContract(address(handler));
        targetSender(trader);
        bytes4[] memory selectors = new bytes4[](14);
        selectors[0] = BucketHandler.move.selector;
        selectors[1] = BucketHandler.trade.selector;
        selectors[2] = BucketHandler.trade.selector;
        selectors[3] = BucketHandler.refill.selector;
        selectors[4] = BucketHandler.refill.selector;
        selectors[5] = BucketHandler.refillSensibly.selector;
        selectors[6] = BucketHandler.refillSensibly.selector;
        selectors[7] = BucketHandler.fund.selector;
        selectors[8] = BucketHandler.gift.selector;
        selectors[9] = BucketHandler.absorb.selector;
        selectors[10] = BucketHandler.borrow.selector;
        selectors[11] = BucketHandler.bridge.selector;
        selectors[12] = BucketHandler.waitForARound.selector;
        selectors[13] = BucketHandler.waitForARound.selector;
        targetSelector(address(handler), selectors);
    }

    function minterLimit() private view returns (IM1Token.MinterLimit memory) {
        return IM1Token.MinterLimit(timelock, 1e36, 1e30, 0, 0);
    }

    function signPrices(uint256 seed) external {
        report(cUSDT, uint72(99_900000 + (seed % 200_000)));
        report(cUSDC, uint72(99_900000 + ((seed >> 32) % 200_000)));
        report(cEURT, uint72(1_07000000 + ((seed >> 64) % 2_000_000)));
        report(xau, uint72(2_600_00000000 + ((seed >> 96) % 100_00000000)));
        skipBlocks(GRACE + 1);
    }

    function valueOf(M1Token token, uint256 units) external view returns (uint256) {
        return valueXau(token, units);
    }

    /// @dev BUCKET-1: nothing is made, lost or counted twice: per token the buckets are what came in less what left, per holder
    /// buckets and surplus are the balance.
    function invariant_BUCKET1_bucketsAreWhatIsThere() public view {
        assertAllBooks();
        M1Token[4] memory all = [xau, cUSDT, cUSDC, cEURT];
        for (uint256 i = 0; i < 4; ++i) {
            assertEq(sumOfBuckets(all[i]), handler.expected(address(all[i])), "BUCKET-1: conserved");
        }
    }

    /// @dev BUCKET-6: rewards are at most half of what E gained by the fee.
    function invariant_BUCKET6_rewardsComeOutOfTheGain() public view {
        assertLe(2 * handler.rewardXauWei(), handler.gainXauWei() + 1, "BUCKET-6: reward");
    }

    /// @dev BUCKET-7: A changes by explicit moves and its own refills only.
    function invariant_BUCKET7_publicLiquidityMovesExplicitly() public view {
        M1Token[4] memory all = [xau, cUSDT, cUSDC, cEURT];
        for (uint256 i = 0; i < 4; ++i) {
            assertEq(buckets.bucketUnits(A, address(all[i])), handler.expectedA(address(all[i])), "BUCKET-7: A");
        }
    }
}
