// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {DodoObserver} from "../../../contracts/dodo/DodoObserver.sol";
import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IDODOPMMIntegration} from "../../../contracts/interfaces/IDODOPMMIntegration.sol";
import {IDodoObserver} from "../../../contracts/interfaces/IDodoObserver.sol";
import {IDodoV2Pool} from "../../../contracts/interfaces/IDodoV2Pool.sol";
import {PlainERC20} from "../../../contracts/mocks/PlainERC20.sol";
import {DodoDspStandIn} from "../../../contracts/mocks/dodo/DodoDspStandIn.sol";
import {DodoBase} from "./DodoBase.t.sol";

/// @title SampleStamper
/// @notice Swings a DODO pool with a free flash loan and tries to have the middle of it sampled.
contract SampleStamper {
    IDodoObserver private immutable _observer;
    bool public stamped;

    constructor(IDodoObserver observer_) {
        _observer = observer_;
    }

    function attack(DodoDspStandIn pool, PlainERC20 base, PlainERC20 quote, uint256 amount) external {
        base.transfer(address(pool), amount);
        uint256 got = pool.sellBase(address(this));
        _try(pool);
        quote.transfer(address(pool), got);
        pool.sellQuote(address(this));
        pool.flashLoan(amount, 0, address(this), abi.encode(pool, base, amount));
    }

    function DSPFlashLoanCall(address, uint256, uint256, bytes calldata data) external {
        (DodoDspStandIn pool, PlainERC20 base, uint256 amount) = abi.decode(
            data,
            (DodoDspStandIn, PlainERC20, uint256)
        );
        _try(pool);
        base.transfer(address(pool), amount);
    }

    function _try(DodoDspStandIn pool) private {
        address[] memory pools = new address[](1);
        pools[0] = address(pool);
        try _observer.observe(pools) {
            stamped = true;
        } catch {}
    }
}

contract DodoObserverTest is DodoBase {
    DodoObserver internal observer;
    DodoDspStandIn internal pool;
    address internal keeper;

    function _venue() internal pure override returns (IDODOPMMIntegration.Venue) {
        return IDODOPMMIntegration.Venue.DODO;
    }

    function setUp() public override {
        super.setUp();
        pool = DodoDspStandIn(stablePool());
        keeper = makeAddr("keeper");
        observer = DodoObserver(deploy("DodoObserver", abi.encode(timelock)));
        vm.startPrank(timelock);
        observer.registerPool(address(pool));
        observer.setKeeper(keeper, true);
        vm.stopPrank();
    }

    function _pools() internal view returns (address[] memory pools) {
        pools = new address[](1);
        pools[0] = address(pool);
    }

    function _observe() internal {
        vm.prank(trader, trader);
        observer.observe(_pools());
    }

    function _nextBlock() internal {
        skipTime(2, 2);
    }

    function _move(uint256 amount) internal {
        cUSDT.mint(address(pool), amount);
        pool.sellBase(trader);
    }

    // D19

    function test_D19_contractsCannotStampASample() public {
        SampleStamper stamper = new SampleStamper(observer);
        cUSDT.mint(address(stamper), 500_000e6);
        // Even when the attacker's own transaction is the origin.
        vm.prank(attacker, attacker);
        stamper.attack(pool, cUSDT, cUSDC, 500_000e6);
        assertFalse(stamper.stamped(), "neither between swaps nor inside the loan");
        vm.prank(attacker, trader);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker));
        observer.observe(_pools());
    }

    function test_D19_delegatedAccountsCannotStampASample() public {
        // An account with delegated code can be the origin and still stand in the middle of a call.
        vm.etch(attacker, abi.encodePacked(hex"ef0100", address(pool)));
        vm.prank(attacker, attacker);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker));
        observer.observe(_pools());
    }

    function test_observe_byAnyoneDirectlyAndByKeepers() public {
        vm.prank(keeper, trader); // a keeper may be a contract
        assertEq(observer.observe(_pools()), 1, "keeper");
        _nextBlock();
        _observe();
        _nextBlock();
        IDodoObserver.Sample[] memory samples = observer.recentSamples(address(pool), 2, 2);
        assertEq(samples[0].blockNumber, block.number - 1, "newest first");
        assertEq(samples[1].blockNumber, block.number - 2, "distinct blocks");
        assertEq(samples[0].mid, pool.getMidPrice(), "mid");
    }

    // Samples

    function test_samples_lastOfABlockCountsAndOnlyOnceItHasEnded() public {
        _observe();
        vm.expectRevert(abi.encodeWithSelector(IDodoObserver.NotEnoughSamples.selector, address(pool), 0, 1));
        observer.recentSamples(address(pool), 1, 100);
        _move(100_000e6);
        _observe();
        uint256 mid = pool.getMidPrice();
        _nextBlock();
        IDodoObserver.Sample[] memory samples = observer.recentSamples(address(pool), 1, 100);
        assertEq(samples[0].mid, mid, "the later one");
        vm.expectRevert(abi.encodeWithSelector(IDodoObserver.NotEnoughSamples.selector, address(pool), 1, 2));
        observer.recentSamples(address(pool), 2, 100);
    }

    function test_samples_ageIsBounded() public {
        _observe();
        for (uint256 count = 0; count < 5; ++count) _nextBlock();
        observer.recentSamples(address(pool), 1, 5);
        vm.expectRevert(abi.encodeWithSelector(IDodoObserver.NotEnoughSamples.selector, address(pool), 0, 1));
        observer.recentSamples(address(pool), 1, 4);
    }

    function testFuzz_samples_ringKeepsTheNewest(uint256 written, uint256 count) public {
        written = bound(written, 1, 150);
        for (uint256 index = 0; index < written; ++index) {
            _move(1e6);
            _observe();
            _nextBlock();
        }
        count = bound(count, 1, written < 63 ? written : 63);
        IDodoObserver.Sample[] memory samples = observer.recentSamples(address(pool), count, 1_000);
        for (uint256 index = 0; index < count; ++index) {
            assertEq(samples[index].blockNumber, block.number - 1 - index, "consecutive");
            if (index > 0) assertGt(samples[index].mid, samples[index - 1].mid, "each sale lowered the mid");
        }
    }

    function test_samples_countOutsideAndAverage() public {
        uint256[4] memory moves = [uint256(0), 60_000e6, 1e6, 1e6];
        uint256 sum;
        for (uint256 index = 0; index < 4; ++index) {
            if (moves[index] > 0) _move(moves[index]);
            _observe();
            if (index > 0) sum += pool.getMidPrice();
            _nextBlock();
        }
        (uint256 count, bool above) = observer.samplesOutside(address(pool), 1e18, 3e14, 4, 10);
        assertEq(count, 3, "three of four");
        assertFalse(above, "below");
        assertEq(observer.averageMid(address(pool), 3, 10), sum / 3, "mean");
        (count, ) = observer.samplesOutside(address(pool), 1e18, 100e14, 4, 10);
        assertEq(count, 0, "inside a wide band");
    }

    function test_observe_syncsWhatCanBeSynced() public {
        cUSDT.mint(address(pool), 50_000e6); // a donation
        (uint256 before, ) = pool.getVaultReserve();
        _observe();
        (uint256 synced, ) = pool.getVaultReserve();
        assertEq(synced - before, 50_000e6, "recorded");
        // A private pool of DODO has no `sync`, and is observed all the same.
        give(gold, manager, 100e18);
        give(usdt, manager, 265_025e6);
        vm.prank(manager);
        address dpp = integration.createPrivatePool(
            _venue(),
            terms(gold, usdt, 2650.25e6),
            100e18,
            265_025e6,
            provider,
            block.timestamp
        );
        vm.prank(timelock);
        observer.registerPool(dpp);
        address[] memory pools = new address[](1);
        pools[0] = dpp;
        vm.prank(trader, trader);
        assertEq(observer.observe(pools), 1, "observed");
    }

    /// @dev A `sync` that runs out of gas takes 63/64 of it along: what is left cannot read the mid and write it down.
    function test_observe_gasCannotMakeItSampleWithoutSync() public {
        cUSDT.mint(address(pool), 50_000e6); // a donation: the mid before and after `sync` differ
        uint256 stale = pool.getMidPrice();
        uint256 snapshot = vm.snapshotState();
        uint256 refused;
        uint256 sampled;
        for (uint256 gas_ = 20_000; gas_ <= 200_000; gas_ += 1_000) {
            vm.prank(trader, trader);
            try observer.observe{gas: gas_}(_pools()) returns (uint256 observed) {
                assertEq(observed, 1, string.concat("passed over with gas ", vm.toString(gas_)));
                _nextBlock();
                uint256 mid = observer.recentSamples(address(pool), 1, 2)[0].mid;
                assertEq(mid, pool.getMidPrice(), string.concat("synced with gas ", vm.toString(gas_)));
                assertNotEq(mid, stale, "the donation shows");
                ++sampled;
            } catch {
                ++refused;
            }
            vm.revertToState(snapshot);
            snapshot = vm.snapshotState();
        }
        assertGt(refused, 20, "refused");
        assertGt(sampled, 50, "sampled");
    }

    function test_LIVE25_brokenPoolIsPassedOver() public {
        address second = dspFactory.createDODOStablePool(address(cUSDT), address(usdc), FEE, 1e18, K, true);
        cUSDT.mint(second, 1e12);
        usdc.mint(second, 1e12);
        DodoDspStandIn(second).buyShares(provider);
        vm.prank(timelock);
        observer.registerPool(second);
        vm.mockCallRevert(address(pool), abi.encodeCall(IDodoV2Pool.getMidPrice, ()), "");
        address[] memory pools = new address[](2);
        (pools[0], pools[1]) = (address(pool), second);
        vm.expectEmit(address(observer));
        emit IDodoObserver.NotObserved(address(pool));
        vm.prank(trader, trader);
        assertEq(observer.observe(pools), 1, "the other one");
    }

    function test_registry_andRoles() public {
        vm.startPrank(timelock);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAContract.selector, attacker));
        observer.registerPool(attacker);
        vm.expectRevert(abi.encodeWithSelector(IDodoObserver.PoolAlreadyRegistered.selector, address(pool)));
        observer.registerPool(address(pool));
        observer.removePool(address(pool));
        vm.expectRevert(abi.encodeWithSelector(IDodoObserver.PoolNotRegistered.selector, address(pool)));
        observer.removePool(address(pool));
        vm.expectRevert(ICommonErrors.ZeroAddress.selector);
        observer.setKeeper(address(0), true);
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(IDodoObserver.PoolNotRegistered.selector, address(pool)));
        observer.recentSamples(address(pool), 1, 1);
        vm.prank(trader, trader);
        vm.expectRevert(abi.encodeWithSelector(IDodoObserver.PoolNotRegistered.selector, address(pool)));
        observer.observe(_pools());
        vm.startPrank(attacker);
        bytes memory notOwner = abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", attacker);
        vm.expectRevert(notOwner);
        observer.registerPool(address(pool));
        vm.expectRevert(notOwner);
        observer.removePool(address(pool));
        vm.expectRevert(notOwner);
        observer.setKeeper(attacker, true);
        vm.stopPrank();
        vm.startPrank(timelock);
        observer.registerPool(address(pool));
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 64, 1, 63));
        observer.recentSamples(address(pool), 64, 1);
    }
}
