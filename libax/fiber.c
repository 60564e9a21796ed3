/* SPDX-License-Identifier: MIT */
#include "libax/fiber.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif
#ifdef WITH_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#define PAGE FIBER_PAGE
#define COLOURS 32u
#define COLOUR_STEP 128u

void fiber_jump(struct fiber *from, struct fiber *to);

/* What was on a stack that is begun anew never returned, and left its marks. */
static void unmark(const struct fiber *fiber)
{
#ifdef WITH_ASAN
    ASAN_UNPOISON_MEMORY_REGION(fiber->stack, fiber->size);
#else
    (void)fiber;
#endif
}

#if defined(__x86_64__)
__asm__(".text\n"
        ".p2align 4\n"
        ".globl fiber_jump\n"
        ".hidden fiber_jump\n"
        ".type fiber_jump,@function\n"
        "fiber_jump:\n"
        "    push %rbp\n"
        "    push %rbx\n"
        "    push %r12\n"
        "    push %r13\n"
        "    push %r14\n"
        "    push %r15\n"
        "    mov %rsp, (%rdi)\n"
        "    mov (%rsi), %rsp\n"
        "    pop %r15\n"
        "    pop %r14\n"
        "    pop %r13\n"
        "    pop %r12\n"
        "    pop %rbx\n"
        "    pop %rbp\n"
        "    pop %rcx\n"
        "    jmp *%rcx\n"
        ".size fiber_jump, . - fiber_jump\n");

void fiber_prepare(struct fiber *fiber, void (*entry)(void))
{
    unmark(fiber);
    uint64_t *sp = (uint64_t *)(void *)(fiber->stack + fiber->size);
    *--sp = 0; /* the ABI wants rsp = 8 mod 16 at entry */
    *--sp = (uint64_t)(uintptr_t)entry;
    for (int i = 0; i < 6; i++)
        *--sp = 0;
    fiber->sp = sp;
}
#elif defined(__aarch64__)
__asm__(".text\n"
        ".p2align 4\n"
        ".globl fiber_jump\n"
        ".hidden fiber_jump\n"
        ".type fiber_jump,%function\n"
        "fiber_jump:\n"
        "    sub sp, sp, #160\n"
        "    stp x19, x20, [sp]\n"
        "    stp x21, x22, [sp, #16]\n"
        "    stp x23, x24, [sp, #32]\n"
        "    stp x25, x26, [sp, #48]\n"
        "    stp x27, x28, [sp, #64]\n"
        "    stp x29, x30, [sp, #80]\n"
        "    stp d8, d9, [sp, #96]\n"
        "    stp d10, d11, [sp, #112]\n"
        "    stp d12, d13, [sp, #128]\n"
        "    stp d14, d15, [sp, #144]\n"
        "    mov x9, sp\n"
        "    str x9, [x0]\n"
        "    ldr x9, [x1]\n"
        "    mov sp, x9\n"
        "    ldp x19, x20, [sp]\n"
        "    ldp x21, x22, [sp, #16]\n"
        "    ldp x23, x24, [sp, #32]\n"
        "    ldp x25, x26, [sp, #48]\n"
        "    ldp x27, x28, [sp, #64]\n"
        "    ldp x29, x30, [sp, #80]\n"
        "    ldp d8, d9, [sp, #96]\n"
        "    ldp d10, d11, [sp, #112]\n"
        "    ldp d12, d13, [sp, #128]\n"
        "    ldp d14, d15, [sp, #144]\n"
        "    add sp, sp, #160\n"
        "    ret\n"
        ".size fiber_jump, . - fiber_jump\n");

void fiber_prepare(struct fiber *fiber, void (*entry)(void))
{
    unmark(fiber);
    uint64_t *sp = (uint64_t *)(void *)(fiber->stack + fiber->size) - 20;
    memset(sp, 0, 160);
    sp[11] = (uint64_t)(uintptr_t)entry;
    fiber->sp = sp;
}
#else
#error "ax runs on x86-64 and aarch64"
#endif

int fiber_init_at(struct fiber *fiber, void *at, uint32_t number)
{
    uint8_t *got = mmap(at, FIBER_SPACE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE |
                            (at != NULL ? MAP_FIXED_NOREPLACE : 0),
                        -1, 0);
    if (got == MAP_FAILED)
        return -errno;
    if (mprotect(got, PAGE, PROT_NONE) != 0) {
        int error = -errno;
        munmap(got, FIBER_SPACE);
        return error;
    }
    memset(fiber, 0, sizeof *fiber);
    fiber->stack = got + PAGE;
    fiber->size = FIBER_STACK - (size_t)(number * 5 % COLOURS) * COLOUR_STEP;
    return 0;
}

int fiber_init(struct fiber *fiber)
{
    static uint32_t number;
    return fiber_init_at(fiber, NULL, number++);
}

void fiber_deinit(struct fiber *fiber)
{
    if (fiber->stack != NULL)
        munmap(fiber->stack - PAGE, FIBER_SPACE);
    fiber->stack = NULL;
}

#ifdef WITH_ASAN
void fiber_switch(struct fiber *from, struct fiber *to)
{
    __sanitizer_start_switch_fiber(&from->asan, to->stack, to->size);
    fiber_jump(from, to);
    fiber_arrived(from);
}

void fiber_arrived(struct fiber *fiber)
{
    __sanitizer_finish_switch_fiber(fiber->asan, NULL, NULL);
    fiber->asan = NULL;
}
#else
void fiber_switch(struct fiber *from, struct fiber *to)
{
    fiber_jump(from, to);
}

void fiber_arrived(struct fiber *fiber)
{
    (void)fiber;
}
#endif
