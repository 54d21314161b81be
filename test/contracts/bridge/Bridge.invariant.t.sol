// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {AlltraCustomBridge} from "../../../contracts/bridge/AlltraCustomBridge.sol";
import {IAlltraCustomBridge} from "../../../contracts/interfaces/IAlltraCustomBridge.sol";
import {IBridgeLanes} from "../../../contracts/interfaces/IBridgeLanes.sol";
import {IM1Token} from "../../../contracts/interfaces/IM1Token.sol";
import {Base} from "../Base.t.sol";
import {BridgeBase} from "./BridgeBase.t.sol";

/// @notice Two bridges, their honest attestors, and everybody who would like to be paid twice. The attestors sign a delivery when its send
/// is final, and a refund when its tombstone is final and it was sent; a reorganisation unwinds what was not. Fewer of them than the
/// threshold sign whatever the attacker likes.
contract BridgeHandler is BridgeBase {
    error AttestorWithoutKey(address attestor);

    enum Did {
        SEND,
        DELIVER,
        ACCEPT,
        RETRY,
        CANCEL,
        VETO,
        REFUND,
        REFUND_ACCEPT,
        RETRY_REFUND,
        REPLAY_REFUSED,
        FORGERY_REFUSED,
        REORG,
        ROTATE,
        REMOVE,
        HOLD,
        LITTLE_GAS,
        LIMITED,
        REFUND_LIMITED
    }

    uint256 private constant ACTORS = 4;
    uint256 private constant POOL = 7;

    address[ACTORS] public actors;
    /// @notice Calls of the run, and how often each thing was done.
    uint256 public calls;
    mapping(Did did => uint256) public done;
    /// @notice How often an id was paid, on either chain.
    mapping(bytes32 id => uint256) public paid;
    /// @notice Units that left and that arrived, per chain; refunds count as neither.
    mapping(uint256 chainId => uint256) public leftUnits;
    mapping(uint256 chainId => uint256) public arrivedUnits;
    /// @notice Units that left a chain and were paid nowhere.
    mapping(uint256 chainId => uint256) public openUnits;
    /// @notice What the bucket for refunds must hold, by our own count, and since when.
    mapping(uint256 chainId => uint256) public backLevel;
    mapping(uint256 chainId => uint256) public backAt;
    uint256 public startedAt;
    string public broken;

    /// @dev Everybody who may ever attest; ascending.
    uint256[] private _pool;
    IAlltraCustomBridge.Message[] private _sent;
    IAlltraCustomBridge.Message[] private _unwound;
    /// @dev What was attested last for an entry of `_sent`, whatever the epoch is now.
    mapping(uint256 index => bytes[]) private _attested;

    // --- Making the world ---

    function setUp() public override {
        super.setUp();
        startedAt = vm.getBlockTimestamp();
        for (uint256 i = 0; i < ACTORS; ++i) {
            actors[i] = makeAddr(string.concat("actor ", vm.toString(i)));
            _issue(actors[i], 2_000_000 * unit);
            vm.startPrank(actors[i]);
            token.approve(address(home), type(uint256).max);
            token.approve(address(abroad), type(uint256).max);
            vm.stopPrank();
        }
        _pool = _sortedKeys("attestor", POOL);
        for (uint256 i = 0; i < 2; ++i) {
            uint256 chain = _chain(i);
            (backLevel[chain], backAt[chain]) = (limits().outCapacity, startedAt);
        }
        vm.prank(timelock);
        token.setMinterLimit(
            IM1Token.MinterLimit(address(abroad), uint128(mintCapacity()), uint128(refill()), 1e30, 1e30)
        );
    }

    /// @dev From their first block: those of refunds never fall.
    function _limits() internal view override returns (IBridgeLanes.Limits memory) {
        return limits();
    }

    /// @notice So tight that a run meets them.
    function limits() public view returns (IBridgeLanes.Limits memory) {
        return
            IBridgeLanes.Limits({
                outCapacity: uint128(300_000 * unit),
                outRefillPerSecond: uint128(refill()),
                inCapacity: uint128(70_000 * unit),
                inRefillPerSecond: uint128(refill() / 2),
                minUnits: uint128(unit)
            });
    }

    function mintCapacity() public view returns (uint256) {
        return 80_000 * unit;
    }

    function refill() public view returns (uint256) {
        return 5 * unit;
    }

    // --- Honest calls ---

    function send(uint256 chain, uint256 from, uint256 to, uint256 amount) external counted {
        _sendSome(_chain(chain), from, to, amount);
    }

    function deliver(uint256 which) external counted {
        if (_sent.length == 0) return;
        uint256 index = _pick(which);
        _attested[index] = _attest(_sent[index], false);
        _submit(index, _attested[index], 2_000_000);
    }

    /// @dev Whoever delivers leaves as little gas as he likes.
    function deliverWithLittleGas(uint256 which, uint256 gasLimit) external counted {
        if (_sent.length == 0) return;
        uint256 index = _pick(which);
        IAlltraCustomBridge.Message memory message = _sent[index];
        bytes32 id = _id(message);
        bytes[] memory signatures = _attest(message, false);
        AlltraCustomBridge end = _there(message);
        bool payable_ = _isPayable(message);
        try end.deliver{gas: bound(gasLimit, 60_000, 460_000)}(message, signatures) returns (
            IAlltraCustomBridge.Status status
        ) {
            _arrived(id, message, status);
            if (payable_ && status != IAlltraCustomBridge.Status.DELIVERED) broken = "accepted for want of gas";
        } catch {
            ++done[Did.LITTLE_GAS];
        }
    }

    function retry(uint256 which) external counted {
        if (_sent.length == 0) return;
        IAlltraCustomBridge.Message memory message = _sent[_find(which, IAlltraCustomBridge.Status.ACCEPTED)];
        bytes32 id = _id(message);
        AlltraCustomBridge end = _there(message);
        bool accepted = end.statusOf(id) == IAlltraCustomBridge.Status.ACCEPTED;
        if (accepted && (which >> 4) % 2 == 0) _mend(end, message.recipient);
        try end.retry(message) {
            if (!accepted) broken = "retried what was not accepted";
            _pay(id, message);
            arrivedUnits[_other(message.sourceChainId)] += message.amountUnits;
            ++done[Did.RETRY];
        } catch {}
    }

    function cancel(uint256 which, bool byRecipient) external counted {
        if (_sent.length == 0) return;
        IAlltraCustomBridge.Message memory message = _sent[_pick(which)];
        bool expired = vm.getBlockTimestamp() > message.expiresAt;
        bool isPaid = paid[_id(message)] > 0;
        AlltraCustomBridge end = _there(message);
        vm.prank(byRecipient ? message.recipient : attacker);
        try end.cancel(message) {
            if (isPaid) broken = "cancelled what was paid";
            if (!byRecipient && !expired) broken = "a stranger cancelled too soon";
            ++done[Did.CANCEL];
        } catch {}
    }

    function refund(uint256 which) external counted {
        if (_sent.length == 0) return;
        IAlltraCustomBridge.Message memory message = _sent[_find(which, IAlltraCustomBridge.Status.CANCELLED)];
        bytes32 id = _id(message);
        if (_there(message).statusOf(id) != IAlltraCustomBridge.Status.CANCELLED) return;
        _refundOne(id, message);
    }

    /// @dev What came from this chain lately and was not paid, all at once: its recipients do not want it.
    function refundInBulk(uint256 chain, uint256 first) external counted {
        chain = _chain(chain);
        for (uint256 i = 0; i < 16 && i < _sent.length; ++i) {
            IAlltraCustomBridge.Message memory message = _sent[
                _sent.length - 1 - (((first % 16) + i) % _min(_sent.length, 16))
            ];
            if (message.sourceChainId != chain) continue;
            AlltraCustomBridge end = _there(message);
            vm.prank(message.recipient);
            try end.cancel(message) {
                ++done[Did.CANCEL];
            } catch {}
            bytes32 id = _id(message);
            if (end.statusOf(id) == IAlltraCustomBridge.Status.CANCELLED) _refundOne(id, message);
        }
    }

    function retryRefund(uint256 which) external counted {
        if (_sent.length == 0) return;
        IAlltraCustomBridge.Message memory message = _sent[_find(which, IAlltraCustomBridge.Status.REFUND_ACCEPTED)];
        bytes32 id = _id(message);
        if ((which >> 4) % 2 == 0) _mend(_here(message), message.sender);
        try _here(message).retryRefund(message) {
            _tookBack(id, message);
            ++done[Did.RETRY_REFUND];
        } catch {}
    }

    // --- Hostile calls ---

    /// @dev What was attested once, again: duplicated, late, under an old epoch, to either end.
    function replay(uint256 which, bool asRefund) external counted {
        if (_sent.length == 0) return;
        uint256 index = _pick(which);
        if (_attested[index].length == 0) return;
        if (!asRefund) {
            _submit(index, _attested[index], 2_000_000);
            return;
        }
        IAlltraCustomBridge.Message memory message = _sent[index];
        try _here(message).refund(message, _attested[index]) {
            broken = "refunded by signatures for a delivery";
        } catch {
            ++done[Did.REPLAY_REFUSED];
        }
    }

    /// @dev Another message than was sent, or one that a reorganisation has unwound, signed by one attestor less than count, in several ways.
    function forge(uint256 which, uint256 field, uint256 change, uint256 way, bool asRefund) external counted {
        if (_sent.length == 0) return;
        bool ghost = _unwound.length > 0 && which % 3 == 0;
        IAlltraCustomBridge.Message memory message = ghost ? _unwound[which % _unwound.length] : _sent[_pick(which)];
        if (!ghost) _alter(message, field % 6, bound(change, 1, 1_000_000 * unit));
        AlltraCustomBridge end = asRefund ? _here(message) : _there(message);
        bytes32 id = end.messageId(message);
        bytes32 digest = asRefund ? end.refundDigest(id) : end.deliveryDigest(id);
        bytes[] memory signatures = _tooFew(end, digest, way % 3);
        vm.prank(attacker);
        if (asRefund) {
            try end.refund(message, signatures) {
                broken = "a forged refund passed";
            } catch {
                ++done[Did.FORGERY_REFUSED];
            }
        } else {
            try end.deliver(message, signatures) {
                broken = "a forged delivery passed";
            } catch {
                ++done[Did.FORGERY_REFUSED];
            }
        }
    }

    /// @dev A piece of one chain that is unwound again: what was sent, delivered, cancelled and refunded in it never happened. What was sent
    /// in it is not final and signed by nobody; the next message takes its nonce.
    function reorganise(uint256 chain, uint256 which, uint256 amount, uint256 what) external counted {
        chain = _chain(chain);
        uint256 length = _sent.length;
        uint256 snapshot = vm.snapshotState();
        _sendSome(chain, which, which >> 8, amount);
        bool sent = _sent.length > length;
        IAlltraCustomBridge.Message memory lost;
        if (sent) lost = _sent[length];
        if (length > 0) _touch(chain, _sent[which % length], what);
        string memory found = broken;
        assertTrue(vm.revertToState(snapshot), "unwound");
        broken = found;
        if (sent) _unwound.push(lost);
        ++done[Did.REORG];
    }

    // --- Governance, guardian, token ---

    function veto(uint256 which) external counted {
        if (_sent.length == 0) return;
        IAlltraCustomBridge.Message memory message = _sent[_pick(which)];
        bytes32 id = _id(message);
        AlltraCustomBridge end = _there(message);
        vm.prank(guardian);
        try end.veto(id) {
            if (paid[id] > 0) broken = "vetoed what was paid";
            ++done[Did.VETO];
        } catch {}
    }

    /// @dev Announces five of seven, or makes an announced set count.
    function rotate(uint256 chain, uint256 without) external counted {
        AlltraCustomBridge end = _end(_chain(chain));
        (, , uint256 readyAt) = end.scheduledAttestors();
        if (readyAt != 0) {
            if (vm.getBlockTimestamp() < readyAt) skipTime(readyAt - vm.getBlockTimestamp(), 2);
            try end.applyAttestors() {
                ++done[Did.ROTATE];
                return;
            } catch {} // Too many of the announced were removed: announce anew.
        }
        uint256 a = without % POOL;
        uint256 b = (a + 1 + ((without / POOL) % (POOL - 1))) % POOL;
        address[] memory set = new address[](POOL - 2);
        uint256 count;
        for (uint256 i = 0; i < POOL; ++i) if (i != a && i != b) set[count++] = vm.addr(_pool[i]);
        vm.prank(timelock);
        end.scheduleAttestors(set, THRESHOLD);
    }

    function removeAttestor(uint256 chain, uint256 which) external counted {
        AlltraCustomBridge end = _end(_chain(chain));
        address[] memory set = end.attestors();
        if (set.length < THRESHOLD) return;
        vm.prank(guardian);
        end.removeAttestor(set[which % set.length]);
        ++done[Did.REMOVE];
    }

    function hold(uint256 chain, bool on) external counted {
        AlltraCustomBridge end = _end(_chain(chain));
        vm.prank(on ? guardian : timelock);
        if (on) {
            try end.pause() {
                ++done[Did.HOLD];
            } catch {}
        } else {
            try end.unpause() {} catch {}
        }
    }

    function freeze(uint256 who, bool on) external counted {
        vm.prank(freezer);
        if (on) token.freeze(actors[who % ACTORS]);
        else token.unfreeze(actors[who % ACTORS]);
    }

    function pauseToken(uint256 on) external counted {
        if (on % 3 == 0) {
            vm.prank(pauser);
            try token.pause() {} catch {}
        } else {
            vm.prank(timelock);
            try token.unpause() {} catch {}
        }
    }

    function gift(uint256 chain, uint256 from, uint256 amount) external counted {
        address giver = actors[from % ACTORS];
        address end = address(_end(_chain(chain)));
        vm.prank(giver);
        try token.transfer(end, bound(amount, 1, 10 * unit)) {} catch {}
    }

    function pass(uint256 duration) external counted {
        skipTime(bound(duration, 2, 6 hours), 2);
    }

    // --- Invariants ---

    /// @notice BRIDGE-2 to the unit: what is locked at home backs what was minted abroad and what is in flight either way, and no more is
    /// minted than that.
    function checkConservation() external view {
        _assertConserved();
        assertEq(
            home.bookUnits(address(token)),
            _mintedAbroad() + openUnits[HOME] + openUnits[ABROAD],
            "BRIDGE-2: locked = minted + in flight"
        );
        assertGe(
            home.inFlightUnits(address(token)),
            openUnits[HOME],
            "BRIDGE-2: in flight from home is an upper bound"
        );
        assertGe(abroad.inFlightUnits(address(token)), openUnits[ABROAD], "BRIDGE-2: in flight from abroad");
        uint256 held = token.balanceOf(address(home)) + token.balanceOf(address(abroad)) + token.balanceOf(treasury);
        for (uint256 i = 0; i < ACTORS; ++i) held += token.balanceOf(actors[i]);
        assertEq(held + token.balanceOf(trader), token.totalSupply(), "BRIDGE-2: nobody else was paid");
    }

    /// @notice BRIDGE-1: no id is paid twice, and one that is paid has exactly one end.
    function checkIds() external view {
        for (uint256 i = 0; i < _sent.length; ++i) {
            IAlltraCustomBridge.Message memory message = _sent[i];
            bytes32 id = _id(message);
            bool arrived = _there(message, true).statusOf(id) == IAlltraCustomBridge.Status.DELIVERED;
            bool returned = _end(message.sourceChainId).statusOf(id) == IAlltraCustomBridge.Status.REFUNDED;
            assertFalse(arrived && returned, "BRIDGE-1: delivered and refunded");
            assertEq(paid[id], arrived || returned ? 1 : 0, "BRIDGE-1: paid once");
        }
        for (uint256 i = 0; i < _unwound.length; ++i) {
            assertEq(paid[_id(_unwound[i])], 0, "BRIDGE-1: paid what a reorganisation unwound");
        }
    }

    /// @notice BRIDGE-4: gross, each direction, each chain, over the whole run; the token's own limit too.
    function checkLimits() external view {
        IBridgeLanes.Limits memory own = limits();
        uint256 refilled = (vm.getBlockTimestamp() - startedAt) * refill();
        uint256[2] memory chains = [HOME, ABROAD];
        for (uint256 i = 0; i < 2; ++i) {
            assertLe(leftUnits[chains[i]], own.outCapacity + refilled, "BRIDGE-4: outbound");
            assertLe(arrivedUnits[chains[i]], own.inCapacity + refilled / 2, "BRIDGE-4: inbound");
            assertEq(
                _end(chains[i]).refundAvailable(address(token)),
                backUnits(chains[i]),
                "BRIDGE-4: the bucket for refunds"
            );
            assertEq(_end(chains[i]).book(address(token)).sentUnits, leftUnits[chains[i]], "BRIDGE-4: book of sends");
            assertEq(
                _end(chains[i]).book(address(token)).paidUnits,
                arrivedUnits[chains[i]],
                "BRIDGE-4: book of arrivals"
            );
        }
        IBridgeLanes.Book memory book = abroad.book(address(token));
        assertLe(
            book.paidUnits + book.refundedUnits,
            mintCapacity() + refilled,
            "BRIDGE-4: minted inside the token's limit"
        );
    }

    /// @notice What may come back now, by our own count.
    function backUnits(uint256 chain) public view returns (uint256) {
        uint256 level = backLevel[chain] + (vm.getBlockTimestamp() - backAt[chain]) * refill();
        return _min(level, limits().outCapacity);
    }

    // --- Internal ---

    modifier counted() {
        ++calls;
        _;
    }

    function _chain(uint256 seed) private pure returns (uint256) {
        return seed % 2 == 0 ? HOME : ABROAD;
    }

    /// @dev Mostly one of the last eight, which are the ones that something can still be done with.
    function _pick(uint256 which) private view returns (uint256) {
        uint256 length = _sent.length;
        if (which % 4 == 0 || length <= 8) return (which >> 2) % length;
        return length - 1 - ((which >> 2) % 8);
    }

    /// @dev Operators clear what was in the way, and buckets refill.
    function _mend(AlltraCustomBridge end, address payee) private {
        vm.startPrank(timelock);
        if (end.pausedUntil() > vm.getBlockTimestamp()) end.unpause();
        if (token.pausedUntil() > vm.getBlockTimestamp()) token.unpause();
        vm.stopPrank();
        vm.prank(freezer);
        token.unfreeze(payee);
        skipTime(8 hours, 2);
    }

    /// @dev One of the last sixteen in this state on either chain, else any.
    function _find(uint256 which, IAlltraCustomBridge.Status status) private view returns (uint256) {
        uint256 length = _sent.length;
        for (uint256 i = 0; i < 16 && i < length; ++i) {
            uint256 index = length - 1 - ((i + (which % 16)) % (length < 16 ? length : 16));
            IAlltraCustomBridge.Message memory message = _sent[index];
            if (_status(message.sourceChainId, message) == status) return index;
            bool refunded = _status(message.sourceChainId, message) != IAlltraCustomBridge.Status.SENT;
            if (!refunded && _status(_other(message.sourceChainId), message) == status) return index;
        }
        return _pick(which);
    }

    /// @dev The destination of a message, and its chain id for the calls that follow.
    function _there(IAlltraCustomBridge.Message memory message) private returns (AlltraCustomBridge) {
        vm.chainId(_other(message.sourceChainId));
        return _end(_other(message.sourceChainId));
    }

    function _there(IAlltraCustomBridge.Message memory message, bool) private view returns (AlltraCustomBridge) {
        return _end(_other(message.sourceChainId));
    }

    function _here(IAlltraCustomBridge.Message memory message) private returns (AlltraCustomBridge) {
        vm.chainId(message.sourceChainId);
        return _end(message.sourceChainId);
    }

    function _sendSome(uint256 chain, uint256 from, uint256 to, uint256 amount) private {
        address payer = actors[from % ACTORS];
        IAlltraCustomBridge.Message memory message = _next(
            chain,
            payer,
            actors[to % ACTORS],
            bound(amount, unit / 2, 60_000 * unit)
        );
        vm.chainId(chain);
        vm.prank(payer);
        try _adapterOf(chain).send(_order(chain, message.recipient, message.amountUnits)) returns (bytes32 id) {
            if (id != _id(message)) broken = "another id than that of what was asked for";
            _sent.push(message);
            leftUnits[chain] += message.amountUnits;
            openUnits[chain] += message.amountUnits;
            ++done[Did.SEND];
        } catch (bytes memory reason) {
            if (bytes4(reason) == IBridgeLanes.OutboundLimit.selector) ++done[Did.LIMITED];
        }
    }

    function _submit(uint256 index, bytes[] memory signatures, uint256 gasLimit) private {
        IAlltraCustomBridge.Message memory message = _sent[index];
        bytes32 id = _id(message);
        IAlltraCustomBridge.Status before = _status(_other(message.sourceChainId), message);
        AlltraCustomBridge end = _there(message);
        bool held = vm.getBlockTimestamp() < end.pausedUntil();
        bool stale = before == IAlltraCustomBridge.Status.ACCEPTED && end.acceptedEpoch(id) != end.attestorEpoch();
        bool fresh = before == IAlltraCustomBridge.Status.NONE || stale;
        try end.deliver{gas: gasLimit}(message, signatures) returns (IAlltraCustomBridge.Status status) {
            if (!fresh) broken = "delivered an id that was used";
            if (held) broken = "delivered while held";
            if (vm.getBlockTimestamp() > message.expiresAt) broken = "delivered after it expired";
            _arrived(id, message, status);
        } catch {
            if (!fresh) ++done[Did.REPLAY_REFUSED];
        }
    }

    function _arrived(
        bytes32 id,
        IAlltraCustomBridge.Message memory message,
        IAlltraCustomBridge.Status status
    ) private {
        if (status == IAlltraCustomBridge.Status.DELIVERED) {
            _pay(id, message);
            arrivedUnits[_other(message.sourceChainId)] += message.amountUnits;
            ++done[Did.DELIVER];
        } else ++done[Did.ACCEPT];
    }

    function _pay(bytes32 id, IAlltraCustomBridge.Message memory message) private {
        if (++paid[id] > 1) broken = "paid twice";
        openUnits[message.sourceChainId] -= message.amountUnits;
    }

    /// @dev Asks for a refund with honest signatures: paid when its bucket, the token and the sender allow it, else kept.
    function _refundOne(bytes32 id, IAlltraCustomBridge.Message memory message) private {
        uint256 chain = message.sourceChainId;
        bool room = message.amountUnits <= backUnits(chain);
        bool open = !token.isFrozen(message.sender) && token.pausedUntil() <= vm.getBlockTimestamp();
        if (chain == ABROAD) open = open && token.mintAvailable(address(abroad)) >= message.amountUnits;
        bytes[] memory signatures = _attest(message, true);
        try _here(message).refund(message, signatures) returns (IAlltraCustomBridge.Status status) {
            if (status == IAlltraCustomBridge.Status.REFUNDED) {
                _tookBack(id, message);
                ++done[Did.REFUND];
                return;
            }
            if (room && open) broken = "kept a refund that could be paid";
            ++done[room ? Did.REFUND_ACCEPT : Did.REFUND_LIMITED];
        } catch {}
    }

    function _tookBack(bytes32 id, IAlltraCustomBridge.Message memory message) private {
        uint256 chain = message.sourceChainId;
        uint256 level = backUnits(chain);
        if (message.amountUnits > level) {
            broken = "refunded past its bucket";
            return;
        }
        (backLevel[chain], backAt[chain]) = (level - message.amountUnits, vm.getBlockTimestamp());
        _pay(id, message);
    }

    function _min(uint256 one, uint256 other) private pure returns (uint256) {
        return one < other ? one : other;
    }

    /// @dev Whether nothing but gas can keep a delivery from being paid.
    function _isPayable(IAlltraCustomBridge.Message memory message) private view returns (bool) {
        uint256 chain = _other(message.sourceChainId);
        bool room = _end(chain).inAvailable(address(token)) >= message.amountUnits;
        if (chain == ABROAD) room = room && token.mintAvailable(address(abroad)) >= message.amountUnits;
        return room && !token.isFrozen(message.recipient) && token.pausedUntil() <= vm.getBlockTimestamp();
    }

    /// @dev Something else on the same chain, in the piece that is unwound.
    function _touch(uint256 chain, IAlltraCustomBridge.Message memory message, uint256 what) private {
        if (message.sourceChainId == chain) {
            if (_there(message).statusOf(_id(message)) != IAlltraCustomBridge.Status.CANCELLED) return;
            bytes[] memory refunds = _attest(message, true);
            try _here(message).refund(message, refunds) {} catch {}
            return;
        }
        bytes[] memory signatures = _attest(message, false);
        AlltraCustomBridge end = _there(message);
        if (what % 2 == 0) {
            vm.prank(message.recipient);
            try end.cancel(message) {} catch {}
        }
        try end.deliver(message, signatures) {
            if (what % 2 == 0) broken = "delivered what was cancelled";
        } catch {}
    }

    /// @dev Those of the set that counts, ascending; fewer than the threshold when the guardian left no more.
    function _attest(
        IAlltraCustomBridge.Message memory message,
        bool asRefund
    ) private returns (bytes[] memory signatures) {
        bytes32 id = _id(message);
        AlltraCustomBridge end = asRefund ? _here(message) : _there(message);
        bytes32 digest = asRefund ? end.refundDigest(id) : end.deliveryDigest(id);
        return _signedBy(end, digest, THRESHOLD);
    }

    function _signedBy(
        AlltraCustomBridge end,
        bytes32 digest,
        uint256 most
    ) private view returns (bytes[] memory signatures) {
        address[] memory set = end.attestors();
        uint256 count = set.length < most ? set.length : most;
        signatures = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) signatures[i] = _signature(_keyOf(set[i]), digest);
    }

    /// @dev One less than count; with one of them twice; or with an outsider.
    function _tooFew(
        AlltraCustomBridge end,
        bytes32 digest,
        uint256 way
    ) private view returns (bytes[] memory signatures) {
        bytes[] memory honest = _signedBy(end, digest, THRESHOLD - 1);
        if (way == 0 || honest.length == 0) return honest;
        signatures = new bytes[](honest.length + 1);
        for (uint256 i = 0; i < honest.length; ++i) signatures[i] = honest[i];
        signatures[honest.length] = way == 1 ? honest[honest.length - 1] : _signature(keyOf("attacker"), digest);
    }

    function _alter(IAlltraCustomBridge.Message memory message, uint256 field, uint256 change) private view {
        if (field == 0) message.amountUnits += change;
        if (field == 1) message.recipient = attacker;
        if (field == 2) message.nonce += change;
        if (field == 3) message.expiresAt += change;
        if (field == 4) message.sender = attacker;
        if (field == 5) message.sourceChainId = _other(message.sourceChainId);
    }

    function _keyOf(address attestor) private view returns (uint256) {
        for (uint256 i = 0; i < _pool.length; ++i) if (vm.addr(_pool[i]) == attestor) return _pool[i];
        revert AttestorWithoutKey(attestor);
    }
}

/// @notice Conservation over two bridges under whatever order of messages, attacks, holds, rotations and reorganisations.
contract BridgeInvariantTest is Base {
    BridgeHandler internal handler;
    bytes4[] internal selectors;

    function setUp() public {
        handler = new BridgeHandler();
        handler.setUp();
        // Named more than once = called more often.
        _weigh(BridgeHandler.send.selector, 5);
        _weigh(BridgeHandler.deliver.selector, 4);
        _weigh(BridgeHandler.deliverWithLittleGas.selector, 1);
        _weigh(BridgeHandler.retry.selector, 2);
        _weigh(BridgeHandler.cancel.selector, 2);
        _weigh(BridgeHandler.refund.selector, 3);
        _weigh(BridgeHandler.retryRefund.selector, 2);
        _weigh(BridgeHandler.refundInBulk.selector, 1);
        _weigh(BridgeHandler.replay.selector, 2);
        _weigh(BridgeHandler.forge.selector, 2);
        _weigh(BridgeHandler.reorganise.selector, 2);
        _weigh(BridgeHandler.veto.selector, 1);
        _weigh(BridgeHandler.rotate.selector, 2);
        _weigh(BridgeHandler.removeAttestor.selector, 1);
        _weigh(BridgeHandler.hold.selector, 1);
        _weigh(BridgeHandler.freeze.selector, 1);
        _weigh(BridgeHandler.pauseToken.selector, 1);
        _weigh(BridgeHandler.gift.selector, 1);
        _weigh(BridgeHandler.pass.selector, 2);
        targetContract(address(handler));
        targetSender(makeAddr("anyone"));
        targetSelector(address(handler), selectors);
    }

    function _weigh(bytes4 selector, uint256 weight) private {
        for (uint256 i = 0; i < weight; ++i) selectors.push(selector);
    }

    /// @dev Whether the second argument is a bool.
    function _takesFlag(bytes4 selector) private pure returns (bool) {
        return
            selector == BridgeHandler.cancel.selector ||
            selector == BridgeHandler.replay.selector ||
            selector == BridgeHandler.hold.selector ||
            selector == BridgeHandler.freeze.selector;
    }

    /// @dev Together, because each invariant would draw a run of its own. What no call may do is noted where it is done.
    // BRIDGE-1 BRIDGE-2 BRIDGE-3 BRIDGE-4
    function invariant_BRIDGE1_2_3_4_paidOnceBackedAuthenticAndLimited() public view {
        handler.checkIds();
        handler.checkConservation();
        handler.checkLimits();
        assertEq(handler.broken(), "", "BRIDGE-3");
    }

    /// @dev What random calls seldom line up: accepted and paid later, on either end.
    function _walkTheRarePaths() private {
        handler.send(0, 0, 1, 1e9);
        handler.freeze(1, true);
        handler.deliver(0);
        handler.freeze(1, false);
        handler.retry(16);
        handler.send(0, 0, 1, 1e9);
        handler.cancel(4, true); // the second of two
        handler.freeze(0, true);
        handler.refund(0);
        handler.freeze(0, false);
        handler.retryRefund(16);
        for (uint256 i = 0; i < 6; ++i) handler.send(0, 0, 1, 6e10);
        assertGt(handler.done(BridgeHandler.Did.LIMITED), 0, "300,000 at once and no more");
        assertEq(handler.done(BridgeHandler.Did.RETRY), 1, "retried");
        assertEq(handler.done(BridgeHandler.Did.RETRY_REFUND), 1, "refunded later");
        handler.pass(6 hours);
        for (uint256 i = 0; i < 2; ++i) handler.send(0, 0, 1, 6e10);
        handler.refundInBulk(0, 0);
        assertEq(handler.done(BridgeHandler.Did.REFUND_LIMITED), 1, "300,000 come back at once and no more");
    }

    /// @dev The same calls, drawn by ourselves and many more in one run: each thing happens, the rare ones too, and all of it holds. That a run
    /// above does something is shown here, because a short one may begin with a pause or lose its attestors.
    // BRIDGE-2
    function test_BRIDGE2_everyActionHappensAndAllOfItHolds() public {
        _walkTheRarePaths();
        for (uint256 step = 0; step < 600; ++step) {
            uint256 draw = uint256(keccak256(abi.encode("bridge", step)));
            bytes4 selector = selectors[draw % selectors.length];
            uint256 second = _takesFlag(selector) ? (draw >> 16) % 2 : draw >> 16;
            (bool ok, ) = address(handler).call(
                abi.encodePacked(selector, abi.encode(draw >> 8, second, draw >> 24, draw >> 32, (draw >> 40) % 2))
            );
            assertTrue(ok, "a call failed");
            if (step % 50 != 49) continue;
            handler.checkConservation();
            handler.checkIds();
            handler.checkLimits();
            assertEq(handler.broken(), "", "BRIDGE-3");
        }
        for (uint8 did = 0; did <= uint8(BridgeHandler.Did.REFUND_LIMITED); ++did) {
            assertGt(handler.done(BridgeHandler.Did(did)), 0, string.concat("never done: ", vm.toString(did)));
        }
    }
}
