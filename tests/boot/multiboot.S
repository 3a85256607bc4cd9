/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A multiboot kernel that says on the first serial port what it was given: its state at entry, the
 * boot information, the command line, the modules' text and the memory map. Then it ends the
 * process through isa-debug-exit at F4h, with 21h (status 67) if all was as the standard wants it.
 *
 * Document: Multiboot Specification 0.6.96, 3.2 "Machine state" and 3.3 "Boot information format".
 *
 * It is an ELF32 file, whose segment takes more memory than the file has bytes for it.
 */
#define MAGIC 0x1badb002
#define FLAGS 0x00000003            /* modules on pages; memory information */
#define BOOTED 0x2badb002

#define MBI_FLAGS 0
#define MBI_MEM_LOWER 4
#define MBI_MEM_UPPER 8
#define MBI_CMDLINE 16
#define MBI_MODS_COUNT 20
#define MBI_MODS_ADDR 24
#define MBI_MMAP_LENGTH 44
#define MBI_MMAP_ADDR 48
#define MBI_LOADER_NAME 64

#define DEBUG_EXIT 0xf4
#define EXIT_GOOD 0x21
#define EXIT_BAD 0x22

    .text
    .code32
    .balign 4
    .long   MAGIC, FLAGS, -(MAGIC + FLAGS)

    .globl  _start
_start:
    mov     %esp, stack_was
    mov     $stack_end, %esp
    mov     %eax, %ebp
    cld

    mov     $text_magic, %esi
    call    put_string
    mov     %ebp, %eax
    call    put_line_hex
    cmp     $BOOTED, %ebp
    jne     bad

    mov     $text_cr0, %esi         /* protected, without paging */
    call    put_string
    mov     %cr0, %eax
    and     $0x80000001, %eax
    call    put_line_hex
    cmp     $1, %eax
    jne     bad

    pushf                           /* interrupts are off */
    pop     %eax
    test    $0x200, %eax
    jnz     bad

    mov     $bss_start, %edi        /* memory that the file does not fill is zero */
    mov     $(bss_end - bss_start), %ecx
    xor     %eax, %eax
    repe scasb
    jne     bad
    cmpl    $0x600dda7a, data_end - 4
    jne     bad

    mov     $text_flags, %esi
    call    put_string
    mov     MBI_FLAGS(%ebx), %eax
    call    put_line_hex
    mov     $text_lower, %esi
    call    put_string
    mov     MBI_MEM_LOWER(%ebx), %eax
    call    put_line_hex
    mov     $text_upper, %esi
    call    put_string
    mov     MBI_MEM_UPPER(%ebx), %eax
    call    put_line_hex

    mov     $text_command, %esi
    call    put_string
    mov     MBI_CMDLINE(%ebx), %esi
    call    put_string
    call    put_newline
    mov     $text_loader, %esi
    call    put_string
    mov     MBI_LOADER_NAME(%ebx), %esi
    call    put_string
    call    put_newline

    /* Modules: string, and the bytes as text. They start on pages. */
    mov     MBI_MODS_COUNT(%ebx), %ebp
    mov     MBI_MODS_ADDR(%ebx), %edi
modules:
    test    %ebp, %ebp
    jz      memory_map
    testl   $0xfff, (%edi)
    jnz     bad
    mov     $text_module, %esi
    call    put_string
    mov     8(%edi), %esi
    call    put_string
    mov     $text_contains, %esi
    call    put_string
    mov     (%edi), %esi
1:  cmp     4(%edi), %esi
    jae     2f
    lodsb
    call    put_char
    jmp     1b
2:  call    put_newline
    add     $16, %edi
    dec     %ebp
    jmp     modules

memory_map:
    mov     MBI_MMAP_ADDR(%ebx), %edi
    mov     MBI_MMAP_LENGTH(%ebx), %ebp
    add     %edi, %ebp
1:  cmp     %ebp, %edi
    jae     good
    mov     $text_range, %esi
    call    put_string
    mov     8(%edi), %eax           /* base, length, kind */
    call    put_hex
    mov     4(%edi), %eax
    call    put_hex
    call    put_space
    mov     16(%edi), %eax
    call    put_hex
    mov     12(%edi), %eax
    call    put_hex
    call    put_space
    mov     20(%edi), %eax
    call    put_line_hex
    add     (%edi), %edi            /* the size does not count its own field */
    add     $4, %edi
    jmp     1b

good:
    mov     $text_done, %esi
    call    put_string
    mov     $EXIT_GOOD, %al
    jmp     end
bad:
    mov     $text_bad, %esi
    call    put_string
    mov     $EXIT_BAD, %al
end:
    mov     $DEBUG_EXIT, %dx
    out     %al, %dx
1:  hlt
    jmp     1b

put_space:
    mov     $' ', %al
    jmp     put_char

#include "../../pc-bios/serial32.inc"

    .section .rodata
text_magic:     .asciz  "multiboot: magic "
text_cr0:       .asciz  "cr0 "
text_flags:     .asciz  "flags "
text_lower:     .asciz  "lower "
text_upper:     .asciz  "upper "
text_command:   .asciz  "command "
text_loader:    .asciz  "loader "
text_module:    .asciz  "module "
text_contains:  .asciz  " contains "
text_range:     .asciz  "range "
text_done:      .asciz  "multiboot: done\n"
text_bad:       .asciz  "multiboot: bad\n"

    .data
stack_was:      .long   0
                .long   0x600dda7a
data_end:

    .bss
    .balign 16
bss_start:
    .skip   8192
bss_end:
    .skip   4096
stack_end:
