/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ways in and out of netboot.c: from a multiboot loader, and to real mode.
 */
#define MAGIC 0x1badb002
#define FLAGS 0x00000000
#define STACK_SIZE 4096

#define REAL_CODE 0x8000            /* where the way out runs: below 64 KiB */
#define KERNEL_SEGMENT 0x9000
#define KERNEL_STACK 0xe000
#define SELECTOR_CODE16 0x08
#define SELECTOR_DATA16 0x10

    .text
    .code32
    .balign 4
    .long   MAGIC, FLAGS, -(MAGIC + FLAGS)

    .globl  _start
_start:
    mov     $stack_end, %esp
    cld
    call    netboot
1:  cli
    hlt
    jmp     1b

/* Start the Linux kernel whose setup code is at 9000:0. */
    .globl  enter_kernel
enter_kernel:
    cli
    mov     $real_start, %esi
    mov     $REAL_CODE, %edi
    mov     $real_end - real_start, %ecx
    rep movsb
    lgdt    gdt_pointer
    lidt    ivt_pointer
    ljmp    $SELECTOR_CODE16, $REAL_CODE

    .code16
real_start:
    mov     $SELECTOR_DATA16, %ax
    mov     %ax, %ds
    mov     %ax, %es
    mov     %ax, %fs
    mov     %ax, %gs
    mov     %ax, %ss
    mov     %cr0, %eax
    and     $~1, %al
    mov     %eax, %cr0
    ljmp    $0, $REAL_CODE + 1f - real_start
1:  mov     $KERNEL_SEGMENT, %ax
    mov     %ax, %ds
    mov     %ax, %es
    mov     %ax, %fs
    mov     %ax, %gs
    mov     %ax, %ss
    mov     $KERNEL_STACK, %sp
    ljmp    $KERNEL_SEGMENT + 0x20, $0
real_end:

    .balign 8
gdt:
    .quad   0
    .quad   0x00009a000000ffff
    .quad   0x000092000000ffff
gdt_pointer:
    .word   . - gdt - 1
    .long   gdt
ivt_pointer:
    .word   0x3ff
    .long   0

    .bss
    .balign 16
    .skip   STACK_SIZE
stack_end:
