/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupts from eventfds: a doorbell of pc-testdev that raises a line, seen in the interrupt
 * controller, with no interrupt taken.
 *
 *     ... -device pc-testdev,irqfd=10[,irqfd-level=on] -kernel irqfd.elf [-append level]
 *
 * Rings MANY times. Nothing of that leaves the guest where doorbell, line and controller are in the
 * kernel. With "level" the line is level-triggered; then the cause is made to persist, and the
 * interrupt must come again after its end, until it does not.
 *
 * Document: 8259A data sheet, OCW2 and OCW3 (reading IRR, poll).
 */
#include "kernel.inc"

#define MANY 2000
#define PATIENCE 3000000            /* looks at the controller, until something is wrong */

#define PIC1_DATA 0x21
#define PIC2 0xa0
#define PIC2_DATA 0xa1
#define PIC2_ELCR 0x4d1
#define PIC_EOI 0x20
#define PIC_READ_IRR 0x0a
#define PIC_POLL 0x0c
#define CASCADE 0x04                /* of the first controller */
#define LINE 10
#define LINE_BIT (1 << (LINE - 8))
#define POLL_ANSWER (0x80 | (LINE - 8))

#define DOORBELL 0xec
#define PERSISTS 0xed

/* Calls what sets ZF when all is well; else says what was expected. */
.macro must what, text
    call    \what
    .section .rodata
9:  .asciz  "expected \text\n"
    .text
    mov     $9b, %esi
    jne     bad
.endm

main:
    mov     $~CASCADE, %al
    out     %al, $PIC1_DATA
    mov     $~LINE_BIT, %al
    out     %al, $PIC2_DATA
    mov     $PIC2_ELCR, %dx
    in      %dx, %al
    and     $~LINE_BIT, %al
    cmpb    $0, wants_level
    je      1f
    or      $LINE_BIT, %al
1:  out     %al, %dx

    must    quiet, "a line that is quiet"
    mov     $MANY, %ebp
2:  call    ring
    must    wait_high, "an interrupt after the ring"
    must    take, "to take it"
    must    wait_low, "the line to fall"
    dec     %ebp
    jnz     2b

    cmpb    $0, wants_level
    je      good
    mov     $1, %al
    out     %al, $PERSISTS
    call    ring
    mov     $100, %ebp
3:  must    wait_high, "it to come again"
    must    take, "to take it again"
    dec     %ebp
    jnz     3b
    must    wait_high, "the one that is under way"
    mov     $0, %al
    out     %al, $PERSISTS
    must    take, "to take the last one"
    must    wait_low, "the line to fall at last"
    must    quiet, "quiet at the end"
good:
    xor     %eax, %eax
    jmp     1f
bad:
    call    put_string
    mov     $1, %eax
1:  mov     $text_name, %esi
    jmp     end

ring:
    out     %al, $DOORBELL
    ret

/* IRR's bit of the line: in ZF, inverted. */
pending:
    mov     $PIC_READ_IRR, %al
    out     %al, $PIC2
    in      $PIC2, %al
    test    $LINE_BIT, %al
    ret

/* ZF: it came. */
wait_high:
    mov     $PATIENCE, %ecx
1:  call    pending
    jnz     2f
    loop    1b
    or      $1, %al
    ret
2:  xor     %eax, %eax
    ret

/* ZF: it went. */
wait_low:
    mov     $PATIENCE, %ecx
1:  call    pending
    jz      2f
    loop    1b
2:  ret

/* ZF: it does not come, for a while. */
quiet:
    mov     $1000, %ecx
1:  call    pending
    jnz     2f
    loop    1b
    xor     %eax, %eax
2:  ret

/* Acknowledge by a poll, and end; ZF: it was ours. A controller may end it with the poll. */
take:
    mov     $PIC_POLL, %al
    out     %al, $PIC2
    in      $PIC2, %al
    mov     %al, %ah
    mov     $PIC_EOI, %al
    out     %al, $PIC2
    cmp     $POLL_ANSWER, %ah
    ret

    .section .rodata
text_name:      .asciz  "irqfd"
