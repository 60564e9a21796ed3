/* SPDX-License-Identifier: MIT */
/* lease.pml - who owns a shard (overlay/core/lease.c, overlay/core/store_memory.c), and what a
 * resource outside sees of it.
 *
 * A node asks a store for the lease of one shard, renews it, drains and gives it back. It has one
 * request under way; what it has given up waiting for may still reach the store much later, or
 * never. An answer may be late or lost: its outcome is unknown then, and read back. The node may be
 * killed at any time and come back under its name as another boot, or as another process of the same
 * boot, which goes on with what the one before had: the actors, and so their turns, live on.
 *
 * Nodes meet in the store alone, so all others are one, which takes the shard whenever the store
 * lets it and believes in it for as long as the store does. It shows its epochs to the node.
 *
 * Time goes on whatever the node does, so it may stand still for longer than its lease: between
 * what it sends and what it hears, before it looks at its deadline, and in the middle of a turn.
 * The store's clock goes by one a tick, and so does the node's, but once in a ttl by none, or by
 * two: that is the drift which the margin is for. When the node renews, asks or gives up waiting is
 * left open, so the deadline is its only timer. A turn writes to the resource, with its epoch, when
 * it ends.
 *
 * Searched for: a node that believes that it has the shard when the store does not; an epoch that
 * is gained twice, or by two, or is not higher than those before it; a turn that starts after the
 * deadline; one that is not late when the next owner begins, or its next lease; a resource that an
 * older epoch writes to behind a newer one. Where the store may lose its record, as a failover of
 * it does, no more is claimed than that a life of the node gains no epoch twice and works under
 * none below one that it has seen, and what is said of the deadline and the resource. */

/* spin: -DTTL=3 -DMARGIN=1 -DEPOCHS=3 -DREBOOTS=0 -DOLD=1 -DLOSSES=0 -DPROCESSES=1 */
/* spin: -DTTL=3 -DMARGIN=1 -DEPOCHS=2 -DREBOOTS=1 -DOLD=2 -DLOSSES=0 -DPROCESSES=1 */
/* spin: -DTTL=3 -DMARGIN=1 -DEPOCHS=2 -DREBOOTS=0 -DOLD=1 -DLOSSES=1 -DPROCESSES=1 */
/* spin: -DTTL=3 -DMARGIN=1 -DEPOCHS=2 -DREBOOTS=0 -DOLD=1 -DLOSSES=0 -DPROCESSES=2 */
/* cc: -DSAFETY -DCOLLAPSE -DNOREDUCE */
/* pan: -m4000000 -w24 */

#define SPAN (TTL - MARGIN)
#define NOBODY 0
#define OTHERS ((REBOOTS + 1) * PROCESSES + 1)
#define SELF (boot * PROCESSES + process + 1)
#define same_boot(one, other) ((one - 1) / PROCESSES == (other - 1) / PROCESSES)

/* enum ov_lease_state */
#define FREE 0
#define ACQUIRING 1
#define HELD 2
#define RENEWING 3
#define INDETERMINATE 4
#define DRAINING 5
#define RELEASING 6
#define FENCED 7

/* enum ov_store_op */
#define NONE 0
#define READ 1
#define ACQUIRE 2
#define RENEW 3
#define RELEASE 4

/* struct ov_lease. Of the deadline there is what is left of it by the own clock. */
byte state, epoch, floor, last, left;
bool has_deadline;
byte boot, process;
byte drift_in; /* until the clock may drift again */

/* The request under way, the time since it was sent, and its answer. */
byte op, arg, since;
bool answered, done;
byte owner, told;
/* Those that were given up, and by which life. */
byte old_op[OLD], old_arg[OLD], old_from[OLD];

byte turn; /* the epoch of the one that is under way */
byte turn_of_others;

/* struct ov_store_record */
byte record_owner, record_epoch, record_left;
byte losses = LOSSES;

byte resource; /* the highest epoch that it has seen */

/* For the assertions only. */
byte turn_left;         /* of the deadline by which the turn was started */
byte given, gained;     /* the highest epochs so far */
byte given_to[EPOCHS + 1];
byte written; /* the last that the resource took */

#define inherits(newer, older) (older != NOBODY && same_boot(newer, older) && newer >= older)
#define is_owner (state == HELD || state == RENEWING || state == DRAINING)
#define may_begin ((state == HELD || state == RENEWING) && left > 0)

inline check()
{
#if LOSSES == 0
    assert(!(is_owner && left > 0) || record_owner == SELF)
#else
    skip
#endif
}

/* ---- the node: overlay/core/lease.c ---- */

/* An answer to it changes nothing any more; the store may still do it. */
inline request_over()
{
    i = 0;
    do
    :: op > READ && !answered && i < OLD ->
        if
        :: old_op[i] == NONE ->
            old_op[i] = op;
            old_arg[i] = arg;
            old_from[i] = SELF;
            op = NONE
        :: else
        fi;
        i++
    :: else -> break
    od;
    i = 0;
    op = NONE;
    arg = 0;
    since = 0;
    answered = false;
    done = false;
    owner = NOBODY;
    told = 0
}

inline send(what)
{
    request_over();
    op = what;
#ifdef PLANTED_floor_not_said
    arg = (what == ACQUIRE -> 0 : epoch)
#else
    arg = (what == ACQUIRE -> floor : epoch)
#endif
}

inline no_deadline()
{
    has_deadline = false;
    left = 0
}

inline fence()
{
    state = (epoch != 0 && state != RELEASING -> FENCED : FREE);
    no_deadline();
    epoch = 0;
    request_over()
}

inline see(what)
{
    floor = (what > floor -> what : floor)
}

/* What is claimed of who gains it. */
inline gain()
{
#if LOSSES == 0
    assert((epoch > gained || (process > 0 && epoch == gained)) && given_to[epoch] == SELF);
#endif
    assert(epoch > last && epoch >= floor && (turn == 0 || process > 0));
    gained = epoch
}

/* `span`: what is left of its time. */
inline grant(what)
{
    had = is_owner || has_deadline;
#ifdef PLANTED_deadline_from_the_answer
    span = SPAN;
#else
#ifdef PLANTED_no_margin
    span = (since < TTL -> TTL - since : 0);
#else
    span = (since < SPAN -> SPAN - since : 0);
#endif
#endif
    if
    :: epoch != 0 && epoch != what -> fence()
#ifndef PLANTED_lower_epoch_taken
    :: (epoch == 0 || epoch == what) && what < floor && !had ->
        state = ACQUIRING;
        epoch = 0;
        send(ACQUIRE)
#endif
    :: (epoch == 0 || epoch == what) && what >= floor && span == 0 && !had ->
        state = FREE;
        epoch = 0;
        request_over()
    :: else ->
        epoch = what;
        has_deadline = true;
        left = (span > left -> span : left);
        state = (state != DRAINING -> HELD : DRAINING);
        if
        :: !had -> gain()
        :: else
        fi;
        last = epoch;
        request_over()
    fi;
    had = false;
    span = 0
}

inline deny()
{
    epoch = (has_deadline -> epoch : 0);
    fence()
}

inline take_read()
{
    if
    :: (owner != SELF && (epoch != 0 || !inherits(SELF, owner))) ||
       (epoch != 0 && epoch != told) -> deny()
    :: else ->
#ifdef PLANTED_read_is_a_lease
        grant(told)
#else
        if
#ifndef PLANTED_epoch_read_back
        :: epoch == 0 && (told <= last || owner != SELF) ->
            state = ACQUIRING;
            send(ACQUIRE)
#endif
        :: else ->
            epoch = told;
            if
            :: state == RELEASING -> send(RELEASE)
            :: else -> send(RENEW)
            fi
        fi
#endif
    fi
}

inline given_back()
{
    state = FREE;
    epoch = 0;
    no_deadline();
    request_over()
}

inline take_answer()
{
    see(told);
    if
    :: op == READ -> take_read()
    :: op != READ && state == RELEASING -> given_back()
    :: op != READ && state != RELEASING && done -> grant(told)
    :: else -> deny()
    fi;
    check()
}

/* The answer was lost, or took too long, or says that nobody knows. */
inline read_back()
{
    if
#ifdef PLANTED_unknown_is_done
    :: op == RENEW && state != RELEASING -> grant(epoch)
#endif
    :: else ->
        state = (state != DRAINING && state != RELEASING -> INDETERMINATE : state);
        send(READ)
    fi;
    check()
}

inline stopped()
{
    if
    :: state == FENCED -> state = FREE
    :: state == DRAINING -> state = RELEASING; send(RELEASE)
    fi
}

/* ov_lease_saw */
inline saw(what)
{
    see(what);
#ifndef PLANTED_newer_epoch_ignored
    if
    :: epoch != 0 && what > epoch -> fence()
    :: else
    fi
#endif
}

/* ---- turns of the shard's actors, and what they write to ---- */

inline begin_turn()
{
    assert(left > 0 && epoch >= floor);
    turn = epoch;
    turn_left = left
}

/* `which` is the epoch of the turn. */
inline write(which)
{
    if
#ifdef PLANTED_resource_not_fenced
    :: true ->
#else
    :: which >= resource ->
#endif
        assert(which >= written);
        resource = which;
        written = which
    :: else
    fi;
    which = 0
}

/* Knows nothing of what was. What was under way may still arrive. */
inline begin_anew()
{
    request_over();
    state = FREE;
    epoch = 0;
    floor = 0;
    last = 0;
    no_deadline()
}

/* Another boot, under the same name. */
inline reboot()
{
    begin_anew();
    boot++;
    process = 0;
    turn = 0;
    turn_left = 0
}

inline succeed()
{
    begin_anew();
    process++
}

/* ---- the store: overlay/core/store_memory.c ---- */

#define is_held (record_owner != NOBODY)
#ifdef PLANTED_name_without_boot
#define is_of(asker) (is_held && (record_owner == asker || (record_owner < OTHERS && asker < OTHERS)))
#else
#ifdef PLANTED_boot_without_process
#define is_of(asker) (is_held && same_boot(record_owner, asker))
#else
#define is_of(asker) (is_held && record_owner == asker)
#endif
#endif
#define is_heir(asker) (is_of(asker) || (is_held && inherits(asker, record_owner)))

inline give(asker, above)
{
    record_owner = asker;
#ifdef PLANTED_epoch_stays
    record_epoch = (above > 0 -> above : 1);
#else
    record_epoch = above + 1;
#endif
    record_left = TTL;
#if LOSSES == 0
    assert(record_epoch > given);
    assert(same_boot(asker, SELF) || turn == 0 || turn_left == 0);
#endif
    given = record_epoch;
    given_to[record_epoch] = asker
}

/* What comes of it is in `ok`. Epochs end at EPOCHS, as those of the code do at 2^64. */
inline apply(what, asker, with)
{
    ok = what == READ;
    if
    :: what == ACQUIRE && is_heir(asker) && record_epoch > with ->
        record_owner = asker;
        given_to[record_epoch] = asker;
        record_left = TTL;
        ok = true
    :: what == ACQUIRE && !(is_heir(asker) && record_epoch > with) ->
        span = (record_epoch > with -> record_epoch : with);
        if
        :: (!is_held || is_heir(asker)) && span < EPOCHS -> give(asker, span); ok = true
        :: else
        fi;
        span = 0
    :: (what == RENEW || what == RELEASE) && is_of(asker) && record_epoch == with ->
        record_left = (what == RENEW -> TTL : 0);
        record_owner = (what == RENEW -> record_owner : NOBODY);
        ok = true
    :: else
    fi
}

/* ---- all that can happen to the node, and to its requests ---- */

proctype node()
{
    bool had, ok;
    byte i, span;
    do
    :: d_step { state == FREE -> state = ACQUIRING; send(ACQUIRE) }
    :: d_step { op != NONE && answered -> take_answer() }
    :: d_step { op != NONE -> read_back() }
    :: d_step { has_deadline && left == 0 && state != RELEASING && state != FENCED -> fence() }
    :: d_step { has_deadline && left == 0 && state == RELEASING -> given_back() }
    :: d_step {
        op == NONE && is_owner -> state = (state == HELD -> RENEWING : state); send(RENEW)
    }
    :: d_step { state == HELD || state == RENEWING -> state = DRAINING }
#ifdef PLANTED_stopped_before_its_end
    :: d_step { state == FENCED || state == DRAINING -> stopped() }
#else
    :: d_step { (state == FENCED || state == DRAINING) && turn == 0 -> stopped() }
#endif
    :: d_step { record_owner == OTHERS && record_epoch > floor -> saw(record_epoch) }
#ifdef PLANTED_not_checked_at_use
    :: d_step { turn == 0 && (state == HELD || state == RENEWING) -> begin_turn() }
#else
    :: d_step { turn == 0 && may_begin -> begin_turn() }
#endif
    :: d_step { turn != 0 -> write(turn); turn_left = 0 }
    :: d_step { boot < REBOOTS -> reboot() }
    :: d_step { process + 1 < PROCESSES -> succeed() }
    :: d_step {
        op != NONE && !answered ->
            apply(op, SELF, arg);
            answered = true;
            done = ok;
            owner = record_owner;
            told = record_epoch;
            ok = false;
            check()
    }
    :: d_step {
        old_op[0] != NONE ->
            apply(old_op[0], old_from[0], old_arg[0]);
            i = 0;
            do
            :: i + 1 < OLD ->
                old_op[i] = old_op[i + 1];
                old_arg[i] = old_arg[i + 1];
                old_from[i] = old_from[i + 1];
                i++
            :: else -> break
            od;
            old_op[i] = NONE;
            old_arg[i] = 0;
            old_from[i] = NOBODY;
            i = 0;
            ok = false;
            check()
    }
    od
}

proctype others()
{
    do
    :: d_step {
        !is_held && record_epoch < EPOCHS -> give(OTHERS, record_epoch); check()
    }
    :: d_step { record_owner == OTHERS -> record_left = TTL }
    :: d_step { record_owner == OTHERS -> record_left = 0; record_owner = NOBODY }
    :: d_step { record_owner == OTHERS && turn_of_others == 0 -> turn_of_others = record_epoch }
    :: d_step { turn_of_others != 0 -> write(turn_of_others) }
    od
}

/* ---- time, and what goes by no clock ---- */

inline pass(by)
{
    record_left = (record_left > 0 -> record_left - 1 : 0);
    record_owner = (record_left > 0 -> record_owner : NOBODY);
    left = (left > by -> left - by : 0);
    turn_left = (turn_left > by -> turn_left - by : 0);
    since = (op == ACQUIRE || op == RENEW -> (since + by < TTL -> since + by : TTL) : 0);
    drift_in = (by != 1 -> TTL - 1 : (drift_in > 0 -> drift_in - 1 : 0));
    check()
}

proctype world()
{
    do
    :: d_step { true -> pass(1) }
    :: d_step { drift_in == 0 -> pass(0) }
    :: d_step { drift_in == 0 -> pass(2) }
    :: d_step {
        losses > 0 ->
            losses--;
            record_owner = NOBODY;
            record_epoch = 0;
            record_left = 0
    }
    od
}

init
{
    atomic {
        run node();
        run others();
        run world()
    }
}
