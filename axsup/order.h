/* SPDX-License-Identifier: MIT */
/* order.h - what a template is told to fork: packed before it is needed. */
#ifndef SUP_ORDER_H
#define SUP_ORDER_H

struct sup_slot;

/* Names the slot's configured actors and packs its first order. 0, -ENOMEM, AX_E_LIMIT. */
int sup_order_init(struct sup_slot *slot);
void sup_order_deinit(struct sup_slot *slot);
/* Packs the order of incarnation slot->incarnation + 1. 0 or -ENOMEM. */
int sup_order_pack(struct sup_slot *slot);
/* It is used, or no longer true. */
void sup_order_drop(struct sup_slot *slot);

#endif
