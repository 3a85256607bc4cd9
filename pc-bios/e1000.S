/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small driver for the e1000, as a multiboot kernel for tests: it polls, and needs neither
 * interrupts nor a stack of protocols. It says on the first serial port what it did, and ends the
 * process through isa-debug-exit at F4h, with 21h (status 67) if all went well.
 *
 * Behind "-- " on its command line:
 *
 *     a number   so many frames are sent, and must come back one by one, in order
 *     peer       they come back from the other end of the cable, else by the loopback of the PHY
 *     io         registers are reached by IOADDR and IODATA, else by memory
 *     poll       nothing is sent: once set up, the driver looks at memory alone until a frame comes
 *
 * Document: Intel 317453, chapters 3, 13 and 14.
 */
#define MAGIC 0x1badb002
#define FLAGS 0x00000000
#define MBI_CMDLINE 16

#define DEBUG_EXIT 0xf4
#define EXIT_GOOD 0x21
#define EXIT_BAD 0x22

#define PCI_ADDRESS 0xcf8
#define PCI_DATA 0xcfc
#define PCI_COMMAND 0x04
#define PCI_BAR0 0x10
#define PCI_BAR1 0x14
#define PCI_COMMAND_ALL 0x07        /* ports, memory, bus master */

#define CTRL 0x0000
#define STATUS 0x0008
#define MDIC 0x0020
#define FCAL 0x0028
#define FCAH 0x002c
#define FCT 0x0030
#define RCTL 0x0100
#define FCTTV 0x0170
#define TCTL 0x0400
#define TIPG 0x0410
#define RDBAL 0x2800
#define RDBAH 0x2804
#define RDLEN 0x2808
#define RDH 0x2810
#define RDT 0x2818
#define TDBAL 0x3800
#define TDBAH 0x3804
#define TDLEN 0x3808
#define TDH 0x3810
#define TDT 0x3818
#define RAL0 0x5400
#define RAH0 0x5404
#define CTRL_SLU 0x00000040
#define CTRL_RST 0x04000000
#define STATUS_LU 0x02
#define MDIC_LOOPBACK 0x04204140    /* write PCTRL of PHY 1: loopback, duplex, 1000 Mb/s */
#define RCTL_EN 0x02
#define RCTL_BAM 0x8000
#define RCTL_SECRC 0x04000000
#define TCTL_EN_PSP 0x0a
#define TIPG_COPPER 0x00602008
#define TX_EOP_IFCS_RS 0x0b000000
#define DD 1

#define RING 64                     /* descriptors */
#define DESC_SHIFT 4
#define BUFFER_SHIFT 11
#define FRAME_MIN 60
#define FRAME_SPREAD 0x3ff
#define NUMBER_OFFSET 14            /* in a frame */

    .text
    .code32
    .balign 4
    .long   MAGIC, FLAGS, -(MAGIC + FLAGS)

    .globl  _start
_start:
    mov     $stack_end, %esp
    cld
    mov     MBI_CMDLINE(%ebx), %esi
    call    parse
    call    find_card
    call    set_up
    mov     $text_start, %esi
    call    put_string
    cmpb    $0, is_poll
    jne     poll
    call    run
    mov     $text_end, %esi
    call    put_string
    call    show_statistics
    mov     $EXIT_GOOD, %al
    jmp     end

poll:
    mov     $rx_ring, %edi
1:  testb   $DD, 12(%edi)
    jz      1b
    mov     $text_got, %esi
    call    put_string
    movzwl  8(%edi), %eax
    call    put_line_hex
    mov     $EXIT_GOOD, %al
    jmp     end

bad:
    call    put_string
    mov     $EXIT_BAD, %al
end:
    mov     $DEBUG_EXIT, %dx
    out     %al, %dx
1:  hlt
    jmp     1b

/* ---------------------------------------------------------------------------- command line -- */

/* %esi: the command line. */
parse:
1:  mov     (%esi), %al
    test    %al, %al
    jz      5f
    cmpl    $0x202d2d20, (%esi)     /* " -- " */
    je      2f
    inc     %esi
    jmp     1b
2:  add     $4, %esi
3:  mov     (%esi), %al
    test    %al, %al
    jz      5f
    cmpw    $0x6f69, (%esi)         /* "io" */
    jne     4f
    movl    $io_write, reg_write
    movl    $io_read, reg_read
    add     $2, %esi
    jmp     3b
4:  cmpl    $0x72656570, (%esi)     /* "peer" */
    jne     6f
    movb    $0, is_loopback
    add     $4, %esi
    jmp     3b
6:  cmpl    $0x6c6c6f70, (%esi)     /* "poll" */
    jne     7f
    movb    $1, is_poll
    movb    $0, is_loopback
    add     $4, %esi
    jmp     3b
7:  movzbl  %al, %eax
    inc     %esi
    sub     $'0', %eax
    cmp     $9, %eax
    ja      3b
    imul    $10, frames, %ecx
    add     %ecx, %eax
    mov     %eax, frames
    jmp     3b
5:  ret

/* ------------------------------------------------------------------------------------- PCI -- */

/* %eax: address of a configuration register, with bit 31. Returns %eax; keeps the others. */
config_read:
    push    %edx
    mov     $PCI_ADDRESS, %dx
    out     %eax, %dx
    mov     $PCI_DATA, %dx
    in      %dx, %eax
    pop     %edx
    ret

/* The first e1000 of bus 0. */
find_card:
    mov     $0x80000000, %ebx
1:  mov     %ebx, %eax
    call    config_read
    cmp     $0x100e8086, %eax
    je      2f
    cmp     $0x10088086, %eax
    je      2f
    cmp     $0x100f8086, %eax
    je      2f
    add     $0x100, %ebx
    cmp     $0x80010000, %ebx
    jb      1b
    mov     $text_none, %esi
    jmp     bad
2:  lea     PCI_BAR0(%ebx), %eax
    call    config_read
    and     $~15, %eax
    mov     %eax, bar_mem
    lea     PCI_BAR1(%ebx), %eax
    call    config_read
    and     $~3, %eax
    mov     %eax, bar_io
    lea     PCI_COMMAND(%ebx), %eax
    mov     $PCI_ADDRESS, %dx
    out     %eax, %dx
    mov     $PCI_DATA, %dx
    mov     $PCI_COMMAND_ALL, %ax
    out     %ax, %dx
    ret

/* ------------------------------------------------------------------------------- registers -- */

/* %ecx: register, %eax: value. These keep all other registers but %edx. */
mem_write:
    mov     bar_mem, %edx
    mov     %eax, (%edx,%ecx)
    ret

mem_read:
    mov     bar_mem, %edx
    mov     (%edx,%ecx), %eax
    ret

io_write:
    mov     bar_io, %edx
    xchg    %eax, %ecx
    out     %eax, %dx
    xchg    %eax, %ecx
    add     $4, %edx
    out     %eax, %dx
    ret

io_read:
    mov     bar_io, %edx
    mov     %ecx, %eax
    out     %eax, %dx
    add     $4, %edx
    in      %dx, %eax
    ret

/* %esi: pairs of register and value, to a register of -1. */
write_table:
1:  lodsl
    cmp     $-1, %eax
    je      2f
    mov     %eax, %ecx
    lodsl
    call    *reg_write
    jmp     1b
2:  ret

/* ------------------------------------------------------------------------------- setting up -- */

set_up:
    mov     $table_reset, %esi
    call    write_table
    mov     $MDIC, %ecx
    mov     $MDIC_LOOPBACK, %eax
    cmpb    $0, is_loopback
    jne     5f
    mov     $0x1000000, %edi        /* looks; the link may take half a second */
1:  mov     $STATUS, %ecx
    call    *reg_read
    test    $STATUS_LU, %al
    jnz     2f
    dec     %edi
    jnz     1b
    mov     $text_no_link, %esi
    jmp     bad
5:  call    *reg_write

    /* Frames for the card itself; each buffer of the ring has one. */
2:  mov     $RAL0, %ecx
    call    *reg_read
    mov     %eax, %ebx
    mov     $RAH0, %ecx
    call    *reg_read
    mov     $tx_buffers, %edi
    mov     $tx_ring, %esi
    mov     $RING, %ebp
3:  mov     %ebx, (%edi)
    mov     %ax, 4(%edi)
    mov     %ebx, 6(%edi)
    mov     %ax, 10(%edi)
    movw    $0xb588, 12(%edi)       /* for experiments: 88B5h */
    mov     %edi, (%esi)
    movl    $0, 4(%esi)
    add     $1 << BUFFER_SHIFT, %edi
    add     $1 << DESC_SHIFT, %esi
    dec     %ebp
    jnz     3b

    mov     $rx_buffers, %edi
    mov     $rx_ring, %esi
    mov     $RING, %ebp
4:  mov     %edi, (%esi)
    movl    $0, 4(%esi)
    movl    $0, 12(%esi)
    add     $1 << BUFFER_SHIFT, %edi
    add     $1 << DESC_SHIFT, %esi
    dec     %ebp
    jnz     4b
    mov     $table_rings, %esi
    call    write_table
    mov     $RING - 1, %eax         /* with this write all is set up */
    mov     $RDT, %ecx
    jmp     *reg_write

/* ----------------------------------------------------------------------------------- frames -- */

/*
 * Send a frame, wait for it, look at it, and give its buffer back. %ebp: its number; %ebx: its
 * place in both rings.
 */
run:
    xor     %ebp, %ebp
    xor     %ebx, %ebx
1:  cmp     frames, %ebp
    jae     5f
    mov     %ebx, %edi
    shl     $DESC_SHIFT, %edi
    mov     tx_ring(%edi), %esi
    mov     %ebp, NUMBER_OFFSET(%esi)
    imul    $37, %ebp, %eax         /* its length */
    and     $FRAME_SPREAD, %eax
    add     $FRAME_MIN, %eax
    add     %eax, bytes
    mov     %eax, %esi
    or      $TX_EOP_IFCS_RS, %eax
    mov     %eax, tx_ring + 8(%edi)
    movl    $0, tx_ring + 12(%edi)
    lea     1(%ebx), %eax
    and     $RING - 1, %eax
    mov     $TDT, %ecx
    call    *reg_write
2:  testb   $DD, rx_ring + 12(%edi)
    jz      2b
    cmp     %si, rx_ring + 8(%edi)
    jne     4f
    mov     rx_ring(%edi), %esi
    cmp     %ebp, NUMBER_OFFSET(%esi)
    jne     4f
    testb   $DD, tx_ring + 12(%edi)
    jz      4f
    movl    $0, rx_ring + 12(%edi)
    mov     %ebx, %eax
    mov     $RDT, %ecx
    call    *reg_write
    inc     %ebx
    and     $RING - 1, %ebx
    inc     %ebp
    jmp     1b
4:  mov     %ebp, %eax
    call    put_line_hex
    mov     $text_wrong, %esi
    jmp     bad
5:  ret

/* Every counter that counted, by its offset. */
show_statistics:
    mov     $text_bytes, %esi
    call    put_string
    mov     bytes, %eax
    call    put_line_hex
    mov     $0x4000, %ecx
1:  call    *reg_read
    test    %eax, %eax
    jz      2f
    mov     $text_counter, %esi
    call    put_string
    push    %eax
    mov     %ecx, %eax
    call    put_hex
    mov     $' ', %al
    call    put_char
    pop     %eax
    call    put_line_hex
2:  add     $4, %ecx
    cmp     $0x4100, %ecx
    jb      1b
    ret

#include "serial32.inc"

    .section .rodata
text_start:     .asciz  "e1000: start\n"
text_end:       .asciz  "e1000: end\n"
text_got:       .asciz  "e1000: got "
text_none:      .asciz  "e1000: no card\n"
text_no_link:   .asciz  "e1000: no link\n"
text_wrong:     .asciz  "e1000: wrong frame\n"
text_bytes:     .asciz  "bytes "
text_counter:   .asciz  "counter "

    .balign 4
table_reset:
    .long   CTRL, CTRL_RST
    .long   CTRL, CTRL_SLU
    .long   -1
table_rings:
    .long   FCAL, 0x00c28001
    .long   FCAH, 0x00000100
    .long   FCT, 0x00008808
    .long   FCTTV, 0
    .long   TDBAL, tx_ring
    .long   TDBAH, 0
    .long   TDLEN, RING << DESC_SHIFT
    .long   TDH, 0
    .long   TDT, 0
    .long   TIPG, TIPG_COPPER
    .long   TCTL, TCTL_EN_PSP
    .long   RDBAL, rx_ring
    .long   RDBAH, 0
    .long   RDLEN, RING << DESC_SHIFT
    .long   RDH, 0
    .long   RCTL, RCTL_EN | RCTL_BAM | RCTL_SECRC
    .long   -1

    .data
    .balign 4
reg_write:      .long   mem_write
reg_read:       .long   mem_read
frames:         .long   0
bytes:          .long   0
bar_mem:        .long   0
bar_io:         .long   0
is_poll:        .byte   0
is_loopback:    .byte   1

    .bss
    .balign 4096
tx_ring:        .skip   RING << DESC_SHIFT
rx_ring:        .skip   RING << DESC_SHIFT
    .balign 4096
tx_buffers:     .skip   RING << BUFFER_SHIFT
rx_buffers:     .skip   RING << BUFFER_SHIFT
    .skip   4096
stack_end:
