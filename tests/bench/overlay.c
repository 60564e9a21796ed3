/* SPDX-License-Identifier: MIT */
/* What the core of a cluster costs, without any I/O: a tell that finds its way, without a cipher; a
 * frame that is written and sealed, beside libsodium alone in the same run; and how much faster
 * than real time a simulated cluster of seven nodes is that do nothing but show each other that
 * they are alive. Each figure is the median of the rounds. */
#include "overlay/core/stream.h"
#include "overlay/sim/sim.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS 101u
#define CALLS 10000u
#define BODY 256u
#define OUTS 256u
#define MESH 7u
#define MESH_NS (100 * SIM_S)

static uint8_t body[BODY], bytes[4 * OV_OUT_BYTES];

static void require(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "bench/overlay: %s\n", what);
    exit(1);
}

static uint64_t clock_ns(void)
{
    struct timespec now;
    require(clock_gettime(CLOCK_MONOTONIC, &now) == 0, "no clock");
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(double values[ROUNDS])
{
    qsort(values, ROUNDS, sizeof *values, by_size);
    return values[ROUNDS / 2];
}

/* ---- a tell ---- */

static void nothing(void *of, unsigned node, const struct ov_out *out)
{
    (void)of;
    (void)node;
    (void)out;
}

static struct sim *joined(unsigned nodes)
{
    struct sim *sim = sim_new(&(struct sim_config){
        .nodes = nodes, .seed = 1, .host = {.out = nothing}, .insecure = true});
    sim_start_all(sim);
    sim_run(sim, 5 * SIM_S);
    for (unsigned a = 0; a < nodes; a++)
        for (unsigned b = 0; b < a; b++)
            require(sim_links(sim, a, b) == 2 && sim_index(sim, a, b) != UINT32_MAX, "no session");
    return sim;
}

/* From node 0 to an actor of node 1: what comes out goes nowhere. */
static double tell_ns(void)
{
    struct sim *sim = joined(2);
    static struct ov_out list[OUTS];
    struct ov_outs outs = {.list = list, .room = OUTS, .bytes = bytes, .bytes_room = sizeof bytes};
    struct ov_request request = {.kind = OV_TELL,
                                 .token = 1,
                                 .deadline = UINT64_MAX,
                                 .target = {.registry = OV_NO_REGISTRY,
                                            .node = sim_index(sim, 0, 1),
                                            .boot = sim_boot(sim, 1),
                                            .actor = 1},
                                 .contract = 1,
                                 .unanswered = true,
                                 .body = {body, sizeof body}};
    struct ov_in in = {.kind = OV_IN_REQUEST, .request = &request};
    uint64_t now = sim_clock(sim, 0);
    double values[ROUNDS];

    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t begin = clock_ns();
        for (unsigned i = 0; i < CALLS; i++)
            require(ov_cluster_step(sim_cluster(sim, 0), now, &in, &outs) == 0 && outs.n >= 1,
                    "the tell is not sent");
        values[round] = (double)(clock_ns() - begin) / CALLS;
    }
    sim_free(sim);
    return median(values);
}

/* ---- a mesh ---- */

static double mesh_ratio(void)
{
    struct sim *sim = joined(MESH);
    double values[ROUNDS];

    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t begin = clock_ns();
        sim_run(sim, MESH_NS);
        values[round] = (double)MESH_NS / (double)(clock_ns() - begin);
    }
    sim_free(sim);
    return median(values);
}

/* ---- a frame ---- */

static void seal_bare(uint64_t n)
{
    static const uint8_t key[crypto_aead_chacha20poly1305_ietf_KEYBYTES] = {1};
    uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES] = {0};
    unsigned long long len;
    memcpy(nonce, &n, sizeof n);
    crypto_aead_chacha20poly1305_ietf_encrypt(bytes, &len, body, sizeof body, NULL, 0, NULL, nonce,
                                              key);
}

static void seal_frame(struct ov_stream *stream)
{
    struct ov_frame frame = {.kind = OV_TELL, .body = {body, sizeof body}};
    size_t len;
    OV_SET(&frame, request, 1);
    OV_SET(&frame, contract, 1);
    OV_SET(&frame, method, 1);
    OV_SET(&frame, actor, 1);
    require(ov_stream_seal(stream, &frame, bytes, sizeof bytes, &len) == 0, "not sealed");
}

/* In turns, so that both have the machine as it is. */
static void frame_ns(double *own, double *bare)
{
    struct ov_stream stream = {.send = {.key = {1}, .keyed = true},
                               .plane = OV_DATA,
                               .max_frame = OV_FRAME_MAX,
                               .peer_frame = OV_FRAME_MAX};
    double owns[ROUNDS], bares[ROUNDS];

    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t begin = clock_ns(), middle;
        for (unsigned i = 0; i < CALLS; i++)
            seal_bare(i);
        middle = clock_ns();
        for (unsigned i = 0; i < CALLS; i++)
            seal_frame(&stream);
        owns[round] = (double)(clock_ns() - middle) / CALLS;
        bares[round] = (double)(middle - begin) / CALLS;
    }
    *own = median(owns);
    *bare = median(bares);
}

int main(void)
{
    double own, bare;
    require(sodium_init() >= 0, "no libsodium");
    frame_ns(&own, &bare);
    printf("raw_aead_256_ns %.0f\nframe_seal_256_ns %.0f\nframe_seal_256_ratio %.2f\n", bare, own,
           own / bare);
    printf("core_tell_ns %.0f\n", tell_ns());
    printf("idle_mesh_7_ratio %.0f\n", mesh_ratio());
    return 0;
}
