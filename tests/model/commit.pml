/* SPDX-License-Identifier: MIT */
/* commit.pml - the turn (shm/journal.h, shm/recover.c, shm/lane.c) and death at every step of it.
 *
 * A worker takes frames from a lane into the mailbox of an actor, batch by batch, and handles them:
 * a handler changes its kept word twice and sends one frame on to the next hop. Every change of
 * private memory goes to the undo log first. What the out lane has no room for waits in an overflow
 * queue, in order. A handler may fail, which undoes the turn in the living process.
 *
 * The worker may be killed between any two of its stores, also while it recovers. After each death
 * the next hop reads what is staged and committed, and it may do so late, while the successor is at
 * work already. Stores are seen in program order: that is all that a successor and a reader of
 * published words rely on (the store buffers are in lane.pml).
 *
 * Searched for: a message not handled, or handled twice or out of order, as the next hop sees it; a
 * kept word, mailbox or lane that is not what the committed turns made it (`settled`); a suspect not
 * told; anything that hangs. */

/* spin: -DMESSAGES=2 -DIN_RING=1 -DOUT_RING=1 -DMAIL=2 -DKILLS=2 -DFAILS=1 */
/* spin: -DMESSAGES=3 -DIN_RING=2 -DOUT_RING=1 -DMAIL=2 -DKILLS=1 -DFAILS=1 */
/* cc: -DSAFETY -DCOLLAPSE -DNOREDUCE */
/* pan: -m1000000 -w24 */

/* Words of private memory, and the staged end, which is a word of the edge but logged like them. */
#define READ_DATA 0
#define HEAD 1
#define TAIL 2
#define KEPT 3
#define OVER_HEAD 4
#define OVER_TAIL 5
#define SUSPECT 6
#define STAGED 7
#define ACTOR 1 /* the index of the only one */
#define UNDO 8
#define NONE 255

byte word[8];
byte mail[MAIL]; /* what lies in the mailbox's chunks */
byte over[MESSAGES];

byte journal_turn, entries, actor; /* struct shm_journal */
byte undo_where[UNDO], undo_old[UNDO];
byte committed;

byte in_frame[IN_RING]; /* the lane to the worker */
byte in_data, in_read;
byte out_frame[OUT_RING], out_stamp[OUT_RING]; /* the lane from it */
byte out_data, out_read;

bool dead;
byte slot_down;  /* deaths that the next hop has not dealt with */
byte fails = FAILS;

/* For the assertions only: what the committed turns have done. */
byte accepted, handled, released, in_hand;

#define turn_open (journal_turn != committed)

/* Private memory while no turn is open. */
inline settled()
{
    assert(!turn_open);
    assert(word[READ_DATA] == accepted && word[TAIL] == accepted);
    assert(word[HEAD] == handled && word[KEPT] == 2 * handled);
    assert(word[STAGED] + word[OVER_TAIL] - word[OVER_HEAD] == handled);
    assert(word[HEAD] == word[TAIL] || mail[word[HEAD] % MAIL] == word[HEAD] + 1)
}

/* ---- the turn: shm/journal.h ---- */

/* What the log held is not looked at again: the search need not tell it apart. */
inline forget_undo()
{
    i = 0;
    do
    :: i < UNDO -> undo_where[i] = 0; undo_old[i] = 0; i++
    :: else -> i = 0; break
    od
}

inline turn_begin(who)
{
#ifdef PLANTED_entries_left_at_begin
    actor = who;
    d_step { settled(); turn++; journal_turn = turn };
    d_step { entries = 0; forget_undo() }
#else
    d_step { entries = 0; forget_undo() };
    actor = who;
    d_step { settled(); turn++; journal_turn = turn }
#endif
}

inline log_value(where, old)
{
#ifdef PLANTED_entries_before_entry
    entries++;
    d_step { undo_where[entries - 1] = where; undo_old[entries - 1] = old }
#else
    d_step { undo_where[entries] = where; undo_old[entries] = old };
    entries++
#endif
}

inline set(where, value)
{
#ifdef PLANTED_changed_before_logged
    d_step { was = word[where]; word[where] = value };
    log_value(where, was);
    was = 0
#else
    log_value(where, word[where]);
    word[where] = value
#endif
}

/* shm_chain_log: both ends at once, and once a turn. */
inline chain_log(first)
{
    if
#ifdef PLANTED_hint_of_another_turn
    :: hint != NONE
#else
    :: hint < entries && undo_where[hint] == first
#endif
    :: else ->
        d_step {
            hint = entries;
            undo_where[entries] = first;
            undo_old[entries] = word[first];
            undo_where[entries + 1] = first + 1;
            undo_old[entries + 1] = word[first + 1]
        };
#ifdef PLANTED_chain_counted_by_halves
        entries = entries + 1
#else
        entries = entries + 2
#endif
    fi
}

/* shm_undo_words. The volatile copy of the staged end follows it. */
inline undo_words()
{
#ifdef PLANTED_undo_forwards
    undone = 0;
    do
    :: undone < entries -> word[undo_where[undone]] = undo_old[undone]; undone++
    :: else -> break
    od;
    entries = 0;
    undone = 0
#else
    do
    :: entries > 0 ->
#ifdef PLANTED_entries_before_undone
        entries--;
        word[undo_where[entries]] = undo_old[entries]
#else
        if
#ifdef PLANTED_staged_not_restored
        :: undo_where[entries - 1] == STAGED
#endif
        :: else -> word[undo_where[entries - 1]] = undo_old[entries - 1]
        fi;
        entries--
#endif
    :: else -> break
    od
#endif
}

/* shm_turn_undo */
inline turn_undo()
{
    undo_words();
    actor = 0;
#ifdef PLANTED_turn_number_reused
    d_step { turn--; journal_turn = turn };
#else
    committed = turn;
#endif
    staged = word[STAGED]
}

/* ---- the lane: shm/lane.c ---- */

#define room (staged - peer_read < OUT_RING)

/* shm_lane_reserve: looks again where there seems to be none. */
inline lane_reserve()
{
    if
    :: room
    :: else -> peer_read = out_read
    fi
}

/* The frame's bytes, then its staged end, logged once a turn. */
inline lane_stage(message)
{
#ifndef PLANTED_staged_before_written
    out_stamp[staged % OUT_RING] = turn;
    out_frame[staged % OUT_RING] = message;
#endif
    if
    :: logged != turn -> logged = turn; log_value(STAGED, staged)
    :: else
    fi;
    d_step { staged++; word[STAGED] = staged; dirty = true };
#ifdef PLANTED_staged_before_written
    out_stamp[(staged - 1) % OUT_RING] = turn;
    out_frame[(staged - 1) % OUT_RING] = message
#endif
}

/* The source fills what room it is given at once: the worst that it can do. */
inline fill_lane()
{
    do
    :: in_data < MESSAGES && in_data - in_read < IN_RING ->
        in_frame[in_data % IN_RING] = in_data + 1;
        in_data++
    :: else -> break
    od
}

inline publish_read(position)
{
    d_step { in_read = position; fill_lane() }
}

/* shm_lane_publish_slow */
inline lane_publish()
{
    publish_read(word[READ_DATA]);
    d_step { out_data = staged; dirty = false }
}

/* ---- recovery: shm/recover.c ---- */

inline take_back()
{
    turn = journal_turn;
    if
    :: journal_turn == committed
    :: else ->
        assert(journal_turn == committed + 1);
#ifdef PLANTED_suspect_after_actor
        was = actor;
        actor = 0;
        undo_words();
        if
        :: was != 0 -> word[SUSPECT] = was
        :: else
        fi;
        was = 0;
#else
        if
        :: actor != 0 -> word[SUSPECT] = actor
        :: else
        fi;
#ifdef PLANTED_committed_before_undone
        actor = 0;
        committed = turn;
        undo_words();
#else
        undo_words();
#endif
        actor = 0;
#endif
        committed = turn
    fi
}

inline repair_lanes()
{
    d_step {
        staged = word[STAGED];
        peer_read = out_read;
        assert(staged >= out_data && staged - peer_read <= OUT_RING);
#ifndef PLANTED_successor_does_not_publish
        dirty = true
#endif
    }
}

/* judge_suspect, retry_suspect: the message will be handled again. */
inline judge_suspect()
{
    d_step { assert(word[SUSPECT] == in_hand) };
    if
    :: word[SUSPECT] != 0 ->
        turn_begin(0);
        set(SUSPECT, 0);
        d_step { committed = turn; in_hand = 0 }
    :: else
    fi
}

/* ---- what a worker does ---- */

/* drain_data: a batch is one turn; the read position is published after it. */
inline drain_data()
{
    turn_begin(0);
    at = word[READ_DATA];
    do
    :: at != in_data && word[TAIL] - word[HEAD] < MAIL ->
        chain_log(HEAD);
        mail[word[TAIL] % MAIL] = in_frame[at % IN_RING];
        d_step { word[TAIL] = word[TAIL] + 1; at++ }
    :: at != word[READ_DATA] -> break
    od;
    set(READ_DATA, at);
#ifdef PLANTED_position_told_early
    publish_read(at);
#endif
    d_step { committed = turn; accepted = at; at = 0; dirty = true }
}

/* The handler: its kept word twice, a frame to the next hop. */
inline handler(message)
{
    set(KEPT, word[KEPT] + 1);
    lane_reserve();
    if
#ifdef PLANTED_overtakes_the_overflow
    :: room ->
#else
    :: room && word[OVER_HEAD] == word[OVER_TAIL] ->
#endif
        lane_stage(message)
    :: else ->
        over[word[OVER_TAIL]] = message;
        set(OVER_TAIL, word[OVER_TAIL] + 1)
    fi;
    set(KEPT, word[KEPT] + 1)
}

/* run_message, conclude; or ax_fail */
inline run_message()
{
    turn_begin(ACTOR);
    message = mail[word[HEAD] % MAIL];
#ifdef PLANTED_committed_before_handled
    d_step { committed = turn; handled++; released = word[STAGED] };
#endif
    handler(message);
#ifdef PLANTED_published_before_committed
    out_data = staged;
#endif
    message = 0;
    if
    :: d_step { fails > 0 -> fails-- };
        turn_undo()
    :: chain_log(HEAD);
        word[HEAD] = word[HEAD] + 1;
#ifdef PLANTED_published_before_committed
        out_data = staged;
#endif
#ifndef PLANTED_committed_before_handled
        d_step { committed = turn; handled++; released = word[STAGED] }
#endif
    fi
}

/* move_one: from the overflow queue into the lane, a turn of its own. */
inline flush_overflow()
{
    peer_read = out_read;
    turn_begin(0);
    lane_stage(over[word[OVER_HEAD]]);
    set(OVER_HEAD, word[OVER_HEAD] + 1);
    d_step { committed = turn; released = word[STAGED] }
}

proctype worker()
{
    byte i, turn, staged, peer_read, logged, at, message;
    byte hint = NONE;
#ifdef PLANTED_changed_before_logged
    byte was;
#endif
#ifdef PLANTED_suspect_after_actor
    byte was;
#endif
#ifdef PLANTED_undo_forwards
    byte undone;
#endif
    bool dirty;
opened:
    {
        take_back();
        repair_lanes();
        d_step { settled() };
        judge_suspect();
        do
        :: word[READ_DATA] != in_data && word[TAIL] - word[HEAD] < MAIL -> drain_data()
        :: word[HEAD] != word[TAIL] -> run_message()
        :: word[OVER_HEAD] != word[OVER_TAIL] && staged - out_read < OUT_RING -> flush_overflow()
        :: dirty -> lane_publish()
        :: word[HEAD] == MESSAGES && word[OVER_HEAD] == word[OVER_TAIL] && !dirty -> break
        od;
        atomic { settled() }
    } unless {
        atomic {
            dead -> dead = false;
            slot_down++;
            if
            :: turn_open && actor != 0 -> in_hand = actor
            :: else
            fi;
            staged = 0;
            peer_read = 0;
            logged = 0;
            at = 0;
            i = 0;
            message = 0;
            hint = NONE;
            dirty = false;
            goto opened
        }
    }
}

proctype death()
{
    byte kills = KILLS;
    do
    :: atomic { kills > 0 && !dead -> kills--; dead = true }
    :: break
    od
}

/* ---- the neighbours ---- */

/* A frame is the next one, and its turn has committed. */
inline take()
{
    d_step { assert(at < released && out_frame[at % OUT_RING] == at + 1); at++ }
}

/* shm_lane_committed_end, slot_down */
inline drain_dead()
{
#ifdef PLANTED_end_before_committed
    end = word[STAGED];
    upto = committed;
#else
    upto = committed;
    end = word[STAGED];
#endif
    do
#ifdef PLANTED_stamps_ignored
    :: at < end -> take()
#else
    :: at < end && out_stamp[at % OUT_RING] <= upto -> take()
#endif
    :: else -> break
    od
}

proctype next_hop()
{
    byte at, end, upto;
    do
    :: atomic {
        at < MESSAGES && out_data > at ->
            do
            :: at != out_data -> take()
            :: else -> break
            od;
            out_read = at
        }
    :: slot_down > 0 ->
        slot_down--;
        drain_dead();
        atomic { out_read = at; end = 0; upto = 0 }
    :: at == MESSAGES -> break
    od
}

init
{
    atomic {
        fill_lane();
        run worker();
        run next_hop();
        run death()
    }
}
