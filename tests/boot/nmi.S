/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A firmware of 64 KiB that lets the IB700 watchdog expire at once, twice, and halts each time until
 * the NMI comes. It ends with 2 + the vector's number of visits at isa-debug-exit, which is 4.
 */
#define WDT_ENABLE  0x443
#define WDT_NO_TIME 0x0f
#define DEBUG_EXIT  0xf4
#define NMI_VECTOR  (2 * 4)

    .code16
    .text
    .globl  _start
_start:
    cli
    xor     %ax, %ax
    mov     %ax, %ds
    mov     %ax, %ss
    mov     $0x7c00, %sp
    movw    $nmi, NMI_VECTOR
    movw    $0xf000, NMI_VECTOR + 2
    xor     %bx, %bx
    mov     $2, %cx
1:  mov     $WDT_ENABLE, %dx
    mov     $WDT_NO_TIME, %al
    mov     %bl, %bh
    out     %al, (%dx)
2:  cmp     %bl, %bh                /* it may have come before the halt */
    jne     3f
    hlt
    jmp     2b
3:  loop    1b
    mov     %bl, %al
    add     $2, %al
    out     %al, $DEBUG_EXIT
4:  hlt
    jmp     4b

nmi:
    inc     %bl
    iret

    .org    0xfff0
    ljmp    $0xf000, $_start
    .org    0x10000
