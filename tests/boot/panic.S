/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A firmware of 64 KiB that reports its crash at the pvpanic port and goes on: it counts at 0600.
 */
#define PVPANIC 0x505
#define COUNTER 0x600

    .code16
    .text
    .globl  _start
_start:
    cli
    xor     %ax, %ax
    mov     %ax, %ds
    movw    $0, COUNTER
    mov     $PVPANIC, %dx
    mov     $1, %al
    out     %al, (%dx)
1:  incw    COUNTER
    jmp     1b

    .org    0xfff0
    ljmp    $0xf000, $_start
    .org    0x10000
