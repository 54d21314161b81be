// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IAlltraCustomBridge} from "../interfaces/IAlltraCustomBridge.sol";
import {IBridgeAdapter} from "../interfaces/IBridgeAdapter.sol";
import {IBridgeLanes} from "../interfaces/IBridgeLanes.sol";
import {IBridgeReserveCoordinator} from "../interfaces/IBridgeReserveCoordinator.sol";
import {LaneLimits} from "./LaneLimits.sol";

/// @title AlltraAdapter
/// @notice How users send over AlltraCustomBridge: one call, a fee in the token itself, and a maximum for it.
/// @dev ROLES. Anyone: sends own tokens; the allowance goes to the bridge, and only the caller is ever named as payer. Owner (two steps,
/// cannot be renounced; a timelock): which tokens are carried and on what terms, inside immutable ceilings. Nobody holds anything here.
/// @dev PRICE SOURCES: none. ROUNDING. Fees up. TOKEN REQUIREMENTS: those of the bridge's lanes.
/// @dev LIVENESS. Depends on the bridge alone; sending is never paused.
/// @dev HOW TO STOP IT. The bridge's owner: `setAdapter(adapter, false)`.
contract AlltraAdapter is IBridgeAdapter, Ownable2Step {
    /// @notice What sending a token costs: max(minimumUnits, amount * feeBps / 10,000 rounded up). One slot, 20 + 8 + 1 + 3 bytes.
    struct Terms {
        /// @dev Who gets the fee; zero = the token is not carried.
        address treasury;
        uint64 minimumUnits;
        uint8 feeBps;
        /// @dev How long what is sent may be delivered.
        uint24 lifetimeSeconds;
    }

    /// @notice What an adapter is made of; the same on both chains, so that CREATE2 gives one address.
    struct AdapterParams {
        address bridge;
        address owner;
        /// @dev Ceilings: at most MAX_FEE_BPS; whole tokens, 1e18 = one.
        uint256 maxFeeBps;
        uint256 maxMinimumFeeWad;
    }

    event SetTerms(address indexed token, Terms terms);

    /// @notice Thrown for a token that this adapter does not carry.
    error UnsupportedToken(address token);

    /// @notice Highest ceiling that an adapter can have: 1 %.
    uint256 public constant MAX_FEE_BPS = 100;
    /// @notice Bounds of a message's life: longer than a guardian's hold, so that none expires what was on its way; short enough to come back.
    uint256 public constant MIN_LIFETIME_SECONDS = 2 days;
    uint256 public constant MAX_LIFETIME_SECONDS = 7 days;
    uint256 private constant _BPS = 10_000;
    uint256 private constant _WAD = 1e18;

    IAlltraCustomBridge public immutable bridge;
    /// @notice The one chain that this adapter reaches.
    uint256 public immutable remoteChainId;
    /// @notice Ceilings of what the owner can set.
    uint256 public immutable maxFeeBps;
    uint256 public immutable maxMinimumFeeWad;

    mapping(address token => Terms) private _terms;

    constructor(AdapterParams memory params) Ownable(params.owner) {
        require(params.bridge.code.length > 0, NotAContract(params.bridge));
        _inRange(params.maxFeeBps, 0, MAX_FEE_BPS);
        bridge = IAlltraCustomBridge(params.bridge);
        remoteChainId = bridge.remoteChainId();
        (maxFeeBps, maxMinimumFeeWad) = (params.maxFeeBps, params.maxMinimumFeeWad);
    }

    // --- Sending ---

    /// @inheritdoc IBridgeAdapter
    function send(Order calldata order) external payable returns (bytes32 messageId) {
        return _send(order);
    }

    /// @inheritdoc IBridgeAdapter
    function sendWithPermit(Order calldata order, Permit calldata permit) external payable returns (bytes32 messageId) {
        require(order.token.code.length > 0, NotAContract(order.token));
        // Whoever saw the permit may have used it: then the allowance is there, and the bridge says so when it is not.
        // solhint-disable-next-line no-empty-blocks
        try
            IERC20Permit(order.token).permit(
                msg.sender,
                address(bridge),
                permit.valueUnits,
                permit.deadline,
                permit.v,
                permit.r,
                permit.s
            )
        {} catch {}
        return _send(order);
    }

    // --- Owner ---

    /// @notice Owner only, inside the ceilings. What was sent keeps the terms it was sent with.
    function setTerms(address token, Terms calldata newTerms) external onlyOwner {
        require(newTerms.treasury != address(0), ZeroAddress());
        // What lies in the bridge beside its books is nobody's.
        require(newTerms.treasury != address(bridge), NotAuthorized(newTerms.treasury));
        _inRange(newTerms.feeBps, 0, maxFeeBps);
        uint256 unit = 10 ** IERC20Metadata(token).decimals();
        _inRange(newTerms.minimumUnits, 0, Math.mulDiv(maxMinimumFeeWad, unit, _WAD));
        _inRange(newTerms.lifetimeSeconds, MIN_LIFETIME_SECONDS, MAX_LIFETIME_SECONDS);
        _terms[token] = newTerms;
        emit SetTerms(token, newTerms);
    }

    /// @notice Owner only: the token is carried no longer.
    function removeTerms(address token) external onlyOwner {
        delete _terms[token];
        emit SetTerms(token, _terms[token]);
    }

    /// @notice Always reverts: without an owner fees could never follow what a delivery costs.
    function renounceOwnership() public view override onlyOwner {
        revert NotAuthorized(msg.sender);
    }

    // --- Views ---

    /// @inheritdoc IBridgeAdapter
    function carries(uint256 chainId, address token) public view returns (bool) {
        return
            chainId == remoteChainId &&
            _terms[token].treasury != address(0) &&
            bridge.mode(token) != IBridgeLanes.Mode.NONE;
    }

    /// @notice Zeros for a token that is not carried.
    function terms(address token) external view returns (Terms memory) {
        return _terms[token];
    }

    /// @inheritdoc IBridgeAdapter
    function spender(address) external view returns (address) {
        return address(bridge);
    }

    /// @inheritdoc IBridgeAdapter
    /// @dev `maxAmountUnits` is what lane, token and coordinator let through.
    function quote(
        uint256 destinationChainId,
        address token,
        uint256 amountUnits
    ) external view returns (Quote memory) {
        require(destinationChainId == remoteChainId, UnsupportedChain(destinationChainId));
        return
            Quote({
                feeToken: token,
                feeUnits: _feeOf(_termsOf(token), amountUnits),
                maxAmountUnits: LaneLimits.maxAmount(bridge, token, _sendable(token))
            });
    }

    // --- Internal ---

    function _send(Order calldata order) private returns (bytes32 messageId) {
        // The fee is in the token: coins would be stranded here.
        require(msg.value == 0, OutOfRange(msg.value, 0, 0));
        require(block.timestamp <= order.deadline, DeadlineExpired(order.deadline, block.timestamp));
        require(order.destinationChainId == remoteChainId, UnsupportedChain(order.destinationChainId));
        Terms memory own = _termsOf(order.token);
        uint256 feeUnits = _feeOf(own, order.amountUnits);
        require(feeUnits <= order.maxFeeUnits, FeeAboveMaximum(feeUnits, order.maxFeeUnits));
        messageId = bridge.send(
            IAlltraCustomBridge.Sending({
                token: order.token,
                from: msg.sender,
                recipient: order.recipient,
                amountUnits: order.amountUnits,
                feeUnits: feeUnits,
                feeTo: own.treasury,
                expiresAt: block.timestamp + own.lifetimeSeconds
            })
        );
        emit OrderSent(
            messageId,
            msg.sender,
            order.destinationChainId,
            order.token,
            order.recipient,
            order.amountUnits,
            order.token,
            feeUnits
        );
    }

    function _termsOf(address token) private view returns (Terms memory found) {
        found = _terms[token];
        require(found.treasury != address(0), UnsupportedToken(token));
    }

    function _feeOf(Terms memory own, uint256 amountUnits) private pure returns (uint256) {
        return Math.max(own.minimumUnits, Math.mulDiv(amountUnits, own.feeBps, _BPS, Math.Rounding.Ceil));
    }

    /// @dev A coordinator that does not answer would refuse the send, too.
    function _sendable(address token) private view returns (uint256) {
        address book = bridge.coordinator();
        if (book == address(0)) return type(uint256).max;
        try IBridgeReserveCoordinator(book).sendableUnits(token) returns (uint256 units) {
            return units;
        } catch {
            return 0;
        }
    }

    function _inRange(uint256 value, uint256 minimum, uint256 maximum) private pure {
        require(value >= minimum && value <= maximum, OutOfRange(value, minimum, maximum));
    }
}
