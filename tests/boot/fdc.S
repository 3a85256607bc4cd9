/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A firmware of 64 KiB that reads two sectors of a floppy disk by DMA, changes a word and writes them
 * to another place, halting until the controller's interrupt each time. It ends with 1 at
 * isa-debug-exit, or with a number that says where it failed.
 *
 * Documents: Intel 82078, 8237A and 8259A, and the PC's wiring of them.
 */
#define PIC1_CMD    0x20
#define PIC1_DATA   0x21
#define DMA_ADDR2   0x04
#define DMA_COUNT2  0x05
#define DMA_MASK    0x0a
#define DMA_MODE    0x0b
#define DMA_CLEAR   0x0c
#define DMA_PAGE2   0x81
#define DEBUG_EXIT  0xf4
#define DOR         0x3f2
#define MSR         0x3f4
#define FIFO        0x3f5

#define BUFFER      0x7c00
#define IRQ6_VECTOR (0x0e * 4)
#define HAPPENED    0x0500          /* set by the interrupt */

    .code16
    .text
    .globl  _start
_start:
    cli
    cld
    xor     %ax, %ax
    mov     %ax, %ds
    mov     %ax, %es
    mov     %ax, %ss
    mov     $0x7000, %sp
    movw    $irq6, IRQ6_VECTOR
    movw    $0xf000, IRQ6_VECTOR + 2
    mov     $0x13, %al              /* edges, single, with ICW4 */
    out     %al, $PIC1_CMD
    mov     $0x08, %al
    out     %al, $PIC1_DATA
    mov     $0x01, %al
    out     %al, $PIC1_DATA
    mov     $0xbf, %al              /* the floppy controller alone */
    out     %al, $PIC1_DATA

    mov     $DOR, %dx               /* reset: four drives have something to say */
    movb    $0, HAPPENED
    mov     $0x08, %al
    out     %al, (%dx)
    mov     $0x1c, %al
    out     %al, (%dx)
    call    wait_irq
    mov     $4, %cx
1:  mov     $0x08, %al
    call    send
    call    receive
    and     $0xfc, %al
    cmp     $0xc0, %al
    mov     $2, %bl
    jne     fail
    call    receive
    loop    1b

    movb    $0, HAPPENED
    mov     $recalibrate, %si
    mov     $2, %cx
    call    send_all
    call    wait_irq
    mov     $0x08, %al
    call    send
    call    receive
    cmp     $0x20, %al
    mov     $3, %bl
    jne     fail
    call    receive

    mov     $0x46, %al              /* to memory */
    mov     $read, %si
    call    transfer
    cmpw    $41, BUFFER             /* each word of a sector is its number */
    mov     $4, %bl
    jne     fail
    cmpw    $42, BUFFER + 0x3fe
    jne     fail
    movw    $0xbeef, BUFFER + 0x200
    mov     $0x4a, %al
    mov     $write, %si
    call    transfer
    mov     $1, %bl
fail:
    mov     %bl, %al
    out     %al, $DEBUG_EXIT
2:  hlt
    jmp     2b

/* A command of nine bytes at %si, with the DMA mode in %al. */
transfer:
    push    %ax
    mov     $0x06, %al
    out     %al, $DMA_MASK
    out     %al, $DMA_CLEAR
    pop     %ax
    out     %al, $DMA_MODE
    mov     $BUFFER & 0xff, %al
    out     %al, $DMA_ADDR2
    mov     $BUFFER >> 8, %al
    out     %al, $DMA_ADDR2
    xor     %al, %al
    out     %al, $DMA_PAGE2
    mov     $0xff, %al              /* 400h bytes */
    out     %al, $DMA_COUNT2
    mov     $0x03, %al
    out     %al, $DMA_COUNT2
    mov     $0x02, %al
    out     %al, $DMA_MASK
    movb    $0, HAPPENED
    mov     $9, %cx
    call    send_all
    call    wait_irq
    call    receive                 /* ST0 */
    test    $0xc0, %al
    mov     $5, %bl
    jnz     fail
    mov     $6, %cx
3:  call    receive
    loop    3b
    ret

send_all:
    mov     %cs:(%si), %al
    inc     %si
    call    send
    loop    send_all
    ret

send:
    push    %ax
    mov     $MSR, %dx
4:  in      (%dx), %al
    and     $0xc0, %al
    cmp     $0x80, %al
    jne     4b
    pop     %ax
    inc     %dx
    out     %al, (%dx)
    ret

receive:
    mov     $MSR, %dx
5:  in      (%dx), %al
    and     $0xc0, %al
    cmp     $0xc0, %al
    jne     5b
    inc     %dx
    in      (%dx), %al
    ret

wait_irq:
    cli
    cmpb    $0, HAPPENED
    jne     6f
    sti
    hlt
    jmp     wait_irq
6:  ret

irq6:
    push    %ax
    movb    $1, HAPPENED
    mov     $0x20, %al
    out     %al, $PIC1_CMD
    pop     %ax
    iret

recalibrate:
    .byte   0x07, 0
read:                               /* cylinder 1, head 0, sectors 6 and 7: numbers 41 and 42 */
    .byte   0xe6, 0, 1, 0, 6, 2, 18, 0x1b, 0xff
write:                              /* cylinder 79, head 1, sectors 1 and 2 */
    .byte   0xc5, 4, 79, 1, 1, 2, 18, 0x1b, 0xff

    .org    0xfff0
    ljmp    $0xf000, $_start
    .org    0x10000
