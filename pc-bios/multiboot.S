/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Option ROM that boots the multiboot kernel of -kernel: copies it, its modules and the boot
 * information that the host prepared from fw_cfg to memory, adds the memory map, and enters the
 * kernel in protected mode.
 *
 * Document: Multiboot Specification 0.6.96, 3.2 "Machine state" and 3.3 "Boot information format".
 *
 * Left out: VBE and APM information, drives.
 */
#include "rom.inc"

#define MBI_FLAGS 0
#define MBI_MEM_LOWER 4
#define MBI_MEM_UPPER 8
#define MBI_MMAP_LENGTH 44
#define MBI_MMAP_ADDR 48            /* set by the host: where there is room for MMAP_MAX entries */
#define MBI_FLAG_MEMORY 0x01
#define MBI_FLAG_MMAP 0x40

#define MMAP_MAX 64
#define MMAP_ENTRY_SIZE 24          /* with its size field, which does not count itself */

#define MULTIBOOT_MAGIC 0x2badb002
#define SMAP 0x534d4150

product:
    .asciz  "Multiboot kernel"

#include "fwcfg.inc"

items:
    .byte   FW_CFG_INITRD_ADDR, FW_CFG_INITRD_SIZE, FW_CFG_INITRD_DATA
    .byte   FW_CFG_KERNEL_ADDR, FW_CFG_KERNEL_SIZE, FW_CFG_KERNEL_DATA
items_end:

    .balign 8
gdt:
    /* Marked as accessed, so that loading them writes nothing to this ROM. */
    .quad   0
    .quad   0x00cf9b000000ffff      /* 08: code, 4 GiB from 0 */
    .quad   0x00cf93000000ffff      /* 10: data, 4 GiB from 0 */
gdt_end:

boot:
    cld
    mov     $items, %si
1:  call    fw_cfg_load
    jc      fail
    add     $3, %si
    cmp     $items_end, %si
    jb      1b

    /* %ds: the boot information, on a 16-byte boundary in low memory. */
    mov     $FW_CFG_INITRD_ADDR, %ax
    call    fw_cfg_read_u32
    mov     %eax, %ebp
    shr     $4, %eax
    mov     %ax, %ds

    call    memory_map
    int     $0x12                   /* KiB of low memory */
    movzwl  %ax, %eax
    mov     %eax, MBI_MEM_LOWER
    orl     $MBI_FLAG_MEMORY | MBI_FLAG_MMAP, MBI_FLAGS

    mov     $0x2401, %ax            /* A20 by the BIOS, or by the fast gate */
    int     $0x15
    jnc     2f
    in      $0x92, %al
    or      $2, %al
    and     $~1, %al
    out     %al, $0x92
2:
    mov     $FW_CFG_KERNEL_ENTRY, %ax
    call    fw_cfg_read_u32
    mov     %eax, %esi
    mov     %ebp, %ebx

    cli
    xor     %ecx, %ecx
    mov     %cs, %cx
    shl     $4, %ecx                /* where this ROM is */
    lea     gdt(%ecx), %eax
    pushl   %eax
    pushw   $gdt_end - gdt - 1
    mov     %sp, %di
    lgdtl   %ss:(%di)
    add     $6, %sp
    /* The stack as protected mode sees it. */
    xor     %edx, %edx
    mov     %ss, %dx
    shl     $4, %edx
    movzwl  %sp, %esp
    lea     protected(%ecx), %eax
    mov     %cr0, %edi
    or      $1, %di
    pushl   $0x08
    pushl   %eax
    mov     %edi, %cr0
    lretl

    .code32
protected:
    mov     $0x10, %eax
    mov     %eax, %ds
    mov     %eax, %es
    mov     %eax, %fs
    mov     %eax, %gs
    mov     %eax, %ss
    add     %edx, %esp
    mov     $MULTIBOOT_MAGIC, %eax
    jmp     *%esi

    .code16
/*
 * Ask the BIOS for the memory map and put it where the host left room; the size of memory from
 * 1 MiB on is that of the entry that starts there. %ds: boot information. Keeps %ebp and %ds.
 */
memory_map:
    push    %ebp
    movl    $0, MBI_MMAP_LENGTH
    movl    $0, MBI_MEM_UPPER
    mov     MBI_MMAP_ADDR, %eax
    mov     %ax, %di
    and     $15, %di
    shr     $4, %eax
    mov     %ax, %es
    xor     %ebx, %ebx
    mov     $MMAP_MAX, %bp
1:  mov     $0xe820, %eax
    mov     $SMAP, %edx
    mov     $20, %ecx
    movl    $20, %es:(%di)
    push    %bp
    push    %di
    add     $4, %di
    int     $0x15
    pop     %di
    pop     %bp
    jc      3f                      /* no such call, or past the last */
    cmp     $SMAP, %eax
    jne     3f
    cmpl    $0x100000, %es:4(%di)
    jne     2f
    cmpl    $0, %es:8(%di)
    jne     2f
    cmpl    $1, %es:20(%di)
    jne     2f
    mov     %es:12(%di), %eax
    mov     %es:16(%di), %edx
    shrd    $10, %edx, %eax         /* KiB */
    mov     %eax, MBI_MEM_UPPER
2:  add     $MMAP_ENTRY_SIZE, %di
    addl    $MMAP_ENTRY_SIZE, MBI_MMAP_LENGTH
    test    %ebx, %ebx
    jz      3f
    dec     %bp
    jnz     1b
3:  pop     %ebp
    ret

fail:
    lret                            /* firmware tries the next device */
