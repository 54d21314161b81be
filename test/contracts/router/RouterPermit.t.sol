// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {IDODOPMMIntegration} from "../../../contracts/interfaces/IDODOPMMIntegration.sol";
import {IEnhancedSwapRouter} from "../../../contracts/interfaces/IEnhancedSwapRouter.sol";
import {PlainERC20} from "../../../contracts/mocks/PlainERC20.sol";
import {EnhancedSwapRouter} from "../../../contracts/router/EnhancedSwapRouter.sol";
import {RouterBase} from "./RouterBase.t.sol";

contract PermitToken is ERC20Permit {
    constructor() ERC20("Permit", "PRM") ERC20Permit("Permit") {}

    function mint(address to, uint256 value) external {
        _mint(to, value);
    }

    function decimals() public pure override returns (uint8) {
        return 6;
    }
}

interface IDomain {
    function DOMAIN_SEPARATOR() external view returns (bytes32);
}

/// @notice ERC-2612 permits, and the real Permit2: each signature works once, on one chain, for exactly what it says.
contract RouterPermitTest is RouterBase {
    uint256 private constant AMOUNT = 5_000e6;
    bytes32 private constant PERMIT_TYPEHASH = keccak256(
        "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant TOKEN_PERMISSIONS_TYPEHASH = keccak256("TokenPermissions(address token,uint256 amount)");
    /// @dev Written out here, so that the router's own string is checked against EIP-712 and not against itself.
    bytes32 private constant TRANSFER_TYPEHASH = keccak256(
        "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,SwapOrder witness)Route(uint256 amountIn,address firstPool,address secondPool)SwapOrder(address tokenOut,uint256 minOut,address to,uint256 deadline,Route[] routes)TokenPermissions(address token,uint256 amount)"
    );
    /// @dev Permit2's own errors.
    bytes4 private constant INVALID_SIGNER = bytes4(keccak256("InvalidSigner()"));
    bytes4 private constant SIGNATURE_EXPIRED = bytes4(keccak256("SignatureExpired(uint256)"));

    PermitToken private token;
    address private pool;
    IEnhancedSwapRouter.Route[] private routes;

    function setUp() public override {
        super.setUp();
        token = new PermitToken();
        pool = funded(IDODOPMMIntegration.Venue.OURS, PlainERC20(address(token)), usdc, 1e18, 1e12);
        vm.prank(timelock);
        router.registerPool(pool);
        token.mint(trader, 10 * AMOUNT);
        routes.push(IEnhancedSwapRouter.Route(AMOUNT, pool, address(0)));
        vm.prank(trader);
        token.approve(permit2, type(uint256).max);
    }

    // ERC-2612

    function test_permit_approvesAndSwapsInOneCall() public {
        IEnhancedSwapRouter.Permit memory permit = _permit(0);
        vm.prank(trader);
        uint256 out = router.swapWithPermit(_order(), routes, permit);
        assertEq(usdc.balanceOf(receiver), out, "paid");
        assertEq(token.allowance(trader, address(router)), 0, "used up");
    }

    function test_permit_ROUTER5_replayIsRefused() public {
        IEnhancedSwapRouter.Permit memory permit = _permit(0);
        vm.startPrank(trader);
        router.swapWithPermit(_order(), routes, permit);
        vm.expectRevert(abi.encodeWithSelector(IEnhancedSwapRouter.PermitReplayed.selector, trader, 0));
        router.swapWithPermit(_order(), routes, permit);
        vm.stopPrank();
        assertEq(token.balanceOf(trader), 9 * AMOUNT, "ROUTER-5: spent once");
    }

    function test_permit_ROUTER5_wrongChainIsRefused() public {
        IEnhancedSwapRouter.Permit memory permit = _permit(0);
        uint256 here = block.chainid;
        vm.chainId(651940);
        vm.prank(trader);
        vm.expectRevert(abi.encodeWithSelector(IEnhancedSwapRouter.WrongChain.selector, here, 651940));
        router.swapWithPermit(_order(), routes, permit);
        // Claiming this chain does not help: the token's domain differs, ROUTER-5.
        permit.chainId = 651940;
        vm.prank(trader);
        vm.expectPartialRevert(ERC20Permit.ERC2612InvalidSigner.selector);
        router.swapWithPermit(_order(), routes, permit);
    }

    /// @dev Somebody submits the permit first to make the swap fail: it does not.
    function test_permit_submittedBySomebodyElseStillSwaps() public {
        IEnhancedSwapRouter.Permit memory permit = _permit(0);
        vm.prank(attacker);
        token.permit(trader, address(router), AMOUNT, permit.deadline, permit.v, permit.r, permit.s);
        vm.prank(trader);
        router.swapWithPermit(_order(), routes, permit);
        assertEq(token.balanceOf(trader), 9 * AMOUNT, "sold");
    }

    function test_permit_ofSomebodyElseIsRefused() public {
        IEnhancedSwapRouter.Permit memory permit = _permit(0);
        vm.prank(attacker);
        vm.expectPartialRevert(ERC20Permit.ERC2612InvalidSigner.selector);
        router.swapWithPermit(_order(), routes, permit);
    }

    // Permit2

    function test_permit2_anyoneMaySubmitWhatWasSigned() public {
        IEnhancedSwapRouter.SignedTransfer memory signed = _signed(_order(), 7);
        vm.prank(attacker);
        uint256 out = router.swapWithPermit2(_order(), routes, signed);
        assertEq(usdc.balanceOf(receiver), out, "to the signed receiver");
        assertEq(token.balanceOf(trader), 9 * AMOUNT, "from the signer");
        assertEq(token.allowance(trader, address(router)), 0, "without an approval for the router");
    }

    function test_permit2_ROUTER5_replayIsRefused() public {
        IEnhancedSwapRouter.SignedTransfer memory signed = _signed(_order(), 259);
        router.swapWithPermit2(_order(), routes, signed);
        vm.expectRevert(abi.encodeWithSelector(IEnhancedSwapRouter.PermitReplayed.selector, trader, 259));
        router.swapWithPermit2(_order(), routes, signed);
        assertEq(token.balanceOf(trader), 9 * AMOUNT, "ROUTER-5: spent once");
    }

    function test_permit2_ROUTER5_wrongChainIsRefused() public {
        IEnhancedSwapRouter.SignedTransfer memory signed = _signed(_order(), 1);
        uint256 here = block.chainid;
        vm.chainId(651940);
        vm.expectRevert(abi.encodeWithSelector(IEnhancedSwapRouter.WrongChain.selector, here, 651940));
        router.swapWithPermit2(_order(), routes, signed);
        // Permit2's own domain refuses what the field cannot tell, ROUTER-5.
        signed.chainId = 651940;
        vm.expectRevert(INVALID_SIGNER);
        router.swapWithPermit2(_order(), routes, signed);
    }

    function test_permit2_ROUTER4_theSignatureBindsEverything() public {
        IEnhancedSwapRouter.SignedTransfer memory signed = _signed(_order(), 1);
        IEnhancedSwapRouter.Order memory changed = _order();
        changed.to = attacker;
        _refused(changed, signed);
        changed = _order();
        changed.minOut = 0;
        _refused(changed, signed);
        changed = _order();
        changed.deadline += 1;
        _refused(changed, signed);
        changed = _order();
        (changed.amountIn, routes[0].amountIn) = (AMOUNT / 2, AMOUNT / 2);
        _refused(changed, signed);
        routes[0].amountIn = AMOUNT;
        // Another owner, and the same order over another route: ROUTER-4.
        signed.owner = attacker;
        _refused(_order(), signed);
        signed.owner = trader;
        address other = funded(IDODOPMMIntegration.Venue.OURS, PlainERC20(address(token)), usdc, 1e18, 1e12);
        vm.prank(timelock);
        router.registerPool(other);
        routes[0].firstPool = other;
        _refused(_order(), signed);
        routes[0].firstPool = pool;
        router.swapWithPermit2(_order(), routes, signed);
    }

    function test_permit2_expiredSignaturesAreRefused() public {
        IEnhancedSwapRouter.SignedTransfer memory signed = _signed(_order(), 1);
        vm.warp(block.timestamp + 2 hours);
        IEnhancedSwapRouter.Order memory order_ = _order();
        vm.expectRevert(abi.encodeWithSelector(SIGNATURE_EXPIRED, signed.deadline));
        router.swapWithPermit2(order_, routes, signed);
    }

    function test_permit2_absentIsSaid() public {
        vm.startPrank(timelock);
        EnhancedSwapRouter bare = EnhancedSwapRouter(
            deploy(
                "EnhancedSwapRouter",
                abi.encode(address(integration), address(router.quoter()), address(0), timelock, guardian)
            )
        );
        bare.registerPool(pool);
        vm.stopPrank();
        IEnhancedSwapRouter.SignedTransfer memory signed = _signed(_order(), 1);
        vm.expectRevert(IEnhancedSwapRouter.Permit2Unavailable.selector);
        bare.swapWithPermit2(_order(), routes, signed);
    }

    // Internal

    function _order() private view returns (IEnhancedSwapRouter.Order memory order_) {
        order_ = order(PlainERC20(address(token)), AMOUNT, usdc);
        order_.deadline = 1_900_000_000;
    }

    function _permit(uint256 nonce) private view returns (IEnhancedSwapRouter.Permit memory permit) {
        permit.chainId = block.chainid;
        permit.nonce = nonce;
        permit.deadline = block.timestamp + 1 hours;
        bytes32 content = keccak256(
            abi.encode(PERMIT_TYPEHASH, trader, address(router), AMOUNT, nonce, permit.deadline)
        );
        (permit.v, permit.r, permit.s) = vm.sign(keyOf("trader"), _digest(token.DOMAIN_SEPARATOR(), content));
    }

    function _signed(
        IEnhancedSwapRouter.Order memory order_,
        uint256 nonce
    ) private view returns (IEnhancedSwapRouter.SignedTransfer memory signed) {
        (signed.owner, signed.chainId, signed.nonce) = (trader, block.chainid, nonce);
        signed.deadline = block.timestamp + 1 hours;
        bytes32 content = keccak256(
            abi.encode(
                TRANSFER_TYPEHASH,
                keccak256(abi.encode(TOKEN_PERMISSIONS_TYPEHASH, order_.tokenIn, order_.amountIn)),
                address(router),
                nonce,
                signed.deadline,
                router.witnessOf(order_, routes)
            )
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(
            keyOf("trader"),
            _digest(IDomain(permit2).DOMAIN_SEPARATOR(), content)
        );
        signed.signature = abi.encodePacked(r, s, v);
    }

    function _digest(bytes32 domain, bytes32 content) private pure returns (bytes32) {
        return keccak256(abi.encodePacked("\x19\x01", domain, content));
    }

    function _refused(
        IEnhancedSwapRouter.Order memory order_,
        IEnhancedSwapRouter.SignedTransfer memory signed
    ) private {
        vm.prank(attacker);
        vm.expectRevert(INVALID_SIGNER);
        router.swapWithPermit2(order_, routes, signed);
    }
}
