/* SPDX-License-Identifier: MIT */
/* lane.pml - the lane and the bell (shm/lane.c, shm/bell.c) on a machine with store buffers.
 *
 * Two senders, each with a lane to one receiver that parks whenever it finds nothing. Stores go to
 * the writer's buffer and reach memory later, in order, as on x86 (TSO); every word has one writer,
 * which keeps its own copy of it, so no load has to look into a buffer. A fence waits until the
 * buffer is empty. One of the first sender and the receiver may die, between any two steps; what it
 * has stored gets to memory, and a successor takes over.
 *
 * Searched for: a receiver that waits for the bell while a frame is published (nothing can go on,
 * an invalid end state), a frame lost, doubled, reordered or overwritten (assertions), a bell rung
 * twice for one parking. There is no time: the timeout of the real wait is not in the model. */

/* spin: -DSENDERS=2 -DRING=1 -DBUFFER=2 */
/* cc: -DSAFETY -DCOLLAPSE -DNOREDUCE */
/* pan: -m100000 -w24 */

#define RECEIVER SENDERS           /* its number among the processes */
#define FRAMES(from) (2 - (from))  /* the first sender has to use its ring again */

/* Memory: each line is a word that one process writes and another reads. */
#define FRAME(from, at) ((from) * (RING + 2) + (at) % RING)
#define DATA(from) ((from) * (RING + 2) + RING)
#define READ(from) ((from) * (RING + 2) + RING + 1)
#define PARKED (SENDERS * (RING + 2))
#define WORDS (PARKED + 1)

byte memory[WORDS];
chan buffer[SENDERS + 1] = [BUFFER] of { byte, byte };
byte bell; /* the eventfd: what was written and not yet waited for */

/* Read by nobody but the writer and its successor: program order is all that counts. */
byte staged[SENDERS];
byte read_data[SENDERS];
byte park_seq;

bool dead[SENDERS + 1];
byte rung_for[SENDERS]; /* for the assertion: the parking that this process rang last */

#define store(me, word, value) buffer[me]!(word), value
#define fence(me) (empty(buffer[me]))

proctype store_buffer(byte me)
{
    byte word, value;
end:
    do
    :: atomic { buffer[me]?word, value -> memory[word] = value; word = 0; value = 0 }
    od
}

/* ---- the sender ---- */

/* shm_bell_ring */
inline bell_ring()
{
    parking = memory[PARKED];
    atomic {
        if
#ifdef PLANTED_rung_forgotten
        :: parking != 0 ->
#else
        :: parking != 0 && parking != rung ->
#endif
            rung = parking;
            assert(rung_for[me] != parking);
            rung_for[me] = parking;
            bell++
        :: else
        fi;
        parking = 0
    }
}

/* shm_lane_publish, shm_lane_ring */
inline lane_flush()
{
#ifdef PLANTED_rung_before_published
    fence(me);
    bell_ring();
#endif
    atomic { store(me, DATA(me), staged[me]); dirty = false };
#ifndef PLANTED_rung_before_published
#ifndef PLANTED_no_fence_in_sender
    fence(me);
#endif
    bell_ring()
#endif
}

/* One frame; its body is its number in the lane, from 1. */
inline send()
{
#ifdef PLANTED_published_before_written
    store(me, DATA(me), staged[me] + 1);
#endif
    store(me, FRAME(me, staged[me]), staged[me] + 1);
    atomic { staged[me]++; dirty = true }
}

#define full (staged[me] - peer_read == RING)

proctype sender(byte me)
{
    byte peer_read, rung, parking;
    bool dirty;
opened:
    {
        do
        :: staged[me] < FRAMES(me) && !full -> send()
        :: staged[me] < FRAMES(me) && full && memory[READ(me)] != peer_read ->
            peer_read = memory[READ(me)]
#ifdef PLANTED_ring_overrun
        :: staged[me] < FRAMES(me) && full -> send()
#endif
        :: dirty -> lane_flush()
        :: staged[me] == FRAMES(me) && !dirty -> break
        od
    } unless {
        atomic { /* the successor: shm_port_open, repair_lanes */
            dead[me] && empty(buffer[me]) -> dead[me] = false;
            peer_read = memory[READ(me)];
            rung = 0;
            parking = 0;
            rung_for[me] = 0;
#ifndef PLANTED_successor_does_not_publish
            dirty = true;
#endif
            goto opened
        }
    }
}

/* ---- the receiver ---- */

#define all_read (read_data[0] == FRAMES(0) && read_data[1] == FRAMES(1))

/* drain_data: frames up to the published end, each a turn of its own; the position is told after.
 */
inline drain(i)
{
    end = memory[DATA(i)];
    if
    :: read_data[i] != end ->
#ifdef PLANTED_position_told_early
        store(RECEIVER, READ(i), end);
#endif
        do
        :: atomic {
            read_data[i] != end ->
                assert(end - read_data[i] <= RING);
                assert(memory[FRAME(i, read_data[i])] == read_data[i] + 1);
                read_data[i]++;
                work = true
            }
        :: atomic { read_data[i] == end -> end = 0; break }
        od;
        store(RECEIVER, READ(i), read_data[i])
    :: atomic { else -> end = 0 }
    fi
}

/* shm_lane_any */
inline lane_any()
{
    work = memory[DATA(0)] != read_data[0];
#ifndef PLANTED_one_lane_not_scanned
    work = work || memory[DATA(1)] != read_data[1];
#endif
}

/* shm_bell_park, wait_for_bell, shm_bell_unpark */
inline park()
{
    park_seq++;
#ifdef PLANTED_scanned_before_parked
    lane_any();
#endif
    store(RECEIVER, PARKED, park_seq);
#ifndef PLANTED_no_fence_in_parker
    fence(RECEIVER);
#endif
#ifndef PLANTED_scanned_before_parked
    lane_any();
#endif
    if
    :: work
    :: atomic { !work && bell > 0 -> bell = 0 }
    fi;
    store(RECEIVER, PARKED, 0)
}

proctype receiver()
{
    byte end;
    bool work;
opened:
    {
        do
        :: work = false;
            drain(0);
            drain(1);
            if
            :: all_read -> break
            :: !all_read && !work -> park()
            :: !all_read && work
            fi
        od
    } unless {
        atomic {
            dead[RECEIVER] && empty(buffer[RECEIVER]) -> dead[RECEIVER] = false;
            end = 0;
            work = false;
#ifdef PLANTED_park_seq_restarts
            park_seq = 0;
#endif
            memory[PARKED] = 0; /* shm_recover */
            memory[READ(0)] = read_data[0]; /* repair_lanes: the positions are published again */
            memory[READ(1)] = read_data[1];
            goto opened
        }
    }
}

proctype death()
{
    if
    :: dead[0] = true
    :: dead[RECEIVER] = true
    :: skip
    fi
}

init
{
    atomic {
        run store_buffer(0);
        run store_buffer(1);
        run store_buffer(RECEIVER);
        run sender(0);
        run sender(1);
        run receiver();
        run death()
    }
}
