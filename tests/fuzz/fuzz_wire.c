/* SPDX-License-Identifier: MIT */
/* Any bytes as a frame from a peer; the first one says on which plane they come. What is taken can
 * be written again and then reads as the same; what it holds lies within what was there; and a body
 * is looked at only after it was held against a contract. */
#include "overlay/core/frame.h"
#include "overlay/core/ident.h"

#include <stdlib.h>
#include <string.h>

#define AX_CONTRACT note
#define AX_MESSAGES(TELL, ASK)                                                                     \
    TELL(jot, (u32, page, str, line))                                                              \
    ASK(look, (u32, page), (bool, found, bytes, data))
#include <ax/contract.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

static const uint8_t *begin, *end;

static void within(struct ax_span span)
{
    REQUIRE(span.ptr == NULL ? span.len == 0
                             : (const uint8_t *)span.ptr >= begin &&
                                   (const uint8_t *)span.ptr + span.len <= end);
}

/* Reads the text of an image to its end. */
static void touch(const struct ov_frame *frame)
{
    const struct ax_layout *layout;
    const struct note_jot *jot = frame->body.ptr;
    struct note_jot copy;
    if (ov_frame_body(frame, &note_contract, frame->contract, 1, &layout) != 0 ||
        frame->kind != OV_TELL)
        return;
    REQUIRE(frame->body.len >= sizeof copy);
    memcpy(&copy, jot, sizeof copy);
    if (copy.line.off != 0)
        REQUIRE(strnlen((const char *)&jot->line + copy.line.off, copy.line.len + 1) <=
                copy.line.len);
}

static void write_again(const struct ov_frame *frame, enum ov_plane plane)
{
    struct ov_frame back;
    uint32_t size, again;
    uint8_t *buf = malloc((size_t)(end - begin) + 1), *copy;
    /* What was not known is left out, so it gets no longer. */
    REQUIRE(ov_frame_encode(frame, buf, (size_t)(end - begin), &size) == 0);
    REQUIRE(ov_frame_decode(buf, size, plane, &back) == OV_FAULT_NONE);
    REQUIRE(back.kind == frame->kind && back.has == frame->has && back.body.len == frame->body.len);
    copy = malloc(size);
    REQUIRE(ov_frame_encode(&back, copy, size, &again) == 0 && again == size);
    REQUIRE(memcmp(buf, copy, size) == 0);
    free(buf);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ov_frame frame;
    uint32_t whole;
    if (size < 1 + OV_FRAME_HEADER || size > OV_FRAME_MAX)
        return 0;
    enum ov_plane plane = data[0] % 2 == 0 ? OV_CONTROL : OV_DATA;
    uint32_t len = (uint32_t)size - 1;
    uint8_t *copy = malloc(len);
    memcpy(copy, data + 1, len);
    (void)ov_frame_size(copy, len, OV_FRAME_MAX, &whole);
    memcpy(copy, &len, sizeof len); /* so that sizes need not be guessed */
    begin = copy;
    end = copy + len;
    if (ov_frame_decode(copy, len, plane, &frame) == OV_FAULT_NONE && frame.kind != 0) {
#define CHECK_U8(name)
#define CHECK_U16(name)
#define CHECK_U32(name)
#define CHECK_U64(name)
#define CHECK_ID(name) REQUIRE(frame.name != 0 || (frame.has & OV_HAS(name)) == 0);
#define CHECK_BOOL(name)
#define CHECK_TEXT(name) within(frame.name);
#define CHECK_BYTES CHECK_TEXT
#define CHECK_SESSION CHECK_TEXT
#define CHECK(name, tag, type, max) CHECK_##type(name)
        OV_FIELDS(CHECK)
        within(frame.body);
        touch(&frame);
        write_again(&frame, plane);
    } else {
        REQUIRE(frame.has == 0 && frame.body.ptr == NULL);
    }
    free(copy);
    return 0;
}
