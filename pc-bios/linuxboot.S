/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Option ROM that boots the Linux kernel of -kernel: copies setup code, kernel, command line and
 * initial RAM disk from fw_cfg to where the host says, and enters the setup code in real mode.
 *
 * Document: The Linux/x86 Boot Protocol (Documentation/arch/x86/boot.rst in Linux), "Running the
 * kernel".
 */
#include "rom.inc"

product:
    .asciz  "Linux kernel"

#include "fwcfg.inc"

items:
    .byte   FW_CFG_SETUP_ADDR, FW_CFG_SETUP_SIZE, FW_CFG_SETUP_DATA
    .byte   FW_CFG_CMDLINE_ADDR, FW_CFG_CMDLINE_SIZE, FW_CFG_CMDLINE_DATA
    .byte   FW_CFG_KERNEL_ADDR, FW_CFG_KERNEL_SIZE, FW_CFG_KERNEL_DATA
    .byte   FW_CFG_INITRD_ADDR, FW_CFG_INITRD_SIZE, FW_CFG_INITRD_DATA
items_end:

boot:
    cld
    mov     $items, %si
1:  call    fw_cfg_load
    jc      fail
    add     $3, %si
    cmp     $items_end, %si
    jb      1b

    /* The stack grows down from the command line, which is within 64 KiB of the setup code. */
    mov     $FW_CFG_SETUP_ADDR, %ax
    call    fw_cfg_read_u32
    mov     %eax, %ebx
    mov     $FW_CFG_CMDLINE_ADDR, %ax
    call    fw_cfg_read_u32
    sub     %ebx, %eax
    sub     $16, %eax
    and     $~3, %ax
    shr     $4, %ebx
    cli
    mov     %bx, %ss
    mov     %ax, %sp
    mov     %bx, %ds
    mov     %bx, %es
    mov     %bx, %fs
    mov     %bx, %gs
    add     $0x20, %bx              /* past the boot sector */
    push    %bx
    push    $0
    lret

fail:
    lret                            /* firmware tries the next device */
