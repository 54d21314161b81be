// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Create2} from "@openzeppelin/contracts/utils/Create2.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IRescueAgent} from "../interfaces/IRescueAgent.sol";
import {IRescueBounty} from "../interfaces/IRescueBounty.sol";
import {ITbtcDeposit, ITbtcOwnershipToken} from "../interfaces/ITbtcV1.sol";
import {RescueAgent} from "./RescueAgent.sol";

/// @title RescueBounty
/// @notice Escrow of bounties for rescuing tBTC v1 deposits. A rescue goes through it, so that execution proves who redeemed.
/// @dev ROLES: none. Operators command their own pledges, providers what they earned; nobody else commands anything.
/// @dev WHO IS PAID. Whoever redeemed through here while the deposit was called, when its payment in bitcoin is proven: all that is open
/// for it, once. A redemption that ends in a liquidation earns nothing here: tBTC itself gives its redeemer the lot back.
/// @dev WHAT A PROVIDER CAN RELY ON. His order names the least bounty, and what his rescue finds is his from then on. What is pledged and
/// not announced to leave stays for NOTICE_SECONDS at least.
/// @dev DEPOSITS. Pledged for only while the TDT exists: its id is the deposit's address, only tBTC's factory mints it, nobody burns it.
/// So every deposit with a bounty runs tBTC's code, and its states are as tBTC says.
/// @dev BALANCE. Open bounties and what is booked to accounts, exactly; ether forced in belongs to nobody.
/// @dev PRICE SOURCES, ROUNDING: none. TOKEN REQUIREMENTS: TBTC, which takes no fee and calls nobody back.
/// @dev LIVENESS. Depends on tBTC for rescues and claims only. Ether is booked and collected by who it belongs to: an account that refuses
/// it holds up itself.
/// @dev HOW TO STOP IT: nobody can. Operators announce and withdraw.
contract RescueBounty is IRescueBounty, EIP712, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @dev 16 + 5 bytes.
    struct OwnPledge {
        uint128 bountyWei;
        /// @dev 0 = stays.
        uint40 readyAt;
    }

    /// @notice Longer than a courtesy call lasts and TBTC takes to get: what a provider prepares for is still there.
    uint256 public constant NOTICE_SECONDS = 1 days;

    bytes32 private constant _RELEASE_TYPEHASH = keccak256(
        "Release(address operator,address deposit,address recipient,uint256 amountWei,uint256 nonce,uint256 deadline)"
    );
    /// @dev States of a deposit, as its code numbers them.
    uint256 private constant _ACTIVE = 4;
    uint256 private constant _REDEEMED = 7;
    uint256 private constant _COURTESY_CALL = 8;
    /// @dev This and all above: the bond is for sale, or sold.
    uint256 private constant _LIQUIDATING = 9;

    /// @notice TBTC.
    IERC20 public immutable token;
    /// @notice TDT.
    ITbtcOwnershipToken public immutable depositToken;

    /// @inheritdoc IRescueBounty
    mapping(address account => uint256) public collectableWei;
    /// @inheritdoc IRescueBounty
    mapping(bytes32 digest => bool) public isReleaseUsed;
    mapping(address deposit => Bounty) private _bounties;
    mapping(address deposit => mapping(address operator => OwnPledge)) private _pledges;

    constructor(address token_, address depositToken_) EIP712("Cantilever RescueBounty", "1") {
        require(token_ != depositToken_, IdenticalTokens(token_));
        require(token_.code.length > 0, NotAContract(token_));
        require(depositToken_.code.length > 0, NotAContract(depositToken_));
        (token, depositToken) = (IERC20(token_), ITbtcOwnershipToken(depositToken_));
    }

    // --- Operators ---

    /// @inheritdoc IRescueBounty
    function pledge(Pledge[] calldata pledges) external payable nonReentrant {
        uint256 sumWei = 0;
        for (uint256 i = 0; i < pledges.length; ++i) {
            (address deposit, uint128 bountyWei) = (pledges[i].deposit, pledges[i].bountyWei);
            require(bountyWei > 0, ZeroAmount());
            require(depositToken.exists(uint256(uint160(deposit))), UnknownDeposit(deposit));
            uint256 state = ITbtcDeposit(deposit).currentState();
            require(_isRescuable(state), NotRescuable(deposit, state));
            sumWei += bountyWei;
            _stay(deposit);
            Bounty storage bounty = _bounties[deposit];
            bounty.openWei += bountyWei;
            _pledges[deposit][msg.sender].bountyWei += bountyWei;
            emit Pledged(deposit, msg.sender, bountyWei, bounty.openWei);
        }
        require(sumWei == msg.value, ValueMismatch(sumWei, msg.value));
    }

    /// @inheritdoc IRescueBounty
    function announceWithdrawal(address[] calldata deposits) external nonReentrant {
        uint40 readyAt = uint40(block.timestamp + NOTICE_SECONDS);
        for (uint256 i = 0; i < deposits.length; ++i) {
            address deposit = deposits[i];
            (uint128 bountyWei, ) = _ownPledge(deposit, msg.sender);
            require(bountyWei > 0, PledgeTooSmall(deposit, msg.sender, 0, 1));
            _stay(deposit);
            _pledges[deposit][msg.sender].readyAt = readyAt;
            Bounty storage bounty = _bounties[deposit];
            bounty.leavingWei += bountyWei;
            emit WithdrawalAnnounced(deposit, msg.sender, bountyWei, readyAt, bounty.leavingWei);
        }
    }

    /// @inheritdoc IRescueBounty
    function cancelWithdrawal(address[] calldata deposits) external nonReentrant {
        for (uint256 i = 0; i < deposits.length; ++i) {
            (, uint40 readyAt) = _ownPledge(deposits[i], msg.sender);
            require(readyAt != 0, NothingPending());
            _stay(deposits[i]);
        }
    }

    /// @inheritdoc IRescueBounty
    function withdraw(address[] calldata deposits) external nonReentrant {
        for (uint256 i = 0; i < deposits.length; ++i) {
            address deposit = deposits[i];
            (uint128 bountyWei, uint40 readyAt) = _ownPledge(deposit, msg.sender);
            require(bountyWei > 0, PledgeTooSmall(deposit, msg.sender, 0, 1));
            uint256 state = _stateUnlessEarmarked(deposit);
            if (_isRescuable(state)) {
                require(readyAt != 0, NothingPending());
                require(block.timestamp >= readyAt, NotReady(readyAt, block.timestamp));
            }
            uint256 openWei = _take(deposit, msg.sender, bountyWei);
            collectableWei[msg.sender] += bountyWei;
            emit Withdrawn(deposit, msg.sender, bountyWei, openWei);
        }
    }

    // --- Providers ---

    /// @inheritdoc IRescueBounty
    function rescue(Order calldata order) external nonReentrant returns (uint256 bountyWei, uint256 costUnits) {
        require(block.timestamp <= order.deadline, DeadlineExpired(order.deadline, block.timestamp));
        Bounty storage bounty = _bounties[order.deposit];
        bountyWei = bounty.openWei;
        require(bountyWei > 0 && bountyWei >= order.minBountyWei, BountyBelowMinimum(bountyWei, order.minBountyWei));
        // A bounty is open, so this is a deposit; and a rescued one is in no state that lets it pass.
        ITbtcDeposit deposit = ITbtcDeposit(order.deposit);
        uint256 state = deposit.currentState();
        require(_isRescuable(state), NotRescuable(order.deposit, state));
        address agent = _agent();
        bounty.provider = msg.sender;
        if (state == _ACTIVE) deposit.notifyCourtesyCall();
        costUnits = deposit.getRedemptionTbtcRequirement(agent);
        require(costUnits <= order.maxCostUnits, CostAboveMaximum(costUnits, order.maxCostUnits));
        emit Rescued(order.deposit, msg.sender, agent, bountyWei, costUnits);
        token.safeTransferFrom(msg.sender, agent, costUnits);
        IRescueAgent(agent).redeem(order.deposit, costUnits, order.outputValue, order.redeemerOutputScript);
    }

    /// @inheritdoc IRescueBounty
    function claim(address[] calldata deposits) external nonReentrant {
        for (uint256 i = 0; i < deposits.length; ++i) {
            address deposit = deposits[i];
            Bounty storage bounty = _bounties[deposit];
            (address provider, uint256 openWei) = (bounty.provider, bounty.openWei);
            require(provider != address(0), NotRescued(deposit));
            uint256 state = ITbtcDeposit(deposit).currentState();
            require(state == _REDEEMED, NotRedeemed(deposit, state));
            require(openWei > 0, AlreadyClaimed(deposit));
            (bounty.openWei, bounty.leavingWei) = (0, 0);
            collectableWei[provider] += openWei;
            emit Claimed(deposit, provider, openWei);
        }
    }

    /// @inheritdoc IRescueBounty
    function release(Release calldata order, bytes calldata signature) external nonReentrant {
        require(block.timestamp <= order.deadline, DeadlineExpired(order.deadline, block.timestamp));
        require(order.recipient != address(0), ZeroAddress());
        require(order.amountWei > 0, ZeroAmount());
        bytes32 digest = releaseDigest(order);
        require(!isReleaseUsed[digest], ReleaseUsed(digest));
        (uint128 pledgedWei, ) = _ownPledge(order.deposit, order.operator);
        require(
            order.amountWei <= pledgedWei,
            PledgeTooSmall(order.deposit, order.operator, pledgedWei, order.amountWei)
        );
        uint256 state = _stateUnlessEarmarked(order.deposit);
        require(!_isRescuable(state), StillRescuable(order.deposit, state));
        require(
            SignatureChecker.isValidSignatureNowCalldata(order.operator, digest, signature),
            BadSignature(order.operator)
        );
        isReleaseUsed[digest] = true;
        uint256 openWei = _take(order.deposit, order.operator, uint128(order.amountWei));
        collectableWei[order.recipient] += order.amountWei;
        emit Released(order.deposit, order.operator, order.recipient, digest, order.amountWei, openWei);
    }

    /// @inheritdoc IRescueBounty
    function collect(address payable to) external nonReentrant returns (uint256 amountWei) {
        require(to != address(0), ZeroAddress());
        amountWei = collectableWei[msg.sender];
        require(amountWei > 0, NothingPending());
        collectableWei[msg.sender] = 0;
        emit Collected(msg.sender, to, amountWei);
        Address.sendValue(to, amountWei);
    }

    // --- Views ---

    /// @inheritdoc IRescueBounty
    function bounties(address[] calldata deposits) external view returns (Bounty[] memory found) {
        found = new Bounty[](deposits.length);
        for (uint256 i = 0; i < deposits.length; ++i) found[i] = _bounties[deposits[i]];
    }

    /// @inheritdoc IRescueBounty
    function pledgeOf(address deposit, address operator) external view returns (uint256 pledgedWei, uint256 readyAt) {
        return _ownPledge(deposit, operator);
    }

    /// @inheritdoc IRescueBounty
    function agentOf(address provider) public view returns (address) {
        bytes memory code = abi.encodePacked(type(RescueAgent).creationCode, abi.encode(provider, token));
        return Create2.computeAddress(_salt(provider), keccak256(code));
    }

    /// @inheritdoc IRescueBounty
    function releaseDigest(Release calldata order) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(_RELEASE_TYPEHASH, order)));
    }

    // --- Internal ---

    /// @dev The caller's agent, created when he has none.
    function _agent() private returns (address agent) {
        agent = agentOf(msg.sender);
        if (agent.code.length > 0) return agent;
        emit AgentCreated(msg.sender, agent);
        new RescueAgent{salt: _salt(msg.sender)}(msg.sender, address(token));
    }

    /// @dev Takes the caller's announcement back, if there is one.
    function _stay(address deposit) private {
        OwnPledge storage own = _pledges[deposit][msg.sender];
        if (own.readyAt == 0) return;
        own.readyAt = 0;
        Bounty storage bounty = _bounties[deposit];
        bounty.leavingWei -= own.bountyWei;
        emit WithdrawalCancelled(deposit, msg.sender, own.bountyWei, bounty.leavingWei);
    }

    /// @dev Takes a part of a pledge, announced or not, out of the bounty; returns what stays open.
    function _take(address deposit, address operator, uint128 amountWei) private returns (uint256) {
        Bounty storage bounty = _bounties[deposit];
        OwnPledge storage own = _pledges[deposit][operator];
        own.bountyWei -= amountWei;
        bounty.openWei -= amountWei;
        if (own.readyAt != 0) bounty.leavingWei -= amountWei;
        if (own.bountyWei == 0) own.readyAt = 0;
        return bounty.openWei;
    }

    /// @dev A claim leaves the single pledges as they are: they are void from then on.
    function _ownPledge(address deposit, address operator) private view returns (uint128, uint40) {
        Bounty storage bounty = _bounties[deposit];
        if (bounty.provider != address(0) && bounty.openWei == 0) return (0, 0);
        OwnPledge storage own = _pledges[deposit][operator];
        return (own.bountyWei, own.readyAt);
    }

    /// @dev A rescue's bounty is its provider's, or will be, until the deposit is liquidated.
    function _stateUnlessEarmarked(address deposit) private view returns (uint256 state) {
        state = ITbtcDeposit(deposit).currentState();
        address provider = _bounties[deposit].provider;
        require(provider == address(0) || state >= _LIQUIDATING, Earmarked(deposit, provider));
    }

    function _isRescuable(uint256 state) private pure returns (bool) {
        return state == _ACTIVE || state == _COURTESY_CALL;
    }

    function _salt(address provider) private pure returns (bytes32) {
        return bytes32(uint256(uint160(provider)));
    }
}
