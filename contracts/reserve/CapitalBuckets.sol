// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {GuardianPause} from "../governance/GuardianPause.sol";
import {IBridgeReserveCoordinator} from "../interfaces/IBridgeReserveCoordinator.sol";
import {ICapitalBuckets} from "../interfaces/ICapitalBuckets.sol";
import {ICapitalHolder} from "../interfaces/ICapitalHolder.sol";
import {IPegBoard} from "../interfaces/IPegBoard.sol";
import {IReserveSource} from "../interfaces/IReserveSource.sol";
import {IReserveSystem} from "../interfaces/IReserveSystem.sol";
import {IXAUOracle} from "../interfaces/IXAUOracle.sol";
import {TokenBucket} from "../tokens/TokenBucket.sol";

/// @title CapitalBuckets
/// @notice Keeps D and E, records C, sees A and B, moves tokens between them by rule, and says at any time what each has.
/// @dev ROLES. Anyone: refill within policy for a bounded reward, pay into E, turn surplus into E. Owner (two steps, cannot be renounced;
/// a timelock): tokens, holders, policies, terms, moves and withdrawals inside a daily limit whose ceiling was fixed with the token, and
/// above the floors of the reserve and of the lanes. Bridge: takes from D and returns to it. Guardian: pauses refills for 24 hours.
/// @dev NO PATH from A to B but `move`: a refill exchanges with E alone, token against token of equal value, never below the target of the
/// token that is given.
/// @dev D is low, filled and given away by its policy and by what its coordinator measures, whichever is more: one rule for everybody.
/// @dev PRICE SOURCES. `XAUOracle` in refills. A doubt, or a token that is HALTED, refuses. ROUNDING. What the bucket pays is rounded up,
/// what a refill may be and its reward down: E never loses a unit of value.
/// @dev TOKEN REQUIREMENTS. Added tokens move exactly what they are told to; every transfer is measured at both ends and refused otherwise.
/// @dev LIVENESS. Refills wait for no keeper. Paying in, absorbing, the owner's moves and the bridge's returns are never paused and read
/// no price. HOW TO STOP IT. `pause`; without a policy nothing is refilled or given.
contract CapitalBuckets is ICapitalBuckets, GuardianPause, ReentrancyGuardTransient {
    using Math for uint256;
    using SafeERC20 for IERC20;
    using TokenBucket for TokenBucket.Bucket;

    uint256 public constant MAX_TOKENS = 16;
    /// @notice Largest fee of an exchange: 0.5 %.
    uint256 public constant MAX_FEE_WAD = 0.005e18;
    /// @notice Largest share of the fee that a caller gets.
    uint256 public constant MAX_REWARD_SHARE_WAD = 0.5e18;
    /// @notice Largest budget of rewards per day: one ounce.
    uint256 public constant MAX_REWARD_BUDGET_XAU_WEI = 1e18;
    uint256 public constant MAX_COOLDOWN_SECONDS = 1 days;
    /// @notice Gas of one refill, for the reward's bound of twice the gas cost.
    uint256 public constant GAS_PER_REFILL = 400_000;

    uint256 private constant _WAD = 1e18;

    /// @dev 128 + 40 bits.
    struct Track {
        uint128 unrewarded;
        uint40 lastRefillAt;
    }

    struct TokenInfo {
        /// @dev 10^decimals; 0 = not added.
        uint128 unit;
        uint128 maxMoveUnitsPerDay;
    }

    IXAUOracle public immutable oracle;
    IReserveSystem public immutable reserveSystem;
    IPegBoard public pegBoard;
    address public bridge;

    address[] private _tokens;
    mapping(address token => TokenInfo) private _infos;
    mapping(address token => TokenBucket.Bucket) private _moveMeters;
    mapping(Bucket => address) private _holders;
    mapping(Bucket => mapping(address token => uint256)) private _recorded;
    mapping(Bucket => mapping(address token => Policy)) private _policies;
    mapping(Bucket => mapping(address token => Track)) private _tracks;
    Terms private _terms;
    uint64 private _rewardDay;
    uint128 private _rewardSpentXauWei;

    constructor(address oracle_, address reserveSystem_, address owner_) GuardianPause(owner_) {
        require(oracle_.code.length > 0, NotAContract(oracle_));
        require(reserveSystem_.code.length > 0, NotAContract(reserveSystem_));
        (oracle, reserveSystem) = (IXAUOracle(oracle_), IReserveSystem(reserveSystem_));
    }

    modifier added(address token) {
        require(isToken(token), TokenNotAdded(token));
        _;
    }

    // Anyone

    /// @inheritdoc ICapitalBuckets
    function refill(
        Bucket bucket,
        address scarce,
        address surplusToken,
        uint256 amountUnits,
        uint256 maxPaidUnits
    ) external nonReentrant returns (uint256 filledUnits, uint256 paidUnits, uint256 rewardUnits) {
        Quote memory quote = _quote(bucket, scarce, surplusToken);
        require(quote.reason == RefillReason.NONE, RefillRefused(bucket, scarce, quote.reason));
        filledUnits = Math.min(amountUnits, quote.allowedUnits);
        uint256 minimum = Math.max(quote.allowedUnits.ceilDiv(2), _policies[bucket][scarce].minRefillUnits);
        require(filledUnits >= minimum, RefillTooSmall(filledUnits, minimum));
        uint256 fairUnits;
        (fairUnits, paidUnits) = _price(scarce, surplusToken, filledUnits);
        require(paidUnits <= maxPaidUnits, RefillTooDear(paidUnits, maxPaidUnits));

        Track storage track = _tracks[bucket][scarce];
        track.lastRefillAt = uint40(block.timestamp);
        uint256 unrewarded = Math.min(track.unrewarded, filledUnits);
        track.unrewarded -= uint128(unrewarded);
        rewardUnits = _reward(surplusToken, (paidUnits - fairUnits).mulDiv(filledUnits - unrewarded, filledUnits));

        _take(bucket, surplusToken, paidUnits, address(this));
        _credit(Bucket.RESERVE, surplusToken, paidUnits - rewardUnits);
        if (rewardUnits > 0) IERC20(surplusToken).safeTransfer(msg.sender, rewardUnits);
        _spendReserve(scarce, filledUnits);
        _give(bucket, scarce, filledUnits);
        _report(surplusToken, -int256(paidUnits - rewardUnits));
        emit Refilled(bucket, scarce, surplusToken, msg.sender, filledUnits, paidUnits, rewardUnits);
    }

    /// @inheritdoc ICapitalBuckets
    function fund(address token, uint256 amountUnits) external nonReentrant added(token) {
        _pull(token, amountUnits);
        _credit(Bucket.RESERVE, token, amountUnits);
        _report(token, -int256(amountUnits));
        emit Funded(token, msg.sender, amountUnits, _recorded[Bucket.RESERVE][token]);
    }

    /// @inheritdoc ICapitalBuckets
    function absorb(Bucket bucket, address token) external nonReentrant added(token) returns (uint256 amountUnits) {
        amountUnits = _surplus(bucket, token);
        require(amountUnits > 0, ZeroAmount());
        if (bucket == Bucket.FLASH) _release(_holders[bucket], token, amountUnits, address(this));
        _credit(Bucket.RESERVE, token, amountUnits);
        _report(token, -int256(amountUnits));
        emit Funded(token, _keeperOf(bucket), amountUnits, _recorded[Bucket.RESERVE][token]);
    }

    // Bridge

    /// @inheritdoc ICapitalBuckets
    function bridgeTake(address token, uint256 amountUnits, address to) external nonReentrant added(token) {
        require(msg.sender == bridge, NotAuthorized(msg.sender));
        require(amountUnits > 0, ZeroAmount());
        require(to != address(0) && to != address(this), NotAuthorized(to));
        _debit(Bucket.CROSS_CHAIN, token, amountUnits);
        _send(token, amountUnits, to);
        emit BridgeTook(token, amountUnits, to, _recorded[Bucket.CROSS_CHAIN][token]);
    }

    /// @inheritdoc ICapitalBuckets
    function bridgeReturn(address token, uint256 amountUnits) external nonReentrant added(token) {
        require(msg.sender == bridge, NotAuthorized(msg.sender));
        _pull(token, amountUnits);
        _credit(Bucket.CROSS_CHAIN, token, amountUnits);
        emit BridgeReturned(token, amountUnits, _recorded[Bucket.CROSS_CHAIN][token]);
    }

    // Owner: money

    /// @inheritdoc ICapitalBuckets
    function move(
        address token,
        Bucket from,
        Bucket to,
        uint256 amountUnits
    ) external onlyOwner nonReentrant added(token) {
        require(from != to, SameBucket(from));
        _meterMove(token, amountUnits);
        // What the owner takes out of a bucket earns nobody a reward when a refill brings it back.
        if (from != Bucket.RESERVE) {
            Track storage track = _tracks[from][token];
            track.unrewarded = uint128(Math.min(track.unrewarded + amountUnits, type(uint128).max));
        }
        // The lanes' floor, as that of the reserve below.
        if (from == Bucket.CROSS_CHAIN) {
            (uint256 required, ) = _measured(from, token);
            uint256 left = _units(from, token).saturatingSub(amountUnits);
            require(left >= required, CrossChainTooLow(token, left, required));
        }
        if (from == Bucket.RESERVE) _spendReserve(token, amountUnits);
        else _take(from, token, amountUnits, address(this));
        if (to == Bucket.RESERVE) {
            _credit(to, token, amountUnits);
            _report(token, -int256(amountUnits));
        } else {
            _give(to, token, amountUnits);
        }
        emit Moved(token, from, to, amountUnits);
    }

    /// @inheritdoc ICapitalBuckets
    function withdraw(address token, uint256 amountUnits, address to) external onlyOwner nonReentrant added(token) {
        require(to != address(0) && to != address(this), NotAuthorized(to));
        _meterMove(token, amountUnits);
        _spendReserve(token, amountUnits);
        _send(token, amountUnits, to);
        emit Withdrawn(token, amountUnits, to);
    }

    // Owner: settings

    /// @inheritdoc ICapitalBuckets
    function addToken(address token, uint256 maxMoveUnitsPerDay) external onlyOwner {
        require(token.code.length > 0, NotAContract(token));
        require(!isToken(token), TokenAlreadyAdded(token));
        require(_tokens.length < MAX_TOKENS, OutOfRange(_tokens.length + 1, 0, MAX_TOKENS));
        require(
            maxMoveUnitsPerDay >= 2 days && maxMoveUnitsPerDay <= type(uint128).max,
            OutOfRange(maxMoveUnitsPerDay, 2 days, type(uint128).max)
        );
        uint256 decimals = IERC20Metadata(token).decimals();
        require(decimals <= 18, OutOfRange(decimals, 0, 18));
        _infos[token] = TokenInfo(uint128(10 ** decimals), uint128(maxMoveUnitsPerDay));
        _tokens.push(token);
        emit AddToken(token, maxMoveUnitsPerDay);
        _setMoveLimit(token, maxMoveUnitsPerDay);
    }

    /// @inheritdoc ICapitalBuckets
    function setMoveLimit(address token, uint256 moveUnitsPerDay) external onlyOwner added(token) {
        uint256 highest = _infos[token].maxMoveUnitsPerDay;
        require(moveUnitsPerDay <= highest, OutOfRange(moveUnitsPerDay, 0, highest));
        _setMoveLimit(token, moveUnitsPerDay);
    }

    /// @inheritdoc ICapitalBuckets
    function setHolder(Bucket bucket, address holder) external onlyOwner nonReentrant {
        require(bucket <= Bucket.FLASH, NoHolder(bucket));
        require(holder.code.length > 0, NotAContract(holder));
        require(holder != address(this), NotAuthorized(holder));
        // One holder for two buckets would count its tokens twice.
        for (uint8 other = 0; other <= uint8(Bucket.FLASH); ++other) {
            require(_holders[Bucket(other)] != holder, NotAuthorized(holder));
        }
        address before = _holders[bucket];
        for (uint256 i = 0; i < _tokens.length && before != address(0); ++i) {
            uint256 units =
                bucket == Bucket.FLASH ? _recorded[bucket][_tokens[i]] : ICapitalHolder(before).holding(_tokens[i]);
            require(units == 0, HolderKeepsTokens(before, _tokens[i], units));
        }
        _holders[bucket] = holder;
        emit SetHolder(bucket, holder);
    }

    /// @inheritdoc ICapitalBuckets
    function setPolicy(Bucket bucket, address token, Policy calldata newPolicy) external onlyOwner added(token) {
        require(bucket != Bucket.RESERVE, NoHolder(bucket));
        require(
            newPolicy.minRefillUnits > 0 &&
                newPolicy.lowUnits <= newPolicy.targetUnits &&
                newPolicy.minRefillUnits <= Math.max(newPolicy.targetUnits, 1),
            PolicyOutOfOrder(newPolicy.minRefillUnits, newPolicy.lowUnits, newPolicy.targetUnits)
        );
        require(
            newPolicy.cooldownSeconds > 0 && newPolicy.cooldownSeconds <= MAX_COOLDOWN_SECONDS,
            OutOfRange(newPolicy.cooldownSeconds, 1, MAX_COOLDOWN_SECONDS)
        );
        _policies[bucket][token] = newPolicy;
        emit SetPolicy(bucket, token, newPolicy);
    }

    /// @inheritdoc ICapitalBuckets
    function setTerms(Terms calldata newTerms) external onlyOwner {
        require(newTerms.feeWad <= MAX_FEE_WAD, OutOfRange(newTerms.feeWad, 0, MAX_FEE_WAD));
        require(
            newTerms.rewardShareWad <= MAX_REWARD_SHARE_WAD,
            OutOfRange(newTerms.rewardShareWad, 0, MAX_REWARD_SHARE_WAD)
        );
        require(
            newTerms.rewardBudgetXauWeiPerDay <= MAX_REWARD_BUDGET_XAU_WEI,
            OutOfRange(newTerms.rewardBudgetXauWeiPerDay, 0, MAX_REWARD_BUDGET_XAU_WEI)
        );
        _terms = newTerms;
        emit SetTerms(newTerms);
    }

    /// @inheritdoc ICapitalBuckets
    function setPegBoard(address newPegBoard) external onlyOwner {
        require(newPegBoard.code.length > 0, NotAContract(newPegBoard));
        pegBoard = IPegBoard(newPegBoard);
        emit SetPegBoard(newPegBoard);
    }

    /// @inheritdoc ICapitalBuckets
    function setBridge(address newBridge) external onlyOwner {
        bridge = newBridge;
        emit SetBridge(newBridge);
    }

    // Views

    /// @inheritdoc ICapitalBuckets
    function quoteRefill(
        Bucket bucket,
        address scarce,
        address surplusToken
    ) external view returns (Quote memory quote) {
        require(!_reentrancyGuardEntered(), Reentrant());
        quote = _quote(bucket, scarce, surplusToken);
        if (quote.reason == RefillReason.NONE) (, quote.paidUnits) = _price(scarce, surplusToken, quote.allowedUnits);
    }

    /// @inheritdoc ICapitalBuckets
    function bucketUnits(Bucket bucket, address token) external view returns (uint256) {
        require(!_reentrancyGuardEntered(), Reentrant());
        return _units(bucket, token);
    }

    /// @inheritdoc ICapitalBuckets
    function surplus(Bucket bucket, address token) external view returns (uint256) {
        require(!_reentrancyGuardEntered(), Reentrant());
        return _surplus(bucket, token);
    }

    /// @inheritdoc IReserveSource
    /// @dev Answers in the middle of a call, too, because the reserve system asks then: what is recorded is credited after it came and
    /// debited before it leaves, so it is never more than what is here.
    function reserveUnits(address token) external view returns (uint256) {
        return _recorded[Bucket.RESERVE][token];
    }

    /// @inheritdoc ICapitalBuckets
    function tokens() external view returns (address[] memory) {
        return _tokens;
    }

    /// @inheritdoc ICapitalBuckets
    function isToken(address token) public view returns (bool) {
        return _infos[token].unit != 0;
    }

    /// @inheritdoc ICapitalBuckets
    function holderOf(Bucket bucket) external view returns (address) {
        return _keeperOf(bucket);
    }

    /// @inheritdoc ICapitalBuckets
    function policy(Bucket bucket, address token) external view returns (Policy memory) {
        return _policies[bucket][token];
    }

    /// @inheritdoc ICapitalBuckets
    function levels(Bucket bucket, address token) public view returns (uint256 lowUnits, uint256 targetUnits) {
        Policy storage wanted = _policies[bucket][token];
        (uint256 low, uint256 target) = _measured(bucket, token);
        return (Math.max(wanted.lowUnits, low), Math.max(wanted.targetUnits, target));
    }

    /// @inheritdoc ICapitalBuckets
    function refillReadyAt(Bucket bucket, address token) external view returns (uint256) {
        return _readyAt(bucket, token);
    }

    /// @inheritdoc ICapitalBuckets
    function unrewardedUnits(Bucket bucket, address token) external view returns (uint256) {
        return _tracks[bucket][token].unrewarded;
    }

    /// @inheritdoc ICapitalBuckets
    function terms() external view returns (Terms memory) {
        return _terms;
    }

    /// @inheritdoc ICapitalBuckets
    function rewardLeftXauWei() public view returns (uint256) {
        uint256 spent = _rewardDay == block.timestamp / 1 days ? _rewardSpentXauWei : 0;
        return uint256(_terms.rewardBudgetXauWeiPerDay).saturatingSub(spent);
    }

    /// @inheritdoc ICapitalBuckets
    function moveAvailable(address token) external view returns (uint256) {
        return _moveMeters[token].available();
    }

    /// @inheritdoc ICapitalBuckets
    function moveLimit(
        address token
    ) external view returns (uint256 capacityUnits, uint256 refillUnitsPerSecond, uint256 maxUnitsPerDay) {
        TokenBucket.Bucket storage meter = _moveMeters[token];
        return (meter.capacity, meter.refillPerSecond, _infos[token].maxMoveUnitsPerDay);
    }

    // Internal: refills

    function _quote(Bucket bucket, address scarce, address surplusToken) internal view returns (Quote memory quote) {
        quote.reason = _closed(bucket, scarce, surplusToken);
        if (quote.reason != RefillReason.NONE) return quote;
        Policy storage wanted = _policies[bucket][scarce];
        uint256 held = _units(bucket, scarce);
        (uint256 low, uint256 target) = levels(bucket, scarce);
        if (held >= low) {
            quote.reason = RefillReason.NOT_LOW;
            return quote;
        }
        uint256 allowed = Math.min(target - held, _recorded[Bucket.RESERVE][scarce]);
        if (reserveSystem.isRegistered(scarce)) allowed = Math.min(allowed, reserveSystem.spendable(scarce));
        uint256 given = _givable(bucket, surplusToken);
        try this.rate(scarce, surplusToken) returns (uint256, uint256 dear, uint256 cheap) {
            // Down, so that what is paid for it, rounded up, is at most what is given.
            allowed = Math.min(allowed, given.mulDiv(cheap, dear));
        } catch {
            quote.reason = RefillReason.ORACLE_DOUBT;
            return quote;
        }
        quote.allowedUnits = allowed;
        if (allowed < wanted.minRefillUnits) quote.reason = RefillReason.BELOW_MINIMUM;
    }

    /// @dev Above the token's own target, and of that what lies in the holder's hands: A's shares of pools do not.
    function _givable(Bucket bucket, address token) internal view returns (uint256) {
        (, uint256 target) = levels(bucket, token);
        uint256 given = _units(bucket, token).saturatingSub(target);
        return Math.min(given, IERC20(token).balanceOf(_keeperOf(bucket)));
    }

    /// @dev What the coordinator says of D; zeros where nobody measures it.
    function _measured(Bucket bucket, address token) internal view returns (uint256 low, uint256 target) {
        if (bucket != Bucket.CROSS_CHAIN || bridge.code.length == 0) return (0, 0);
        try IBridgeReserveCoordinator(bridge).levels(token) returns (uint256 lowUnits, uint256 targetUnits) {
            return (lowUnits, targetUnits);
        } catch {
            return (0, 0);
        }
    }

    function _closed(Bucket bucket, address scarce, address surplusToken) internal view returns (RefillReason) {
        if (_isPaused()) return RefillReason.PAUSED;
        if (scarce == surplusToken || _policies[bucket][scarce].minRefillUnits == 0) return RefillReason.NO_POLICY;
        if (_policies[bucket][surplusToken].minRefillUnits == 0) return RefillReason.NO_POLICY;
        if (_keeperOf(bucket) == address(0)) return RefillReason.NO_HOLDER;
        if (address(pegBoard) == address(0)) return RefillReason.NO_PEG_BOARD;
        if (pegBoard.isHalted(scarce) || pegBoard.isHalted(surplusToken)) return RefillReason.HALTED;
        return block.timestamp < _readyAt(bucket, scarce) ? RefillReason.COOLDOWN : RefillReason.NONE;
    }

    /// @notice Units of `surplusToken` for units of `scarce`: fair / cheap at the oracle, dear / cheap with the fee. Reverts in doubt.
    /// @dev A call of its own, so that a doubt can be caught. Prices are below 2^120, units below 2^60, the fee's factor below 2^61.
    function rate(
        address scarce,
        address surplusToken
    ) external view returns (uint256 fair, uint256 dear, uint256 cheap) {
        uint256 base = oracle.priceInUsd(scarce) * _infos[surplusToken].unit;
        cheap = oracle.priceInUsd(surplusToken) * _infos[scarce].unit;
        (fair, dear, cheap) = (base * _WAD, base * (_WAD + _terms.feeWad), cheap * _WAD);
    }

    function _price(
        address scarce,
        address surplusToken,
        uint256 amountUnits
    ) internal view returns (uint256 fairUnits, uint256 paidUnits) {
        (uint256 fair, uint256 dear, uint256 cheap) = this.rate(scarce, surplusToken);
        fairUnits = amountUnits.mulDiv(fair, cheap, Math.Rounding.Ceil);
        paidUnits = amountUnits.mulDiv(dear, cheap, Math.Rounding.Ceil);
    }

    /// @dev At most the share of the gain, twice the gas cost, and what is left of the day's budget; paid in the token that was gained. A
    /// doubt about gold costs the caller his reward, never the bucket its refill.
    function _reward(address token, uint256 gainUnits) internal returns (uint256 rewardUnits) {
        Terms memory current = _terms;
        uint256 gasPrice = Math.min(tx.gasprice, current.maxGasPriceWei);
        uint256 bound = (2 * GAS_PER_REFILL * gasPrice * current.nativePriceXauWei) / _WAD;
        bound = Math.min(bound, rewardLeftXauWei());
        if (bound == 0 || gainUnits == 0) return 0;
        uint256 gain;
        try oracle.valueInXau(token, gainUnits) returns (uint256 xauWei) {
            gain = xauWei;
        } catch {
            return 0;
        }
        if (gain == 0) return 0;
        uint256 reward = Math.min(gain.mulDiv(current.rewardShareWad, _WAD), bound);
        rewardUnits = gainUnits.mulDiv(reward, gain);
        if (rewardUnits == 0) return 0;
        // The budget counts what was granted, not what rounding left of it.
        uint64 today = uint64(block.timestamp / 1 days);
        uint256 spent = _rewardDay == today ? _rewardSpentXauWei : 0;
        (_rewardDay, _rewardSpentXauWei) = (today, uint128(spent + reward));
    }

    function _readyAt(Bucket bucket, address token) internal view returns (uint256) {
        uint256 last = _tracks[bucket][token].lastRefillAt;
        return last == 0 ? 0 : last + _policies[bucket][token].cooldownSeconds;
    }

    // Internal: books and tokens

    function _keeperOf(Bucket bucket) internal view returns (address) {
        return bucket >= Bucket.CROSS_CHAIN ? address(this) : _holders[bucket];
    }

    function _units(Bucket bucket, address token) internal view returns (uint256) {
        if (bucket >= Bucket.FLASH) return _recorded[bucket][token];
        address holder = _holders[bucket];
        return holder == address(0) ? 0 : ICapitalHolder(holder).holding(token);
    }

    function _surplus(Bucket bucket, address token) internal view returns (uint256) {
        if (bucket < Bucket.FLASH) return 0;
        if (bucket == Bucket.FLASH) {
            address holder = _holders[bucket];
            if (holder == address(0)) return 0;
            return ICapitalHolder(holder).holding(token).saturatingSub(_recorded[bucket][token]);
        }
        uint256 booked = _recorded[Bucket.CROSS_CHAIN][token] + _recorded[Bucket.RESERVE][token];
        return IERC20(token).balanceOf(address(this)).saturatingSub(booked);
    }

    /// @dev Out of a bucket other than E, to this contract or a holder.
    function _take(Bucket bucket, address token, uint256 amountUnits, address to) internal {
        if (bucket >= Bucket.FLASH) _debit(bucket, token, amountUnits);
        if (bucket <= Bucket.FLASH) {
            address holder = _holders[bucket];
            require(holder != address(0), NoHolder(bucket));
            _release(holder, token, amountUnits, to);
        }
    }

    /// @dev Into a bucket other than E, out of what this contract has in hand.
    function _give(Bucket bucket, address token, uint256 amountUnits) internal {
        if (bucket >= Bucket.FLASH) _credit(bucket, token, amountUnits);
        if (bucket <= Bucket.FLASH) {
            address holder = _holders[bucket];
            require(holder != address(0), NoHolder(bucket));
            _send(token, amountUnits, holder);
        }
    }

    /// @dev A discretionary outflow of the reserve: checked against the floor, metered, booked.
    function _spendReserve(address token, uint256 amountUnits) internal {
        if (reserveSystem.isRegistered(token)) reserveSystem.checkOutflow(token, amountUnits);
        _debit(Bucket.RESERVE, token, amountUnits);
        _report(token, int256(amountUnits));
    }

    function _report(address token, int256 flowUnits) internal {
        reserveSystem.record(token, flowUnits, _recorded[Bucket.RESERVE][token]);
    }

    function _credit(Bucket bucket, address token, uint256 amountUnits) internal {
        _recorded[bucket][token] += amountUnits;
    }

    function _debit(Bucket bucket, address token, uint256 amountUnits) internal {
        uint256 held = _recorded[bucket][token];
        require(amountUnits <= held, BucketTooSmall(bucket, token, amountUnits, held));
        _recorded[bucket][token] = held - amountUnits;
    }

    function _meterMove(address token, uint256 amountUnits) internal {
        require(amountUnits > 0, ZeroAmount());
        (bool ok, uint256 available) = _moveMeters[token].take(amountUnits);
        require(ok, MoveLimitExceeded(token, amountUnits, available));
    }

    /// @dev Half as capacity and half as a day's refill: at most the limit in any 24 hours.
    function _setMoveLimit(address token, uint256 moveUnitsPerDay) internal {
        _moveMeters[token].configure(uint128(moveUnitsPerDay / 2), uint128(moveUnitsPerDay / 2 days));
        emit SetMoveLimit(token, moveUnitsPerDay);
    }

    function _pull(address token, uint256 amountUnits) internal {
        require(amountUnits > 0, ZeroAmount());
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), amountUnits);
        _requireExact(token, address(this), before, amountUnits);
    }

    function _send(address token, uint256 amountUnits, address to) internal {
        uint256 before = IERC20(token).balanceOf(to);
        uint256 own = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransfer(to, amountUnits);
        _requireExact(token, to, before, amountUnits);
        uint256 left = own.saturatingSub(IERC20(token).balanceOf(address(this)));
        require(left == amountUnits, TransferMismatch(token, left, amountUnits));
    }

    function _release(address holder, address token, uint256 amountUnits, address to) internal {
        uint256 held = ICapitalHolder(holder).holding(token);
        require(amountUnits <= held, BucketTooSmall(_bucketOf(holder), token, amountUnits, held));
        uint256 before = IERC20(token).balanceOf(to);
        ICapitalHolder(holder).release(token, amountUnits, to);
        _requireExact(token, to, before, amountUnits);
    }

    function _requireExact(address token, address account, uint256 before, uint256 amountUnits) internal view {
        uint256 received = IERC20(token).balanceOf(account).saturatingSub(before);
        require(received == amountUnits, TransferMismatch(token, received, amountUnits));
    }

    function _bucketOf(address holder) internal view returns (Bucket) {
        if (holder == _holders[Bucket.PUBLIC_LIQUIDITY]) return Bucket.PUBLIC_LIQUIDITY;
        return holder == _holders[Bucket.STABILIZATION] ? Bucket.STABILIZATION : Bucket.FLASH;
    }
}
