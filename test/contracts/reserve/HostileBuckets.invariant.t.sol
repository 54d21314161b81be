// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICapitalBuckets} from "../../../contracts/interfaces/ICapitalBuckets.sol";
import {IXAUOracle} from "../../../contracts/interfaces/IXAUOracle.sol";
import {Erc3156Borrower} from "../../../contracts/mocks/Erc3156Borrower.sol";
import {HostileToken} from "../../../contracts/mocks/HostileToken.sol";
import {CapitalBuckets} from "../../../contracts/reserve/CapitalBuckets.sol";
import {FlashVault} from "../../../contracts/reserve/FlashVault.sol";
import {Stabilizer} from "../../../contracts/stabilizer/Stabilizer.sol";
import {M1Token} from "../../../contracts/tokens/M1Token.sol";
import {Base} from "../Base.t.sol";
import {BucketBase} from "./BucketBase.t.sol";

/// @notice Every way of moving a token that takes fees, lies, refuses or calls back; keeps its own books of what must be there.
/// @dev The token behaves while it is minted here and misbehaves in the one call that is under test.
contract HostileBucketHandler is Base {
    uint256 private constant ALL = type(uint256).max;
    uint256 private constant MOST = 1_000e6;
    CapitalBuckets private immutable _buckets;
    FlashVault private immutable _flash;
    Stabilizer private immutable _stabilizer;
    Erc3156Borrower private immutable _borrower;
    HostileToken private immutable _token;
    M1Token private immutable _good;
    address private immutable _timelock;

    /// @dev What came into any bucket less what left.
    uint256 public expected;
    uint256 public done;
    uint256 public refused;
    /// @dev How often a call that the token made inside a transfer went through.
    uint256 public entered;

    constructor(
        CapitalBuckets buckets,
        FlashVault flash,
        Stabilizer stabilizer,
        HostileToken token,
        M1Token good,
        address timelock
    ) {
        (_buckets, _flash, _stabilizer, _token, _good) = (buckets, flash, stabilizer, token, good);
        _timelock = timelock;
        _borrower = Erc3156Borrower(deploy("Erc3156Borrower", ""));
        vm.prank(timelock);
        token.approve(address(buckets), ALL);
        vm.prank(timelock);
        good.approve(address(buckets), ALL);
    }

    modifier misbehaving(uint256 mode, uint256 trick) {
        _arm(mode, trick, false);
        _;
        _disarm();
    }

    /// @dev What belongs to bucket C is shut during a loan; the rest of the buckets may be used by anyone, as at any other time.
    modifier misbehavingInALoan(uint256 mode, uint256 trick) {
        _arm(mode, trick, true);
        _;
        _disarm();
    }

    function _disarm() private {
        if (_token.mode() == HostileToken.Mode.HOOKS && _token.hookSucceeded()) ++entered;
        _token.setMode(HostileToken.Mode.HONEST);
    }

    function fund(uint256 amount, uint256 mode, uint256 trick) external {
        amount = bound(amount, 0, MOST);
        _token.mint(_timelock, amount);
        _fund(amount, mode, trick);
    }

    function _fund(uint256 amount, uint256 mode, uint256 trick) private misbehaving(mode, trick) {
        vm.prank(_timelock);
        try _buckets.fund(address(_token), amount) {
            (expected, done) = (expected + amount, done + 1);
        } catch {
            ++refused;
        }
    }

    function move(
        uint256 from,
        uint256 to,
        uint256 amount,
        uint256 mode,
        uint256 trick
    ) external misbehaving(mode, trick) {
        ICapitalBuckets.Bucket source = ICapitalBuckets.Bucket(from % 5);
        amount = bound(amount, 0, _buckets.bucketUnits(source, address(_token)) + 1);
        vm.prank(_timelock);
        try _buckets.move(address(_token), source, ICapitalBuckets.Bucket(to % 5), amount) {
            ++done;
        } catch {
            ++refused;
        }
    }

    function withdraw(uint256 amount, uint256 mode, uint256 trick) external misbehaving(mode, trick) {
        amount = bound(amount, 0, _buckets.bucketUnits(ICapitalBuckets.Bucket.RESERVE, address(_token)) + 1);
        vm.prank(_timelock);
        try _buckets.withdraw(address(_token), amount, _timelock) {
            (expected, done) = (expected - amount, done + 1);
        } catch {
            ++refused;
        }
    }

    function bridge(uint256 amount, bool back, uint256 mode, uint256 trick) external misbehaving(mode, trick) {
        if (back) {
            amount = bound(amount, 0, _token.balanceOf(_timelock));
            vm.prank(_timelock);
            try _buckets.bridgeReturn(address(_token), amount) {
                (expected, done) = (expected + amount, done + 1);
            } catch {
                ++refused;
            }
        } else {
            amount = bound(amount, 0, _buckets.bucketUnits(ICapitalBuckets.Bucket.CROSS_CHAIN, address(_token)));
            vm.prank(_timelock);
            try _buckets.bridgeTake(address(_token), amount, _timelock) {
                (expected, done) = (expected - amount, done + 1);
            } catch {
                ++refused;
            }
        }
    }

    function gift(uint256 amount, uint256 to) external {
        amount = bound(amount, 1, MOST);
        address[3] memory holders = [address(_buckets), address(_flash), address(_stabilizer)];
        _token.mint(holders[to % 3], amount);
        // B is what its holder has; to the others a gift is surplus.
        if (to % 3 == 2) expected += amount;
    }

    function absorb(uint256 bucket, uint256 mode, uint256 trick) external misbehaving(mode, trick) {
        ICapitalBuckets.Bucket chosen = ICapitalBuckets.Bucket(bucket % 5);
        uint256 surplus = _buckets.surplus(chosen, address(_token));
        try _buckets.absorb(chosen, address(_token)) returns (uint256 units) {
            assertEq(units, surplus, "BUCKET-9: absorbed something else");
            (expected, done) = (expected + units, done + 1);
        } catch {
            ++refused;
        }
    }

    /// @dev In both directions: the hostile token as the scarce and as the paying one.
    function refill(bool isScarce, uint256 mode, uint256 trick) external misbehaving(mode, trick) {
        (address scarce, address surplus) = isScarce
            ? (address(_token), address(_good))
            : (address(_good), address(_token));
        try _buckets.refill(ICapitalBuckets.Bucket.STABILIZATION, scarce, surplus, ALL, ALL) returns (
            uint256 filled,
            uint256 paid,
            uint256 reward
        ) {
            // The reward leaves the buckets, in the token that was paid.
            if (!isScarce) expected -= reward;
            assertTrue(filled > 0 && paid > reward, "BUCKET-9: nothing exchanged");
            ++done;
        } catch {
            ++refused;
        }
    }

    /// @dev So that refills have something to do: some of B's scarce token goes, or more of the other comes.
    function drain(uint256 share, bool good) external {
        address token = good ? address(_good) : address(_token);
        uint256 held = good ? _good.balanceOf(address(_stabilizer)) : _token.balanceOf(address(_stabilizer));
        uint256 units = (held * bound(share, 0, 100)) / 100;
        if (units == 0) return;
        vm.prank(_timelock);
        _stabilizer.withdraw(token, units, address(0xdead));
        if (!good) expected -= units;
    }

    function borrow(uint256 amount, uint256 mode, uint256 trick) external {
        uint256 most = _flash.maxFlashLoan(address(_token));
        if (most == 0) return;
        amount = bound(amount, 1, most);
        _token.mint(address(_borrower), amount);
        _borrow(amount, mode, trick);
    }

    function _borrow(uint256 amount, uint256 mode, uint256 trick) private misbehavingInALoan(mode, trick) {
        uint256 before = _token.balanceOf(address(_flash));
        try _flash.flashLoan(_borrower, address(_token), amount, "") {
            assertGt(_token.balanceOf(address(_flash)), before, "BUCKET-10: a loan without a fee");
            ++done;
        } catch {
            assertEq(_token.balanceOf(address(_flash)), before, "BUCKET-10: a failed loan cost something");
            ++refused;
        }
    }

    function waitAWhile(uint256 duration) external {
        skipTime(bound(duration, 2, 1 hours), 2);
    }

    function _arm(uint256 mode, uint256 trick, bool inALoan) private {
        HostileToken.Mode chosen = HostileToken.Mode(mode % 5);
        if (chosen != HostileToken.Mode.HOOKS) {
            _token.setMode(chosen);
            return;
        }
        (address target, bytes memory data) = inALoan ? _loanTrick(trick % 6) : _trick(trick % 8);
        _token.setHook(target, data);
    }

    function _trick(uint256 which) private view returns (address, bytes memory) {
        address token = address(_token);
        bytes[8] memory calls = [
            abi.encodeCall(_buckets.fund, (token, 0)),
            abi.encodeCall(_buckets.absorb, (ICapitalBuckets.Bucket.RESERVE, token)),
            abi.encodeCall(_buckets.absorb, (ICapitalBuckets.Bucket.FLASH, address(_good))),
            abi.encodeCall(_buckets.refill, (ICapitalBuckets.Bucket.STABILIZATION, token, address(_good), ALL, ALL)),
            abi.encodeCall(_buckets.bucketUnits, (ICapitalBuckets.Bucket.RESERVE, token)),
            abi.encodeCall(_buckets.quoteRefill, (ICapitalBuckets.Bucket.STABILIZATION, address(_good), token)),
            abi.encodeCall(_flash.release, (token, 1, address(this))),
            abi.encodeCall(_flash.flashLoan, (_borrower, token, 0, ""))
        ];
        return (which < 6 ? address(_buckets) : address(_flash), calls[which]);
    }

    function _loanTrick(uint256 which) private view returns (address, bytes memory) {
        address token = address(_token);
        bytes[6] memory calls = [
            abi.encodeCall(_buckets.absorb, (ICapitalBuckets.Bucket.FLASH, token)),
            abi.encodeCall(_buckets.absorb, (ICapitalBuckets.Bucket.FLASH, address(_good))),
            abi.encodeCall(_buckets.surplus, (ICapitalBuckets.Bucket.FLASH, token)),
            abi.encodeCall(_flash.holding, (token)),
            abi.encodeCall(_flash.release, (token, 1, address(this))),
            abi.encodeCall(_flash.flashLoan, (_borrower, token, 1, ""))
        ];
        return (which < 3 ? address(_buckets) : address(_flash), calls[which]);
    }
}

/// @notice BUCKET-9 under random calls: the four honest tokens are there all the time and must not notice.
contract HostileBucketsInvariantTest is BucketBase {
    HostileToken internal token;
    HostileBucketHandler internal handler;
    uint256[5][4] internal atStart;

    function setUp() public override {
        super.setUp();
        token = HostileToken(deploy("HostileToken", abi.encode(6)));
        IXAUOracle.TokenConfig memory priced = oracle.tokenConfig(address(cUSDC));
        vm.startPrank(timelock);
        oracle.setToken(address(token), priced);
        buckets.addToken(address(token), 1_000_000 * UNIT);
        buckets.setBridge(timelock);
        buckets.setPolicy(
            B,
            address(token),
            ICapitalBuckets.Policy({
                lowUnits: uint128(500 * UNIT),
                targetUnits: uint128(800 * UNIT),
                minRefillUnits: uint128(UNIT),
                cooldownSeconds: 60
            })
        );
        flash.setFee(address(token), FEE);
        vm.stopPrank();
        // What B pays with when it lacks the hostile token.
        mint(cUSDC, address(stabilizer), 10_000 * UNIT);
        handler = new HostileBucketHandler(buckets, flash, stabilizer, token, cUSDC, timelock);
        for (uint256 i = 0; i < 5; ++i) {
            for (uint256 j = 0; j < 4; ++j) {
                atStart[j][i] = buckets.bucketUnits(ICapitalBuckets.Bucket(uint8(i)), address(_honest(j)));
            }
        }
        targetContract(address(handler));
        targetSender(trader);
        bytes4[] memory selectors = new bytes4[](12);
        selectors[0] = HostileBucketHandler.fund.selector;
        selectors[1] = HostileBucketHandler.fund.selector;
        selectors[2] = HostileBucketHandler.move.selector;
        selectors[3] = HostileBucketHandler.move.selector;
        selectors[4] = HostileBucketHandler.withdraw.selector;
        selectors[5] = HostileBucketHandler.bridge.selector;
        selectors[6] = HostileBucketHandler.gift.selector;
        selectors[7] = HostileBucketHandler.absorb.selector;
        selectors[8] = HostileBucketHandler.refill.selector;
        selectors[9] = HostileBucketHandler.drain.selector;
        selectors[10] = HostileBucketHandler.borrow.selector;
        selectors[11] = HostileBucketHandler.waitAWhile.selector;
        targetSelector(address(handler), selectors);
    }

    function _honest(uint256 which) private view returns (M1Token) {
        return [xau, cUSDT, cUSDC, cEURT][which];
    }

    /// @dev Per holder, buckets and surplus are the balance, and the sum is what came in less what left: nothing is booked that is not
    /// there, whatever the token said.
    function invariant_BUCKET9_booksOnlyWhatIsThere() public view {
        assertBooks(token);
        assertEq(sumOfBuckets(token), handler.expected(), "BUCKET-9: conserved");
    }

    function invariant_BUCKET9_reentersNothing() public view {
        assertEq(handler.entered(), 0, "BUCKET-9: a hook went through");
    }

    /// @dev The other tokens' books hold, and those that took no part in any exchange have not changed at all.
    function invariant_BUCKET9_theOthersDoNotNotice() public view {
        assertAllBooks();
        for (uint256 j = 0; j < 4; ++j) {
            if (address(_honest(j)) == address(cUSDC)) continue;
            for (uint8 i = 0; i < 5; ++i) {
                uint256 units = buckets.bucketUnits(ICapitalBuckets.Bucket(i), address(_honest(j)));
                assertEq(units, atStart[j][i], "BUCKET-9: an honest token changed");
            }
        }
    }

    /// @dev The same calls with a token that behaves do happen: the refusals above are not for want of trying.
    function test_BUCKET9_anHonestCallPasses() public {
        handler.fund(1_000 * UNIT, 0, 0);
        handler.move(4, 1, 100 * UNIT, 0, 0);
        handler.move(4, 2, 100 * UNIT, 0, 0);
        handler.move(4, 3, 100 * UNIT, 0, 0);
        handler.bridge(50 * UNIT, false, 0, 0);
        handler.bridge(50 * UNIT, true, 0, 0);
        handler.borrow(50 * UNIT, 0, 0);
        handler.gift(10 * UNIT, 0);
        handler.absorb(4, 0, 0);
        handler.refill(true, 0, 0);
        assertEq(handler.refused(), 0, "refused");
        assertEq(handler.done(), 9, "done");
        assertEq(buckets.bucketUnits(B, address(token)), 800 * UNIT, "B is back at its target");
        for (uint256 mode = 1; mode < 4; ++mode) handler.fund(UNIT, mode, 0);
        assertEq(handler.refused(), 3, "misbehaviour passed");
        // Calling back gets nothing and prevents nothing.
        handler.fund(UNIT, 4, 1);
        assertEq(handler.done(), 10, "a hook that fails is no harm");
    }
}
