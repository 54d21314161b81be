// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "../../../contracts/interfaces/ICommonErrors.sol";
import {IPmmFactory} from "../../../contracts/interfaces/IPmmFactory.sol";
import {IPmmPool, IPmmPrivatePool, IPmmPublicPool} from "../../../contracts/interfaces/IPmmPool.sol";
import {FlashBorrower} from "../../../contracts/mocks/FlashBorrower.sol";
import {HostileToken} from "../../../contracts/mocks/HostileToken.sol";
import {PlainERC20} from "../../../contracts/mocks/PlainERC20.sol";
import {PmmTestBase} from "./PmmTestBase.sol";

contract PrivatePmmPoolTest is PmmTestBase {
    PlainERC20 private base;
    PlainERC20 private quote;
    IPmmPrivatePool private pool;

    function setUp() public {
        setUpFactory(0);
        base = PlainERC20(deploy("PlainERC20", abi.encode("XAU", 18)));
        quote = PlainERC20(deploy("PlainERC20", abi.encode("cUSDT", 6)));
        pool = IPmmPrivatePool(
            fund(privateParams(address(base), address(quote), 2650e6, K, provider), 1e21, 2_650_000e6)
        );
    }

    function allow(address who) private {
        vm.prank(provider);
        pool.setAllowed(who, true);
    }

    /// @dev MESH-18 at the pool: strangers are refused at every entry, even with tokens already transferred.
    function test_MESH18_everyEntryIsAllowListed() public {
        base.mint(address(pool), 1e18);
        quote.mint(address(pool), 2650e6);
        bytes[] memory calls = new bytes[](8);
        calls[0] = abi.encodeCall(pool.sellBase, (attacker));
        calls[1] = abi.encodeCall(pool.sellQuote, (attacker));
        calls[2] = abi.encodeCall(pool.swapBase, (1e18, 0, attacker, attacker, block.timestamp));
        calls[3] = abi.encodeCall(pool.swapQuote, (1e6, 0, attacker, attacker, block.timestamp));
        calls[4] = abi.encodeCall(pool.flashLoan, (1, 1, attacker, ""));
        calls[5] = abi.encodeCall(pool.applyParameters, ());
        calls[6] = abi.encodeCall(pool.swapBase, (1e18, 0, stabilizer, attacker, block.timestamp));
        calls[7] = abi.encodeCall(pool.swapReceivedBase, (1e18, 0, attacker, block.timestamp));
        for (uint256 j = 0; j < calls.length; ++j) {
            address caller = j == 6 ? stabilizer : attacker; // not even the stabilizer, unless listed
            vm.prank(caller);
            (bool ok, bytes memory answer) = address(pool).call(calls[j]);
            assertFalse(ok);
            assertEq(answer, abi.encodeWithSelector(IPmmPrivatePool.NotAllowed.selector, caller));
        }
        bytes[] memory owned = new bytes[](5);
        owned[0] = abi.encodeCall(pool.deposit, (1, 1, attacker));
        owned[1] = abi.encodeCall(pool.withdraw, (1, 1, attacker));
        owned[2] = abi.encodeCall(pool.retrieve, (attacker, address(base), 1));
        owned[3] = abi.encodeCall(pool.setAllowed, (attacker, true));
        owned[4] = abi.encodeCall(pool.transferOwnership, (attacker));
        allow(trader);
        for (uint256 j = 0; j < owned.length; ++j) {
            vm.prank(trader); // allowed to trade, not to own
            (bool ok, bytes memory answer) = address(pool).call(owned[j]);
            assertFalse(ok);
            assertEq(answer, abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, trader));
        }
        // Public entries do not exist here.
        (bool exists, ) = address(pool).call(abi.encodeCall(IPmmPublicPool(address(pool)).sync, ()));
        assertFalse(exists);
    }

    function testFuzz_swapReceivedBase_countsWhatItIsToldAndLeavesTheRest(uint256 paid, uint256 donated) public {
        allow(trader);
        paid = bound(paid, 1e12, 100e18);
        donated = bound(donated, 0, 100e18);
        base.mint(address(pool), donated + paid);
        (uint256 quoted, , , ) = pool.querySellBase(trader, paid);
        (uint256 baseBefore, uint256 quoteBefore) = pool.getVaultReserve();

        vm.startPrank(trader);
        vm.expectRevert(
            abi.encodeWithSelector(
                ICommonErrors.TransferMismatch.selector,
                address(base),
                donated + paid,
                donated + paid + 1
            )
        );
        pool.swapReceivedBase(donated + paid + 1, 0, trader, block.timestamp);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutputBelowMinimum.selector, quoted, quoted + 1));
        pool.swapReceivedBase(paid, quoted + 1, trader, block.timestamp);
        vm.expectRevert(
            abi.encodeWithSelector(ICommonErrors.DeadlineExpired.selector, block.timestamp - 1, block.timestamp)
        );
        pool.swapReceivedBase(paid, 0, trader, block.timestamp - 1);
        vm.expectRevert(ICommonErrors.ZeroAmount.selector);
        pool.swapReceivedBase(0, 0, trader, block.timestamp);

        uint256 heldBefore = quote.balanceOf(trader);
        assertEq(pool.swapReceivedBase(paid, quoted, trader, block.timestamp), quoted, "as swapBase would pay");
        vm.stopPrank();
        assertEq(quote.balanceOf(trader) - heldBefore, quoted, "paid");
        assertEq(pool.getBaseInput(), donated, "the donation lies where it lay");
        (uint256 baseAfter, uint256 quoteAfter) = pool.getVaultReserve();
        assertEq(baseAfter - baseBefore, paid, "counted");
        assertEq(quoteBefore - quoteAfter, quoted, "recorded");
        assertEq(base.balanceOf(address(pool)), baseAfter + donated, "solvent");
    }

    function test_allowedTraderTradesAndIsRemoved() public {
        allow(trader);
        assertTrue(pool.isAllowed(trader));
        assertGt(sell(pool, trader, true, 1e18), 2649e6);
        vm.prank(provider);
        pool.setAllowed(trader, false);
        vm.prank(trader);
        vm.expectRevert(abi.encodeWithSelector(IPmmPrivatePool.NotAllowed.selector, trader));
        pool.swapBase(1, 0, trader, trader, block.timestamp);
    }

    function test_flashCallbackIsDodosPrivateOne() public {
        FlashBorrower borrower = FlashBorrower(deploy("FlashBorrower", ""));
        allow(address(borrower));
        base.mint(address(borrower), 1e18);
        borrower.plan(1e18 + 1e14, 0);
        bytes memory data = abi.encode(address(base), address(quote));
        borrower.run(address(pool), abi.encodeCall(pool.flashLoan, (1e18, 0, address(borrower), data)));
        assertEq(borrower.callbacks(), 1);
        assertEq(pool._BASE_RESERVE_(), 1e21 + 1e14);
    }

    /// @dev Deposits and withdrawals keep the ratio at any imbalance, without an oracle.
    function testFuzz_resizingKeepsTheRatio(uint256 trade, bool isBase, uint256 baseIn, uint256 quoteIn) public {
        allow(trader);
        sell(pool, trader, isBase, isBase ? bound(trade, 1e15, 5e20) : bound(trade, 1e6, 1_000_000e6));
        uint256 ratio = pool.spotRatio();
        baseIn = bound(baseIn, 0, 1e22);
        quoteIn = bound(quoteIn, 1, 1e13);
        base.mint(provider, baseIn);
        quote.mint(provider, quoteIn);
        vm.startPrank(provider);
        base.approve(address(pool), baseIn);
        quote.approve(address(pool), quoteIn);
        pool.deposit(baseIn, quoteIn, provider);
        vm.stopPrank();
        if (pool._RState_() != ONE) assertApproxEqAbs(pool.spotRatio(), ratio, 1e13);
        (uint256 b, uint256 q) = pool.getVaultReserve();
        assertEq(base.balanceOf(address(pool)), b);
        assertEq(quote.balanceOf(address(pool)), q);
        vm.prank(provider);
        pool.withdraw(b / 2, q / 2, provider);
        if (pool._RState_() != ONE) assertApproxEqAbs(pool.spotRatio(), ratio, 1e13);
        vm.prank(provider);
        pool.withdraw(b - b / 2, q - q / 2, provider); // LIVE-25: all of it
        assertEq(base.balanceOf(address(pool)), 0);
        vm.prank(trader);
        vm.expectRevert(IPmmPool.EmptyPool.selector);
        pool.querySellBase(trader, 1e18);
    }

    function test_retrieveTakesSurplusOnly() public {
        base.mint(address(pool), 5);
        PlainERC20 stray = PlainERC20(deploy("PlainERC20", abi.encode("STRAY", 18)));
        stray.mint(address(pool), 7);
        vm.startPrank(provider);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 6, 0, 5));
        pool.retrieve(provider, address(base), 6);
        pool.retrieve(provider, address(base), 5);
        pool.retrieve(provider, address(stray), 7);
        vm.stopPrank();
        assertEq(base.balanceOf(provider), 5);
        assertEq(stray.balanceOf(provider), 7);
    }

    function test_ACCESS23_ownershipMovesInTwoSteps() public {
        vm.prank(provider);
        pool.transferOwnership(trader);
        assertEq(pool._OWNER_(), provider);
        vm.prank(attacker);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker));
        pool.claimOwnership();
        vm.prank(trader);
        pool.claimOwnership();
        assertEq(pool._OWNER_(), trader);
        assertEq(pool._NEW_OWNER_(), address(0));
    }
}

contract PmmFactoryTest is PmmTestBase {
    PlainERC20 private base;
    PlainERC20 private quote;

    function setUp() public {
        setUpFactory(0);
        base = PlainERC20(deploy("PlainERC20", abi.encode("cUSDT", 6)));
        quote = PlainERC20(deploy("PlainERC20", abi.encode("cUSDC", 6)));
    }

    /// @dev D3, D4, D14, ACCESS-23: initialised once, in the creating transaction, by the factory; implementations are locked.
    function test_D3_D4_D14_ACCESS23_initialisedExactlyOnce() public {
        address pool = factory.createPool(publicParams(address(base), address(quote), WAD, K));
        assertGt(pool.code.length, 0);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, address(this)));
        IPmmPool(pool).initialize(WAD, K, FEE, attacker, 0, 0);
        vm.prank(address(factory));
        vm.expectRevert(IPmmPool.NotInitializable.selector);
        IPmmPool(pool).initialize(WAD, K, FEE, attacker, 0, 0);
        address implementation = factory.publicImplementation();
        vm.expectRevert(IPmmPool.NotInitializable.selector);
        IPmmPool(implementation).initialize(WAD, K, FEE, attacker, 0, 0);
        vm.expectRevert(IPmmPool.NotInitializable.selector);
        IPmmPublicPool(implementation).addLiquidity(1e9, 1e9, 0, attacker, block.timestamp);
    }

    function test_D5_D7_badParametersAreRefusedWithTheirErrors() public {
        IPmmFactory.PoolParams memory params = publicParams(address(base), address(quote), WAD, K);
        params.lpFeeRate = 0;
        expectRefusal(params, abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 0, 1e13, 1e16));
        params.lpFeeRate = 2e18;
        expectRefusal(params, abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 2e18, 1e13, 1e16));
        params = publicParams(address(base), address(quote), WAD, 1e14 - 1);
        expectRefusal(params, abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 1e14 - 1, 1e14, 0.999e18));
        params = publicParams(address(base), address(quote), 1e36 + 1, K);
        expectRefusal(params, abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 1e36 + 1, 1e9, 1e36));
        params = publicParams(address(base), address(quote), 1e9 - 1, K);
        expectRefusal(
            params,
            abi.encodeWithSelector(IPmmFactory.UnsafeOrientation.selector, address(base), address(quote), 1e9 - 1, 1e9)
        );
        params = publicParams(address(base), address(base), WAD, K);
        expectRefusal(params, abi.encodeWithSelector(ICommonErrors.IdenticalTokens.selector, address(base)));
        params = publicParams(address(base), attacker, WAD, K);
        expectRefusal(params, abi.encodeWithSelector(ICommonErrors.NotAContract.selector, attacker));
        params = publicParams(address(base), address(quote), WAD, K);
        params.pricing = IPmmPool.Pricing.ORACLE;
        expectRefusal(params, abi.encodeWithSelector(IPmmFactory.BadPricing.selector));
        params.i = 0; // no feed for this pair
        vm.expectRevert();
        factory.createPool(params);
        oracle.setAnchors(address(base), address(quote), 1e9 - 1, 1e9 - 1);
        expectRefusal(
            params,
            abi.encodeWithSelector(IPmmFactory.UnsafeOrientation.selector, address(base), address(quote), 1e9 - 1, 1e9)
        );
        params = publicParams(address(base), address(quote), WAD, K);
        params.owner = attacker;
        expectRefusal(params, abi.encodeWithSelector(ICommonErrors.NotAuthorized.selector, attacker));
    }

    function expectRefusal(IPmmFactory.PoolParams memory params, bytes memory reason) private {
        vm.expectRevert(reason);
        factory.createPool(params);
    }

    function test_D16_registryAndPredictedAddress() public {
        IPmmFactory.PoolParams memory params = publicParams(address(base), address(quote), WAD, K);
        address predicted = factory.predictPool(trader, params);
        // The same parameters by somebody else take another address.
        vm.prank(attacker);
        address squatted = factory.createPool(params);
        assertNotEq(squatted, predicted);
        vm.startPrank(trader);
        assertEq(factory.createPool(params), predicted);
        address second = factory.createPool(params);
        vm.stopPrank();
        assertTrue(factory.isPool(predicted) && factory.isPool(second));
        assertFalse(factory.isPool(attacker));
        assertEq(factory.getDODOPool(address(base), address(quote)).length, 3);
        assertEq(factory._REGISTRY_(address(base), address(quote), 1), predicted);
        (address[] memory one, address[] memory two) = factory.getDODOPoolBidirection(address(quote), address(base));
        assertEq(one.length, 0);
        assertEq(two.length, 3);
        address dodo = factory.createDODOStablePool(address(base), address(quote), FEE, WAD, K, false);
        assertTrue(factory.isPool(dodo));
        assertFalse(IPmmPool(dodo)._IS_OPEN_TWAP_());
    }

    /// @dev A transfer to the future address neither blocks the creation nor becomes somebody's reserve.
    function test_D4_donationToTheFutureAddressIsSurplus() public {
        IPmmFactory.PoolParams memory params = publicParams(address(base), address(quote), WAD, K);
        address predicted = factory.predictPool(provider, params);
        base.mint(predicted, 123);
        IPmmPool pool = IPmmPool(fund(params, 1e12, 1e12));
        assertEq(address(pool), predicted);
        assertEq(pool._BASE_RESERVE_(), 1e12);
        assertEq(pool.getBaseInput(), 123);
    }

    function test_TOKEN24_decimalsAreBounded() public {
        HostileToken wide = HostileToken(deploy("HostileToken", abi.encode(24)));
        expectRefusal(
            publicParams(address(wide), address(quote), WAD, K),
            abi.encodeWithSelector(ICommonErrors.OutOfRange.selector, 24, 0, 18)
        );
        PlainERC20 whole = PlainERC20(deploy("PlainERC20", abi.encode("WHOLE", 0)));
        IPmmPool pool = IPmmPool(fund(publicParams(address(whole), address(quote), 1e24, K), 1e6, 1e12));
        assertGt(sell(pool, trader, true, 10), 9e6);
    }
}

/// @notice TOKEN-24: tokens that misbehave after the pool was made with them.
contract PmmPoolHostileTokenTest is PmmTestBase {
    HostileToken private base;
    PlainERC20 private quote;
    IPmmPublicPool private pool;

    function setUp() public {
        setUpFactory(0);
        base = HostileToken(deploy("HostileToken", abi.encode(6)));
        quote = PlainERC20(deploy("PlainERC20", abi.encode("cUSDC", 6)));
        pool = IPmmPublicPool(fund(publicParams(address(base), address(quote), WAD, K), 1e12, 1e12));
        base.mint(trader, 1e12);
        quote.mint(trader, 1e12);
        vm.startPrank(trader);
        base.approve(address(pool), type(uint256).max);
        quote.approve(address(pool), type(uint256).max);
        vm.stopPrank();
    }

    function swapBase(uint256 amountIn) private {
        vm.prank(trader);
        pool.swapBase(amountIn, 0, trader, trader, block.timestamp);
    }

    function test_TOKEN24_feeOnTransferIsRefused() public {
        base.setMode(HostileToken.Mode.FEE_ON_TRANSFER);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.TransferMismatch.selector, address(base), 0.99e9, 1e9));
        swapBase(1e9);
        // Transfer-first counts what arrived.
        vm.prank(trader);
        base.transfer(address(pool), 1e9);
        assertEq(pool.getBaseInput(), 0.99e9);
        pool.sellBase(trader);
        assertEq(pool._BASE_RESERVE_(), base.balanceOf(address(pool)));
        // Funding with such a token is refused too.
        base.mint(provider, 1e9);
        quote.mint(provider, 1e9);
        vm.startPrank(provider);
        base.approve(address(factory), 1e9);
        quote.approve(address(factory), 1e9);
        vm.expectRevert(abi.encodeWithSelector(ICommonErrors.TransferMismatch.selector, address(base), 0.99e9, 1e9));
        factory.createFundedPool(publicParams(address(base), address(quote), WAD, K), 1e9, 1e9, 0, block.timestamp);
        vm.stopPrank();
    }

    function test_TOKEN24_falseAndRevertingTransfersChangeNothing() public {
        (uint256 b, uint256 q) = pool.getVaultReserve();
        base.setMode(HostileToken.Mode.RETURNS_FALSE);
        vm.expectPartialRevert(bytes4(keccak256("SafeERC20FailedOperation(address)")));
        swapBase(1e9);
        base.setMode(HostileToken.Mode.REVERTS);
        vm.expectRevert(HostileToken.Refused.selector);
        swapBase(1e9);
        vm.prank(trader);
        vm.expectRevert(HostileToken.Refused.selector);
        pool.swapQuote(1e9, 0, trader, trader, block.timestamp);
        (uint256 b2, uint256 q2) = pool.getVaultReserve();
        assertEq(b2, b);
        assertEq(q2, q);
    }

    /// @dev Hooks of an ERC-777-like token meet a locked pool: entries and views alike.
    function test_TOKEN24_hooksCannotReenterNorRead() public {
        bytes[] memory calls = new bytes[](5);
        calls[0] = abi.encodeCall(pool.sellQuote, (attacker));
        calls[1] = abi.encodeCall(pool.sync, ());
        calls[2] = abi.encodeCall(pool.spotRatio, ());
        calls[3] = abi.encodeCall(pool.getMidPrice, ());
        calls[4] = abi.encodeCall(pool.flashLoan, (1, 0, attacker, ""));
        for (uint256 j = 0; j < calls.length; ++j) {
            base.setHook(address(pool), calls[j]);
            swapBase(1e9);
            assertFalse(base.hookSucceeded());
            assertEq(bytes32(base.hookError()), bytes32(ICommonErrors.Reentrant.selector));
            vm.prank(trader);
            pool.swapQuote(1e9, 0, trader, trader, block.timestamp);
            assertFalse(base.hookSucceeded());
            assertEq(bytes32(base.hookError()), bytes32(ICommonErrors.Reentrant.selector));
        }
    }

    function test_TOKEN24_downwardRebaseStopsNothing() public {
        base.slash(address(pool), 1e11);
        assertEq(pool.getBaseInput(), 0);
        swapBase(1e9);
        pool.sync();
        assertEq(pool._BASE_RESERVE_(), base.balanceOf(address(pool)));
        uint256 held = PlainERC20(address(pool)).balanceOf(provider);
        vm.prank(provider);
        pool.removeLiquidity(held, 0, 0, provider, block.timestamp);
        assertGe(base.balanceOf(address(pool)), pool._BASE_RESERVE_());
    }
}
