/* SPDX-License-Identifier: MIT */
/* handover.pml - a slot changes hands (axsup/child.c, shm_lane_present, libax/drain.c slot_down).
 *
 * A worker dies up to twice; axsup tells its peer with SLOT_DOWN, then orders the successor, and
 * waits for nobody: the peer may be slow, or dead itself and come back, while two more incarnations
 * come and go. The control lane from axsup holds one notice, the others wait on its heap, in order.
 * The worker sends data frames and, on the control lane, the down of an actor of its own, which
 * names the position `after` that the data lane is to be read to first.
 *
 * A turn of the peer is one step here, and so is writing a frame; commit.pml takes them apart.
 *
 * Searched for: a frame of an incarnation that the peer handles after that incarnation's down, or
 * before the down of the one before it; a frame that was not committed; a down lost, doubled or out
 * of order; an actor's down before what it had sent; anything that hangs. */

/* spin: -DDEATHS=2 -DPEER_DEATHS=1 -DFRAMES=3 -DNOTICES=1 */
/* cc: -DSAFETY -DCOLLAPSE -DNOREDUCE */
/* pan: -m1000000 -w24 */

/* The worker's memory: private, public, the edge to the peer. */
byte journal_turn;
byte old_data, old_control; /* its undo log */
byte committed, incarnation;
byte staged_data, staged_control;
byte data, control; /* published */
byte data_by[FRAMES], data_stamp[FRAMES];
byte control_by[FRAMES], control_stamp[FRAMES], control_after[FRAMES];

/* The peer's private memory. */
byte read_data, read_control;
byte seen_down;
byte watch_flags; /* the incarnation whose death the watch was told of */

/* SLOT_DOWN: the incarnation that died, and its `committed` when it was dead. */
chan notices = [NOTICES] of { byte, byte };
chan waiting = [DEATHS] of { byte, byte };

bool dead, dead_peer, ordered;
byte died; /* the incarnation that the kernel says is dead, 0: none */
byte deaths;
bool finished;

/* For the assertions only. */
byte sent_data, sent_control; /* what committed turns have sent */
byte downs;                   /* delivered to the actor that watches */

/* ---- the worker ---- */

/* One turn sends one frame. */
inline send_data()
{
    d_step {
        journal_turn++;
        old_data = staged_data;
        old_control = staged_control;
        data_by[staged_data] = me;
        data_stamp[staged_data] = journal_turn;
        staged_data++
    }
}

inline send_down()
{
    d_step {
        journal_turn++;
        old_data = staged_data;
        old_control = staged_control;
        control_by[staged_control] = me;
        control_stamp[staged_control] = journal_turn;
        control_after[staged_control] = staged_data;
        staged_control++
    }
}

inline commit()
{
    d_step {
        committed = journal_turn;
        sent_data = staged_data;
        sent_control = staged_control;
        dirty = true
    }
}

inline lane_publish()
{
    d_step { data = staged_data; control = staged_control; dirty = false }
}

inline take_back()
{
    if
    :: journal_turn != committed ->
        d_step { staged_data = old_data; staged_control = old_control };
        committed = journal_turn
    :: else
    fi;
    dirty = true /* repair_lanes */
}

proctype worker()
{
    byte me;
    bool dirty;
opened:
    atomic { ordered -> ordered = false; me++ };
    {
        take_back();
#ifdef PLANTED_incarnation_set_late
        if
        :: staged_data + staged_control < FRAMES -> send_data(); commit(); lane_publish()
        :: else
        fi;
#endif
        incarnation = me; /* say_ready */
        do
        :: staged_data + staged_control < FRAMES -> send_data(); commit()
        :: staged_data + staged_control < FRAMES -> send_down(); commit()
        :: dirty -> lane_publish()
        :: staged_data + staged_control == FRAMES && !dirty -> break
        od;
        finished = true
    } unless {
        atomic { dead -> dead = false; dirty = false; deaths++; died = me; goto opened }
    }
}

/* ---- axsup ---- */

/* sup_hub_control */
inline tell(incarnation_of, upto)
{
    if
    :: len(notices) < NOTICES && len(waiting) == 0 -> notices!incarnation_of, upto
    :: len(notices) == NOTICES || len(waiting) > 0 ->
#ifdef PLANTED_notice_dropped
        skip
#else
        waiting!incarnation_of, upto
#endif
    fi
}

proctype axsup()
{
    byte one, upto;
    ordered = true;
end:
    do
    :: died != 0 ->
#ifdef PLANTED_told_after_ordered
        ordered = true;
        atomic { one = died; died = 0; upto = committed; tell(one, upto); one = 0; upto = 0 }
#else
        atomic { one = died; died = 0; upto = committed; tell(one, upto); one = 0; upto = 0 };
        ordered = true
#endif
    :: atomic { nempty(waiting) && nfull(notices) -> /* flush_waiting */
            waiting?one, upto;
            notices!one, upto;
            one = 0;
            upto = 0
        }
    od
}

/* ---- the peer ---- */

/* One data frame, a turn. */
inline take_data()
{
    d_step {
        assert(read_data < sent_data);
        assert(data_by[read_data] == downs + 1);
        read_data++
    }
}

/* One control frame: before its turn, what was sent before it (before_control). */
inline take_control()
{
#ifndef PLANTED_after_ignored
    do
    :: read_data < control_after[read_control] -> take_data()
    :: else -> break
    od;
#endif
    atomic {
        assert(read_control < sent_control);
        assert(control_by[read_control] == downs + 1);
        assert(read_data >= control_after[read_control]);
        read_control++
    }
}

/* What a reader may take for committed: `committed` was read by axsup when the writer was dead, and
 * by now a successor may be at work. */
inline committed_of_the_dead()
{
#ifdef PLANTED_committed_read_late
    bound = committed
#else
    bound = (committed < upto -> committed : upto)
#endif
}

inline drain_dead()
{
    committed_of_the_dead();
    end_data = staged_data;
    do
    :: read_data < end_data && data_stamp[read_data] <= bound -> take_data()
    :: else -> break
    od;
#ifndef PLANTED_control_of_the_dead_left
    committed_of_the_dead();
    end_control = staged_control;
    do
    :: read_control < end_control && control_stamp[read_control] <= bound -> take_control()
    :: else -> break
    od
#endif
}

/* watch_slot_down: the down and the mark that it was told are one turn. */
inline fire()
{
    atomic {
        if
#ifdef PLANTED_watch_not_marked
        :: true ->
#else
        :: watch_flags != one ->
#endif
            downs++;
            assert(downs == one);
            watch_flags = one
        :: else
        fi
    }
}

inline on_slot_down()
{
    notices?<one, upto>;
    if
    :: seen_down < one ->
#ifdef PLANTED_down_before_drained
        fire();
        drain_dead()
#else
#ifndef PLANTED_dead_not_drained
        drain_dead();
#endif
        fire()
#endif
    :: else
    fi;
    atomic {
        notices?one, upto;
#ifndef PLANTED_death_not_marked
        seen_down = one;
#endif
        one = 0;
        upto = 0;
        bound = 0;
        end_data = 0;
        end_control = 0;
        held = false
    }
}

/* shm_lane_present, present: sets `held` where the frames have to wait. */
inline present()
{
#ifndef PLANTED_incarnation_read_first
    now = incarnation;
#endif
    if
    :: now == in_incarnation
#ifdef PLANTED_frames_not_held
    :: now != in_incarnation -> in_incarnation = now
#else
    :: now > in_incarnation && now <= seen_down + 1 -> in_incarnation = now
#endif
    :: else -> held = true
    fi;
    now = 0
}

inline drain_slot()
{
#ifdef PLANTED_incarnation_read_first
    now = incarnation;
#endif
    atomic { end_control = control; end_data = data };
    present();
    if
    :: !held ->
        do
        :: read_control < end_control -> take_control()
        :: else -> break
        od;
        do
        :: read_data < end_data -> take_data()
        :: else -> break
        od
    :: else
    fi;
    atomic { end_control = 0; end_data = 0 }
}

proctype peer()
{
    byte one, upto, bound, end_data, end_control, now, in_incarnation;
    bool held;
opened:
    {
        /* shm_port_open: nobody yet. Who is there now may be one whom we must not hear yet. */
#ifdef PLANTED_incarnation_taken_at_open
        in_incarnation = incarnation;
#endif
        do
        :: nempty(notices) -> on_slot_down() /* axsup's lane comes first */
        :: empty(notices) && !held && (control > read_control || data > read_data) -> drain_slot()
        :: finished && read_data == sent_data && read_control == sent_control && downs == deaths ->
            break
        od
    } unless {
        atomic {
            dead_peer -> dead_peer = false;
            one = 0;
            upto = 0;
            bound = 0;
            end_data = 0;
            end_control = 0;
            now = 0;
            in_incarnation = 0;
            held = false;
            goto opened
        }
    }
}

proctype death()
{
    byte left = DEATHS, left_peer = PEER_DEATHS;
    do
    :: atomic { left > 0 && !dead && !finished -> left--; dead = true }
    :: atomic { left_peer > 0 -> left_peer--; dead_peer = true }
    :: break
    od
}

init
{
    atomic {
        run axsup();
        run worker();
        run peer();
        run death()
    }
}
