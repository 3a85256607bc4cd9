/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Instructions in real mode: a line for each case, "PASS: name" or "FAIL: name".
 *
 *     lignite -no-reboot -nodefaults -display none -serial stdio -device pc-testdev
 *         -device isa-debug-exit,iobase=0xf4,iosize=4 -kernel realmode.elf
 *
 * Document: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, and volume 3
 * chapter "8086 emulation". Flags that an instruction leaves undefined are not looked at.
 *
 * Left out: FPU and vector instructions. Only with the word "all" on the kernel's command line: what
 * Linux' KVM does not emulate, where it has to emulate every instruction; it stops the CPU.
 */
#include "kernel.inc"

#define CF 0x0001
#define PF 0x0004
#define AF 0x0010
#define ZF 0x0040
#define SF 0x0080
#define IF 0x0200
#define DF 0x0400
#define OF 0x0800
#define ALL (CF | PF | AF | ZF | SF | OF)

    .set    REAL_STACK, 0x7c00
#define VECTOR_TEST 0x60            /* an interrupt that nobody uses */
#define BIOS_TICKS 0x46c
#define TESTDEV_REG 0xe0            /* of pc-testdev: four bytes that hold what is written */
#define TESTDEV_BYTES 0xe8          /* the same, a byte at a time */

/* --------------------------------------------------------------------------- to real mode -- */

main:
    mov     $real_image, %esi
    mov     $real_start, %edi
    mov     $real_end, %ecx
    sub     %edi, %ecx
    rep movsb
    mov     wants_all, %al
    xor     $1, %al
    mov     %al, skips
    lgdt    gdtr
    ljmp    $0x08, $segments_16

    .section .rodata
    .balign 8
gdt:
    .quad   0
    .quad   0x00009b000000ffff      /* 08: code, 16 bits, 64 KiB from 0 */
    .quad   0x000093000000ffff      /* 10: data, the same */
gdt_end:
gdtr:
    .word   gdt_end - gdt - 1
    .long   gdt

    .section .real.text, "ax"
    .code16
segments_16:
    mov     $0x10, %ax
    mov     %ax, %ds
    mov     %ax, %es
    mov     %ax, %fs
    mov     %ax, %gs
    mov     %ax, %ss
    lidt    real_idtr
    mov     %cr0, %eax
    and     $~1, %al
    mov     %eax, %cr0
    ljmp    $0, $real

    .section .real.data, "aw"
real_idtr:
    .word   0x3ff
    .long   0

/* ------------------------------------------------------------------------- running a case -- */

    .section .real.text, "ax"
real:
    movw    $real_rows, row
next:
    xor     %ax, %ax
    mov     %ax, %ds
    mov     %ax, %es
    mov     %ax, %fs
    mov     %ax, %gs
    mov     %ax, %ss
    mov     $REAL_STACK, %sp
    pushl   $2                      /* no interrupts, no flag set */
    popfl
    xor     %eax, %eax
    xor     %ebx, %ebx
    xor     %ecx, %ecx
    xor     %edx, %edx
    xor     %esi, %esi
    xor     %edi, %edi
    xor     %ebp, %ebp
    mov     row, %bx
    cmp     $real_rows_end, %bx
    je      finished
    addw    $6, row
    push    (%bx)
    push    2(%bx)
    pop     name
    mov     4(%bx), %bl
    test    skips, %bl
    jnz     next
    xor     %bx, %bx
    ret

/* Whatever a case did to segments and stack. */
fail:
    xor     %ax, %ax
    mov     %ax, %ds
    incw    failed
    mov     $text_fail, %si
    jmp     report
pass:
    xor     %ax, %ax
    mov     %ax, %ds
    mov     $text_pass, %si
report:
    mov     %ax, %ss
    mov     $REAL_STACK, %sp
    cli
    cld
    incw    cases
    call    put_string_16
    mov     name, %si
    call    put_string_16
    mov     $text_line, %si
    call    put_string_16
    jmp     next

finished:
    mov     $text_summary, %si
    call    put_string_16
    cmpw    $0, failed
    setne   %al
    mov     $text_all, %si
    je      1f
    mov     $text_some, %si
1:  call    put_string_16
    out     %al, $DEBUG_EXIT
2:  hlt
    jmp     2b

/* %si; keeps %al. */
put_string_16:
    mov     %al, %bl
1:  lodsb
    test    %al, %al
    jz      3f
    mov     %al, %ah
    mov     $UART_LSR, %dx
2:  in      %dx, %al
    test    $UART_LSR_THRE, %al
    jz      2b
    mov     %ah, %al
    mov     $COM1, %dx
    out     %al, %dx
    jmp     1b
3:  mov     %bl, %al
    ret

    .section .real.data, "aw"
row:            .word   0
name:           .word   0
cases:          .word   0
failed:         .word   0
skips:          .byte   0           /* those marked with 1 */
text_pass:      .asciz  "PASS: "
text_fail:      .asciz  "FAIL: "
text_line:      .asciz  "\n"
text_summary:   .asciz  "realmode: "
text_all:       .asciz  "done\n"
text_some:      .asciz  "failed\n"

/* A case is what follows, up to the next; it passes at its end. 1: only if all are wanted. */
.macro case name, extra=0
    .section .real.text, "ax"
    jmp     pass
.Lcase\@:
    .section .real.data, "aw"
.Lname\@:
    .asciz  "\name"
    .section .real.rows, "a"
    .word   .Lcase\@, .Lname\@, \extra
    .section .real.text, "ax"
.endm

/* In AT&T's order: the value, then what must have it. */
.macro want value, what
    cmp     \value, \what
    jne     fail
.endm

/* For memory, of that size. */
.macro wantb value, what
    cmpb    \value, \what
    jne     fail
.endm
.macro wantw value, what
    cmpw    \value, \what
    jne     fail
.endm
.macro wantl value, what
    cmpl    \value, \what
    jne     fail
.endm

/* Takes %dx. */
.macro flags mask, value
    pushf
    pop     %dx
    and     $(\mask), %dx
    cmp     $(\value), %dx
    jne     fail
.endm

/* The handler of an interrupt. */
.macro vector number, handler
    movw    $\handler, \number * 4
    movw    $0, \number * 4 + 2
.endm

    .section .real.data, "aw"
    .balign 16
buffer:         .skip   64
source:         .ascii  "abcdefghijklmnop"
copy:           .skip   16
pointer:        .word   0x1234, 0x5678
pointer_32:     .long   0x1234
                .word   0x5678
long_value:     .long   0x89abcdef
                .section .real.text, "ax"

#include "realmode-cases.inc"

    jmp     pass
